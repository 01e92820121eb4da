/* Sheets of samples: image tiles grouped by class, points over their law. */
#ifndef DDIL_SAMPLE_SHEET_H
#define DDIL_SAMPLE_SHEET_H

#include "views/draw/canvas.h"
#include "views/model/samples.h"

/* A sheet of all samples. */
void samples_sheet(Canvas *canvas, Rect rect, const SamplesSpec *spec);

#endif
