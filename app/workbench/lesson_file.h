/* clang-format off */
/* Lessons as files, so that a teacher writes their own:
 *
 *   [lesson]
 *   title = Why few-step students drift
 *   summary = one line for the list
 *   preset = ring-pd                         ; started when the lesson begins; none: no run is
 *   set = run.steps=6000 shift.every=100     ; changed in it
 *   [step]
 *   look = view runs; go live                ; commands that show what the text speaks of
 *   say = What there is to know. Long texts go on in indented lines.
 *   do = Press 2
 *   until = view=curves and progress>=0.3    ; parts between "and"; none: g goes on
 *   show = view curves; go live              ; as look, of what is seen then
 *   when = curve.loss<curve.loss.start       ; the first case that holds is shown
 *   seen = The loss fell from {curve.loss.start} to {curve.loss}.
 *   seen = The loss has not fallen.          ; a case without when: otherwise
 *   [step]
 *   ...
 * Conditions: views/model/filter.h; what they and the braces know: views/tour/lesson_value.h. */
/* clang-format on */
#ifndef DDIL_LESSON_FILE_H
#define DDIL_LESSON_FILE_H

#include "engine/base/status.h"
#include "views/tour/lesson.h"

/* BAD_INPUT names file, line, what was wrong and what would be right. */
Status lesson_read(const char *path, Lesson *lesson, Error *error);
/* Every *.ini of a folder, by name ("1-diffusion.ini"). *lessons is allocated; the caller
 * frees it. */
Status lessons_read(const char *folder, Lesson **lessons, int *n, Error *error);

#endif
