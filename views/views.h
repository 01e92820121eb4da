/* The views that stand in tabs. */
#ifndef DDIL_VIEWS_H
#define DDIL_VIEWS_H

#include "views/view.h"

extern const View *const views[];
extern const int view_count;
/* Its bit in the key table. */
static inline unsigned view_place(int index) { return 1u << index; }

#endif
