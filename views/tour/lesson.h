/* Guided lessons: a strip under the view in front says what to know and what to do on a real run,
 * and what is seen when it is done. Lessons come from files (app/workbench/lesson_file.h).
 *
 * Each step has two texts. The first says what to know and what to do; it stays until that is done
 * and it could be read, or until g. The second says what is seen; it stays until g. The lesson's
 * runs train only while a step waits for them: they pause while a text is unread and while the
 * learner has something to do. Pure: the clock is handed in. */
#ifndef DDIL_LESSON_H
#define DDIL_LESSON_H

#include "views/model/reply.h"
#include "views/tour/lesson_value.h"

enum { LESSON_STEPS = 16, LESSON_TEXT = 600, LESSON_CASES = 5, LESSON_LINE = 200, LESSON_HELD = 8 };

/* What is seen, if it is so. */
typedef struct LessonCase {
    char when[LESSON_LINE]; /* a condition; "": always */
    char text[LESSON_TEXT]; /* lesson_fill */
} LessonCase;

typedef struct LessonStep {
    char say[LESSON_TEXT];   /* what there is to know */
    char act[LESSON_LINE];   /* what to do now */
    char look[LESSON_LINE];  /* commands between ';' that show what `say` speaks of */
    char until[LESSON_LINE]; /* the condition that tells it was done: parts between "and"; "": g */
    char show[LESSON_LINE];  /* as look, of what is seen */
    int cases;
    LessonCase seen[LESSON_CASES]; /* the first that holds */
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
    bool seen;            /* the second text of the step */
    bool shown;           /* its commands were handed out */
    bool read;            /* long enough, or g */
    int farthest;         /* of twice the step, and one for its second text: before it g goes on */
    bool go;              /* g was pressed */
    double since;         /* when the text came up, 0: at the next tick */
    bool begun;           /* the lesson's run was asked for */
    int runs;             /* highest run id when it began: later ones are the lesson's */
    int helds, held[LESSON_HELD]; /* runs told to pause */
} Tour;

/* What the text is filled from. */
LessonContext lesson_context(const Tour *tour, const Scene *scene, const char *view);
/* Moves on where the step's condition holds and its text was read. */
void lesson_watch(Tour *tour, const LessonContext *context);
/* The commands that show what a new text speaks of, once; NULL: none are due. */
const char *lesson_look(Tour *tour);
/* The lesson's run, or the newest of its forks (RunView.id); 0: there is none yet. */
int lesson_run(const Tour *tour, const Snapshot *snapshot);
/* What the lesson wants sent: its run begun, paused, going on; REPLY_NONE: nothing. Ask again after
 * each drawing. */
Reply lesson_want(Tour *tour, const LessonContext *context);

/* Time passes; true: draw again. */
bool lesson_tick(Tour *tour, const LessonContext *context, double now);
/* Seconds until lesson_tick has something to do, negative: nothing to wait for. */
double lesson_due(const Tour *tour, const LessonContext *context, double now);
/* Seconds a text takes to read, at 150 words a minute. */
double lesson_seconds(const char *text);

/* g. `why` says why it does not go on, "" where it does. */
void lesson_go(Tour *tour, const LessonContext *context, char *why, size_t size);
/* by: +1 the next step or lesson, -1 the text before. */
void lesson_move(Tour *tour, int by);
void lesson_choose(Tour *tour, int lesson);

/* The texts that stand there: what to know or what is seen, and what to do ("" in the second text).
 */
typedef struct LessonWords {
    char say[LESSON_TEXT], act[LESSON_TEXT];
} LessonWords;
void lesson_words(const Tour *tour, const LessonContext *context, LessonWords *words);
/* What the learner can do now, in a few words for the strip's title. */
const char *lesson_hint(const Tour *tour, const LessonContext *context);

#endif
