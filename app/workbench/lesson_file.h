/* clang-format off */
/* Lessons as files, so that a teacher writes their own:
 *
 *   [lesson]
 *   title = Why few-step students drift
 *   summary = one line for the list
 *   preset = ring-pd                       ; started when the lesson begins; none: no run
 *   set = run.steps=6000 shift.every=100   ; changed in it
 *   [step]
 *   say = What there is to know. Long texts
 *     go on in indented lines.
 *   do = Press 2
 *   until = view=curves                    ; a condition (views/model/filter.h, lesson.h); none: g goes on
 *   seen = What one sees now.
 *   [step]
 *   ...
 */
/* clang-format on */
#ifndef DDIL_LESSON_FILE_H
#define DDIL_LESSON_FILE_H

#include "engine/base/status.h"
#include "views/model/lesson.h"

/* BAD_INPUT names file, line, what was wrong and what would be right. */
Status lesson_read(const char *path, Lesson *lesson, Error *error);
/* Every *.ini of a folder, by name ("1-diffusion.ini"). *lessons is allocated; the caller
 * frees it. */
Status lessons_read(const char *folder, Lesson **lessons, int *n, Error *error);

#endif
