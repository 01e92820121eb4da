/* The covariate shift as a picture: rows are sampling steps, columns training steps,
 * brightness the size of the shift on a logarithmic scale. */
#ifndef DDIL_HEATMAP_H
#define DDIL_HEATMAP_H

#include "views/draw/chart.h"
#include "views/views.h"

/* One cell of the history under a reference. `value` is what is coloured; `sure`: its
 * interval excludes "no shift" (NaN intervals are never sure). */
typedef struct ShiftCell {
    double value;
    bool sure;
} ShiftCell;
ShiftCell shift_cell(const ShiftView *shift, Reference reference, int column, int row);
/* "own/forward error", ... and the reference in words for the title. */
const char *reference_title(Reference reference);
/* What value means "no shift": the dark end of the scale. */
double reference_floor(Reference reference);
/* Scale of colours over the whole history. */
Scale shift_scale(const ShiftView *shift, Reference reference);
/* 0..RAMP_SIZE-1, or -1 for NaN. */
int shift_level(const Scale *scale, double value);
/* The column measured last at or before `step`; -1: none. */
int shift_column(const ShiftView *shift, long step);

typedef struct HeatSpec {
    const ShiftView *shift;
    Reference reference;
    Axis axis;
    long cursor; /* training step, -1: none */
    int row;     /* sampling step under the cursor */
} HeatSpec;
void heatmap_draw(Canvas *canvas, Rect rect, const HeatSpec *spec);
/* "1 [ramp] 20" ending at column `right`. */
void heatmap_legend(Canvas *canvas, int right, int y, const Scale *scale);
/* A shade for a level: what stands in for colour. */
uint32_t heatmap_rune(int level);

#endif
