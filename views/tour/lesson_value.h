/* What conditions and texts of lessons know: the run that is shown, and where its cursor is. So a
 * text can only claim what the run at hand shows. Pure. */
#ifndef DDIL_LESSON_VALUE_H
#define DDIL_LESSON_VALUE_H

#include "views/model/filter.h"
#include "views/model/session.h"

typedef struct LessonContext {
    const Scene *scene; /* NULL: every name is known, values are empty (to check a file) */
    const char *view;   /* in front */
    int runs;           /* highest run id before the lesson */
    bool go;            /* g was pressed */
} LessonContext;

/* A FilterLookup. Besides filter_run's names of the chosen run:
 *   view, cursor (training step), live, stage, seed, runs (made since the lesson began), go
 *   curve.NAME          a curve's smoothed newest value; curve.NAME.start: of its first ten rows
 *   ratio               own / forward where it is largest, at the cursor's training step
 *   ratio_first, _last  own / forward at the first sampling step and at the last, newest
 *   inherited           share of the final gap there before the last step, of all paths (0..1)
 *   agree               median distance between student and teacher from the same noise, over the
 *                       spread of the teacher's samples
 *   walked              rows of the newest batches from teacher's and student's walks (0..1)
 *   parent.NAME         any of the run's, of the run it was forked from
 * NaN where the run does not show it. */
bool lesson_value(const void *lesson_context, const char *name, FilterValue *value);

/* What a condition still waits for. */
typedef enum LessonLack {
    LACKS_NOTHING,
    LACKS_RUN,  /* the run has to go on */
    LACKS_HAND, /* the learner has to do something */
} LessonLack;
/* `why` says what it is, in a few words. The learner's part comes first. */
LessonLack lesson_lack(const LessonContext *context, const char *condition, char *why, size_t size);
/* Can what is lacking still come about? false: the run is over or gone, or nobody may steer it. */
bool lesson_hopeful(const LessonContext *context, const char *condition);

/* The text with each {NAME} as a number, {NAME%} in per cent. */
void lesson_fill(const LessonContext *context, const char *text, char *filled, size_t size);
/* Are all names in the text's braces known? `why` says which is not. */
bool lesson_fill_check(const char *text, char *why, size_t size);

#endif
