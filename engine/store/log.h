/* The logs of a run: metrics, shift and eval hold only what the run determines; events
 * and times hold clocks. Every row is flushed as it is written. */
#ifndef DDIL_LOG_H
#define DDIL_LOG_H

#include "engine/diffusion/threshold.h"
#include "engine/measure/eval.h"
#include "engine/measure/shift.h"
#include <stdio.h>

enum { LOG_METRICS, LOG_SHIFT, LOG_EVAL, LOG_THRESHOLD, LOG_EVENTS, LOG_TIMES, LOGS };

typedef struct Log {
    FILE *file[LOGS];
    char folder[1024];
} Log;

/* Opens for appending, with headers where a file is new. `names`: what follows lr in
 * metrics.csv. BAD_INPUT when a file holds other columns. */
Status log_open(Log *log, const char *folder, int n, const char *const *names, Error *error);
void log_close(Log *log);
/* Rows are on the disk. */
Status log_sync(Log *log, Error *error);
/* Rows are on the disk and no descriptor is held, until the next row. */
Status log_rest(Log *log, Error *error);

/* FAILED (no room, ...): the file may end in part of a row, which the next log_cut
 * removes. */
Status log_metrics(Log *log, long step, double loss, double grad_norm, double lr, int n,
                   const double *values, Error *error);
Status log_shift(Log *log, long step, int n, const ShiftRow *rows, Error *error);
/* What thresholding did since the last such rows: one for each site and sampling step that did
 * anything, the first of a run with a header before it. now, then: of five sites, in the order of
 * SITE_LETTERS. */
Status log_threshold(Log *log, long step, int steps, const Clipped *now, const Clipped *then,
                     Error *error);
Status log_eval(Log *log, long step, const EvalReport *report, Error *error);
Status log_event(Log *log, long step, const char *text, Error *error);
Status log_times(Log *log, long step, double steps_per_s, double nfe, double shift_nfe,
                 Error *error);

/* One event into the folder of a run that is not open. */
Status log_event_in(const char *folder, long step, const char *text, Error *error);

/* Cuts rows past a checkpoint: the last step to keep in metrics (and times), shift (and threshold),
 * eval.
 */
Status log_cut(const char *folder, long metrics, long shift, long eval, Error *error);

#endif
