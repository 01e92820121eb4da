/* Guided lessons: a strip under the view in front says what to know and what to do; each
 * step waits until the learner has done it, on a real run. Lessons come from files
 * (app/workbench/lesson_file.h). Pure. */
#ifndef DDIL_LESSON_H
#define DDIL_LESSON_H

#include "views/model/filter.h"
#include "views/model/reply.h"
#include "views/model/session.h"

enum { LESSON_STEPS = 16, LESSON_TEXT = 600 };

typedef struct LessonStep {
    char say[LESSON_TEXT]; /* what there is to know */
    char act[200];         /* what to do now */
    char until[200]; /* the condition (views/model/filter.h) that tells it was done; "": g goes
                        on */
    char seen[LESSON_TEXT]; /* what one sees then; stands above the next step */
} LessonStep;

typedef struct Lesson {
    char name[NAME_SIZE]; /* of the file */
    char title[80], summary[160];
    char launch[COMMAND_TEXT_SIZE]; /* as COMMAND_NEW wants it; "": no run is started */
    int steps;
    LessonStep step[LESSON_STEPS];
} Lesson;

/* Where the learner is. */
typedef struct Tour {
    const Lesson *lesson; /* [lessons], borrowed; NULL: no tour */
    int lessons, at;      /* the present lesson */
    int step;             /* of it; lesson.steps: done */
    bool go;              /* g was pressed */
    bool begun;           /* the lesson's run was asked for */
    int runs;             /* highest run id when it began: later ones are the lesson's */
} Tour;

/* Conditions know the chosen run (filter_run) and: view (its name), cursor (training
 * step), live, stage, seed, runs (made since the lesson began), go, gain (the parent's
 * shift over the chosen run's). */
bool lesson_value(const void *lesson_context, const char *name, FilterValue *value);
/* What lesson_value works on. */
typedef struct LessonContext {
    const Tour *tour;
    const Scene *scene; /* NULL: every name is known, values are empty (to check a file) */
    const char *view;
} LessonContext;

/* Moves on where the step's condition holds. */
void lesson_watch(Tour *tour, const Scene *scene, const char *view);
/* The command that starts the present lesson's run, once; REPLY_NONE otherwise. */
Reply lesson_begin(Tour *tour, const Scene *scene);
/* g; another lesson after the last step. */
void lesson_go(Tour *tour);
/* by: +1 the next step or lesson, -1 the step before. */
void lesson_move(Tour *tour, int by);
void lesson_choose(Tour *tour, int lesson);

#endif
