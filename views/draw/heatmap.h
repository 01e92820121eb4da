/* The covariate shift as a picture: rows are sampling steps, columns training steps,
 * brightness the size of the shift on a logarithmic scale. */
#ifndef DDIL_HEATMAP_H
#define DDIL_HEATMAP_H

#include "views/draw/canvas.h"
#include "views/model/axis.h"
#include "views/model/shift.h"

/* 0..RAMP_SIZE-1, or -1 for NaN. */
int shift_level(const Scale *scale, double value);

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
