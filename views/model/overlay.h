/* Which runs are laid over one another, and how each is told from the others. Pure. */
#ifndef DDIL_LAID_H
#define DDIL_LAID_H

#include "views/draw/chart.h"

/* The chosen run first, then the others marked with `v` that exist. */
typedef struct Laid {
    int n;
    const RunView *run[CHART_LINES_MAX];
    int stroke[CHART_LINES_MAX]; /* a run keeps its own while others come and go */
} Laid;
Laid laid_runs(const Scene *scene);

bool laid_marked(const Session *session, int id);
/* Marks or unmarks a run; false when all places are taken. */
bool laid_toggle(Session *session, int id);
/* A fork is shown over its parent without being asked to. */
void laid_add(Session *session, int id);
/* The run differences are taken to: the one chosen with `b`, else the parent of the
 * chosen run if it is shown, else the first other run shown, else the chosen one. */
const RunView *laid_base(const Scene *scene, const Laid *laid);
/* The training step of a run that is lined up with the cursor, -1: the cursor is live. */
long laid_step(const Scene *scene, const RunView *run);
/* What marking and baselines answer to keys; REPLY_UNKNOWN for another action. */
Reply laid_act(const Scene *scene, Action action);

/* The term of the chosen run that charts show. */
int laid_curve(const Scene *scene);
/* The same quantity of every run that has it; returns how many lines. */
int laid_curves(const Scene *scene, const Laid *laid, ChartLine line[CHART_LINES_MAX]);
/* The number i of the sampling step under the cursor, and every run's shift there. */
int laid_sampling_step(const Scene *scene);
int laid_shift(const Scene *scene, const Laid *laid, ChartLine line[CHART_LINES_MAX]);

/* "loss  ─ 05  ╌ 04", each run in its colour, as the title of a chart. */
void laid_title(Canvas *canvas, Rect *rect, const char *before, const Laid *laid, const char *after,
                const char *right);

#endif
