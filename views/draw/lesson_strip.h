/* The strip of a lesson: what to know and what to do, under the view in front. */
#ifndef DDIL_LESSON_STRIP_H
#define DDIL_LESSON_STRIP_H

#include "views/draw/canvas.h"
#include "views/model/lesson.h"

/* Rows the strip wants of a body so high. */
int lesson_rows(const Tour *tour, Rect body);
void lesson_draw(const Tour *tour, Canvas *canvas, Rect strip);

#endif
