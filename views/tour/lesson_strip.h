/* The strip of a lesson: what to know and what to do, under the view in front. */
#ifndef DDIL_LESSON_STRIP_H
#define DDIL_LESSON_STRIP_H

#include "views/draw/canvas.h"
#include "views/tour/lesson.h"

/* Rows the strip wants of a body so high: enough for each text of the lesson, so that nothing moves
 * from one to the next; the view above keeps a few. */
int lesson_rows(const Tour *tour, const LessonContext *context, Rect body);
void lesson_draw(const Tour *tour, const LessonContext *context, Canvas *canvas, Rect strip);

#endif
