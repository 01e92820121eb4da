/* The covariate-shift history under a measure: values, scale, columns. Pure. */
#ifndef DDIL_SHIFT_VIEW_H
#define DDIL_SHIFT_VIEW_H

#include "views/model/scale.h"
#include "views/model/session.h"

/* One cell of the history under a reference. `value` is what is coloured; `sure`: its
 * interval excludes "no shift" (NaN intervals are never sure). */
typedef struct ShiftCell {
    double value;
    bool sure;
} ShiftCell;
ShiftCell shift_cell(const ShiftView *shift, Reference reference, int column, int row);
/* "own/forward error", ... and the reference in words for the title. */
const char *reference_title(Reference reference);
/* As logs and reports call it: "shift" alone is own/forward, in lists too. */
const char *reference_name(Reference reference);
/* What value means "no shift": the dark end of the scale. */
double reference_floor(Reference reference);
/* Scale of colours over the whole history. */
Scale shift_scale(const ShiftView *shift, Reference reference);
/* The column measured last at or before `step`; -1: none. */
int shift_column(const ShiftView *shift, long step);

#endif
