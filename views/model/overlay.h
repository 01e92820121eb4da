/* Which runs are laid over one another, and how each is told from the others. Pure. */
#ifndef DDIL_OVERLAY_H
#define DDIL_OVERLAY_H

#include "views/model/line.h"
#include "views/model/reply.h"

/* The chosen run first, then the others marked with `v` that learn the same data set. */
typedef struct Overlay {
    int n;
    const RunView *run[CHART_LINES_MAX];
    Group group[CHART_LINES_MAX]; /* what stands for the run; n = 0: itself. Lines point into it */
    int stroke[CHART_LINES_MAX];  /* a run keeps its own while others come and go */
} Overlay;
Overlay overlay_runs(const Scene *scene);

bool overlay_marked(const Session *session, int id);
/* Marks or unmarks a run; false when all places are taken. */
bool overlay_toggle(Session *session, int id);
/* A fork is shown over its parent without being asked to. */
void overlay_add(Session *session, int id);
/* The run differences are taken to: the one chosen with `b`, else the parent of the
 * chosen run if it is shown, else the first other run shown, else the chosen one. */
const RunView *overlay_base(const Scene *scene, const Overlay *overlay);
/* The training step of a run that is lined up with the cursor, -1: the cursor is live. */
long overlay_step(const Scene *scene, const RunView *run);
/* The frontier of what stands at a place of the overlay, a group's over its seeds. How many
 * samplers. */
int overlay_trades(const Overlay *overlay, int i, TradeView trade[TRADES_MAX]);
/* What marking and baselines answer to keys; REPLY_UNKNOWN for another action. */
Reply overlay_act(const Scene *scene, Action action);

/* The term of the chosen run that charts show. */
int overlay_curve(const Scene *scene);
/* That term of every run that has it; returns how many lines. */
int overlay_curves(const Scene *scene, const Overlay *overlay, ChartLine line[CHART_LINES_MAX]);
/* What the chosen run's line was before the run began: its parent's, unless that is drawn anyway.
 * false: nothing. */
bool overlay_before(const Scene *scene, const Overlay *overlay, const ChartLine *line,
                    LineSource *before);
/* The number i of the sampling step under the cursor, and every run's shift there. */
int overlay_sampling_step(const Scene *scene);
int overlay_shift(const Scene *scene, const Overlay *overlay, ChartLine line[CHART_LINES_MAX]);

#endif
