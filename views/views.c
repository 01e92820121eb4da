/* Owns the order of the tabs. */
#include "views/views.h"

const View *const views[] = {&view_runs,  &view_curves, &view_samples,
                             &view_paths, &view_tweak,  &view_compare};
const int view_count = sizeof views / sizeof *views;
