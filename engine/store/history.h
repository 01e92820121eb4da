/* What a run has shown so far, ready to be drawn: curves, the shift matrix, marks, the
 * last evaluation. A live run feeds it as it logs; a run on disk is read back from its
 * logs: the same values, since numbers in logs read back equal. */
#ifndef DDIL_HISTORY_H
#define DDIL_HISTORY_H

#include "engine/engine.h"
#include "engine/measure/eval.h"
#include "engine/measure/shift.h"
#include "engine/store/rows.h"

enum { SMOOTHING_OF_LOSS = 1 };
enum { SHIFT_ROWS_MAX = 64, SHIFT_COLUMNS_MAX = 2048, SHIFT_FIELDS = 10 };

/* What an evaluation stands beside. */
typedef enum Beside { BESIDE_REAL, BESIDE_TEACHER, BESIDES } Beside;
static const char *const BESIDE_WORDS[BESIDES] = {"real", "teacher"};

typedef struct History {
    int terms; /* [0] loss, [1] grad_norm, then the method's and the origins' */
    char name[TERMS_MAX][24];
    Rows *curves;          /* a column a term */
    Rows *times;           /* seconds and network evaluations of training, by step */
    int column[TERMS_MAX]; /* of what follows lr in metrics.csv, from term [2] on */
    long step;             /* of the last row */
    double loss, grad_norm, lr;
    double best; /* lowest smoothed loss; NaN before */

    int rows, columns, room; /* the shift matrix; room: columns there is memory for */
    long *shift_step;        /* [room] */
    double time[SHIFT_ROWS_MAX];
    float *field[SHIFT_FIELDS]; /* [room * rows] each, in the order of ShiftView */

    long again_step;                /* of the last measurement made on more roll-outs; -1: none */
    int again_n;                    /* roll-outs */
    ShiftRow again[SHIFT_ROWS_MAX]; /* of sampling step i at i - 1; i 0: none */

    int marks, marks_room;
    MarkView *mark;
    RunState state; /* the last one logged; RUN_QUEUED when none */
    char note[96];  /* its remark */

    int metrics; /* the last evaluation */
    MetricView metric[EVAL_METRICS_MAX];
    long metrics_step; /* -1: none */
    int metrics_k, metrics_nfe, metrics_n;
    double best_metric; /* the least of all evaluations' frechet, or sw2 where there is none */
    long best_step;
    int beside_n, beside_k; /* samples, 0: none; steps of the teacher */
    int besides[BESIDES];   /* metrics */
    MetricView beside[BESIDES][EVAL_METRICS_MAX];

    int trades; /* the newest of each sampler */
    TradeView trade[TRADES_MAX];

    double steps_per_s, nfe, shift_nfe; /* as last written to times.csv */
    double seconds;                     /* of training up to there, pauses left out */
    long times_step;                    /* of that row */
    char odd[120];                      /* the first row that was passed over, and why; "" */
    double spent[3]; /* network evaluations of teacher, student and critic: the columns nfe_... */
    int spent_column[3];
} History;

/* `names`: what follows lr in metrics.csv. Columns nfe_... do not become series. */
void history_init(History *history, int n, const char *const *names);
void history_done(History *history);
/* The loss smoothed by SMOOTHING[SMOOTHING_OF_LOSS]: what tables show. */
double history_smooth_loss(const History *history);
/* Begins the series anew, with these names behind loss and grad_norm. */
void history_name_terms(History *history, int n, const char *const *names);
/* Only the loss and the norm of the gradient stay; the costs are still counted. */
void history_drop_terms(History *history);
/* values: as many as names. */
void history_metrics(History *history, long step, double loss, double grad_norm, double lr,
                     const double *values);
void history_shift(History *history, long step, int n, const ShiftRow *rows);
/* A row of a measurement made once more, on n roll-outs: own, forward, ratio, low, high. */
void history_again(History *history, long step, int n, const ShiftRow *row);
/* That of sampling step i, where it is the newest measurement that was; else NULL. */
const ShiftRow *history_better(const History *history, int i);
void history_eval(History *history, long step, const EvalReport *report);
void history_beside(History *history, Beside who, const EvalReport *report);
/* In the place of the same sampler's before it; past TRADES_MAX samplers it is left out. */
void history_trade(History *history, const TradeView *trade);
/* "state: done ..." sets the state, anything else is a mark; marks are kept in the order of their
 * steps. */
void history_event(History *history, long step, const char *text);

/* A row of times.csv. */
void history_times(History *history, long step, double steps_per_s, double nfe, double shift_nfe);

/* Reads a folder's logs into an initialised history; metrics.csv decides the names.
 * Missing logs are fine. */
Status history_read(History *history, const char *folder, Error *error);

/* history_read from the ends of the logs, however long they are: the present state and figures of
 * late, no curves. For a list: no evaluation, marks of late; for a report: the last evaluation, and
 * the marks. */
typedef enum HistoryEnds { ENDS_FOR_LIST, ENDS_FOR_REPORT, HISTORY_ENDS } HistoryEnds;
Status history_read_ends(History *history, const char *folder, HistoryEnds ends, Error *error);

/* Logs that grow, read a piece at a time. */
typedef struct Trail Trail;
Trail *trail_new(void);
void trail_free(Trail *trail); /* NULL is fine */
/* Reads on into a history that was initialised together with the trail, some `most` bytes
 * of each log; true: there is more to be read at once. A log that was cut is read anew. */
bool trail_follow(Trail *trail, History *history, const char *folder, size_t most);

/* The newest shift column's largest ratio over i < N (NaN when none); *row gets where. */
double history_worst_shift(const History *history, int *row);

#endif
