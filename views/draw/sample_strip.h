/* One sample on its way through the sampler. */
#ifndef DDIL_SAMPLE_STRIP_H
#define DDIL_SAMPLE_STRIP_H

#include "views/draw/canvas.h"
#include "views/model/samples.h"

/* The spec's seed and source, a panel a stage, the spec's stage marked; with a title. */
void samples_strip(Canvas *canvas, Rect rect, const SamplesSpec *spec);
/* One seed through the stages, the student's above the teacher's. */
void samples_seed(Canvas *canvas, Rect rect, const SamplesView *samples, int stage, int seed);

#endif
