/* Sample sheets as PNG: pictures in a grid, points as a scatter over the reference. */
#ifndef DDIL_SHEET_PNG_H
#define DDIL_SHEET_PNG_H

#include "engine/engine.h"

/* The finished samples of the student (only the last stage of `student` is read; the
 * teacher's are not). Atomic. */
Status sheet_save(const SamplesView *samples, const char *path, Error *error);
#endif
