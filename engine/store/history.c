/* Owns History. May call series, csv and measure's tables; no lab, so that any folder can
 * be looked at. */
#include "engine/store/history.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char STATE_PREFIX[] = "state: ";

static void *regrow(void *block, size_t bytes)
{
    void *more = realloc(block, bytes);
    need(more);
    return more;
}

void history_name_terms(History *history, int n, const char *const *names)
{
    static const char *const SPENT[] = {"nfe_teacher", "nfe_student", "nfe_critic"};
    must(n + 2 <= TERMS_MAX);
    history->terms = 2;
    snprintf(history->name[0], sizeof history->name[0], "loss");
    snprintf(history->name[1], sizeof history->name[1], "grad_norm");
    for (int k = 0; k < 3; k++)
        history->spent_column[k] = -1;
    for (int i = 0; i < n; i++) {
        int k = 0;
        while (k < 3 && strcmp(names[i], SPENT[k]) != 0)
            k++;
        if (k < 3) {
            history->spent_column[k] = i;
            continue;
        }
        history->column[history->terms] = i;
        snprintf(history->name[history->terms++], sizeof history->name[0], "%s", names[i]);
    }
    rows_drop(history->curves);
    history->curves = rows_new(history->terms);
}

void history_drop_terms(History *history)
{
    rows_drop(history->curves);
    history->terms = 2;
    history->curves = rows_new(history->terms);
}

void history_init(History *history, int n, const char *const *names)
{
    *history = (History){.metrics_step = -1,
                         .again_step = -1,
                         .best_metric = NAN,
                         .best_step = -1,
                         .steps_per_s = NAN};
    history->loss = history->grad_norm = history->lr = history->best = NAN;
    history->times = rows_new(2);
    history_name_terms(history, n, names);
}

void history_done(History *history)
{
    rows_drop(history->curves);
    rows_drop(history->times);
    free(history->shift_step);
    for (int f = 0; f < SHIFT_FIELDS; f++)
        free(history->field[f]);
    free(history->mark);
    *history = (History){0};
}

double history_smooth_loss(const History *history)
{
    return rows_smooth(history->curves, 0, SMOOTHING_OF_LOSS);
}

void history_metrics(History *history, long step, double loss, double grad_norm, double lr,
                     const double *values)
{
    if (step < history->step)
        return; /* no log of ours: steps rise */
    history->step = step;
    history->loss = loss;
    history->grad_norm = grad_norm;
    history->lr = lr;
    double row[TERMS_MAX] = {loss, grad_norm};
    for (int i = 2; i < history->terms; i++)
        row[i] = values[history->column[i]];
    for (int k = 0; k < 3; k++)
        if (history->spent_column[k] >= 0)
            history->spent[k] = values[history->spent_column[k]];
    rows_add(history->curves, step, row);
    double smooth = history_smooth_loss(history);
    if (!(history->best <= smooth))
        history->best = smooth;
}

/* ---- Shift ---- */

/* Very long runs keep every second column. */
static void thin_columns(History *history)
{
    int kept = 0;
    size_t rows = (size_t)history->rows;
    for (int c = 0; c < history->columns; c += 2, kept++) {
        history->shift_step[kept] = history->shift_step[c];
        for (int f = 0; f < SHIFT_FIELDS; f++)
            memmove(history->field[f] + (size_t)kept * rows, history->field[f] + (size_t)c * rows,
                    rows * sizeof(float));
    }
    history->columns = kept;
}

static void make_room(History *history)
{
    if (history->columns < history->room)
        return;
    if (history->columns == SHIFT_COLUMNS_MAX) {
        thin_columns(history);
        return;
    }
    history->room = history->room ? 2 * history->room : 64;
    size_t cells = (size_t)history->room * (size_t)history->rows;
    history->shift_step = regrow(history->shift_step, (size_t)history->room * sizeof(long));
    for (int f = 0; f < SHIFT_FIELDS; f++)
        history->field[f] = regrow(history->field[f], cells * sizeof(float));
}

void history_shift(History *history, long step, int n, const ShiftRow *rows)
{
    if (history->rows && history->rows != n)
        return; /* a foreign log */
    if (history->columns && step < history->shift_step[history->columns - 1])
        return;
    history->rows = n;
    make_room(history);
    size_t at = (size_t)history->columns * (size_t)n;
    history->shift_step[history->columns++] = step;
    for (int r = 0; r < n; r++) {
        const ShiftRow *row = &rows[r];
        const double value[SHIFT_FIELDS] = {
            row->own,    row->forward,      row->ratio,          row->low,   row->high, row->mmd2,
            row->null95, row->mmd2_teacher, row->null95_teacher, row->paired};
        history->time[r] = row->time;
        for (int f = 0; f < SHIFT_FIELDS; f++)
            history->field[f][at + (size_t)r] = (float)value[f];
    }
}

void history_again(History *history, long step, int n, const ShiftRow *row)
{
    if (row->i < 1 || row->i > SHIFT_ROWS_MAX || n < 1)
        return; /* a foreign log */
    if (history->again_step != step)
        memset(history->again, 0, sizeof history->again);
    history->again_step = step;
    history->again_n = n;
    history->again[row->i - 1] = *row;
}

const ShiftRow *history_better(const History *history, int i)
{
    bool newest =
        history->columns > 0 && history->shift_step[history->columns - 1] == history->again_step;
    return newest && history->again[i - 1].i == i ? &history->again[i - 1] : NULL;
}

/* The newest ratio of row r. */
static double newest_ratio(const History *history, int r)
{
    const ShiftRow *better = history_better(history, history->rows - r);
    size_t at = (size_t)(history->columns - 1) * (size_t)history->rows + (size_t)r;
    return (double)(better ? (float)better->ratio : history->field[2][at]);
}

double history_worst_shift(const History *history, int *row)
{
    double worst = NAN;
    *row = 0;
    for (int r = history->rows > 1; history->columns && r < history->rows; r++) {
        double ratio = newest_ratio(history, r);
        if (isnan(worst) || ratio > worst) {
            worst = ratio;
            *row = r;
        }
    }
    return worst;
}

/* ---- Evaluation, events ---- */

static int take_metrics(MetricView *view, const EvalReport *report)
{
    for (int i = 0; i < report->metrics; i++) {
        const Metric *metric = &report->metric[i];
        view[i] = (MetricView){.value = metric->value, .low = metric->low, .high = metric->high};
        snprintf(view[i].name, sizeof view[i].name, "%s", metric->name);
    }
    return report->metrics;
}

static double judged_value(const EvalReport *report)
{
    double value = NAN;
    for (int i = 0; i < report->metrics; i++)
        if (strcmp(report->metric[i].name, "frechet") == 0 ||
            (isnan(value) && strcmp(report->metric[i].name, "sw2") == 0))
            value = report->metric[i].value;
    return value;
}

void history_eval(History *history, long step, const EvalReport *report)
{
    double value = judged_value(report);
    history->metrics_step = step;
    history->metrics_k = report->k;
    history->metrics_nfe = report->nfe;
    history->metrics_n = report->n;
    history->metrics = take_metrics(history->metric, report);
    if (value < history->best_metric || isnan(history->best_metric)) {
        history->best_metric = value;
        history->best_step = step;
    }
}

void history_beside(History *history, Beside who, const EvalReport *report)
{
    history->besides[who] = take_metrics(history->beside[who], report);
    history->beside_n = report->n > 0 ? report->n : history->beside_n;
    if (who == BESIDE_TEACHER)
        history->beside_k = report->k;
}

static bool same_sampler(const TradeView *a, const TradeView *b)
{
    return a->teacher == b->teacher && a->k == b->k && fabs(a->guidance - b->guidance) < 1e-9;
}

void history_trade(History *history, const TradeView *trade)
{
    int at = 0;
    while (at < history->trades && !same_sampler(&history->trade[at], trade))
        at++;
    if (at == TRADES_MAX)
        return;
    history->trade[at] = *trade;
    history->trades += at == history->trades;
}

/* "state: failed: why" -> the state and its remark. */
static void read_state(History *history, const char *text)
{
    for (int i = 0; i < RUN_STATES; i++) {
        size_t length = strlen(RUN_STATE_WORDS[i]);
        if (strncmp(text, RUN_STATE_WORDS[i], length) != 0)
            continue;
        history->state = (RunState)i;
        const char *remark = text + length + strspn(text + length, ": ");
        snprintf(history->note, sizeof history->note, "%s", remark);
    }
}

void history_event(History *history, long step, const char *text)
{
    if (strncmp(text, STATE_PREFIX, strlen(STATE_PREFIX)) == 0) {
        read_state(history, text + strlen(STATE_PREFIX));
        return;
    }
    if (history->marks == history->marks_room) {
        history->marks_room = history->marks_room ? 2 * history->marks_room : 16;
        history->mark = regrow(history->mark, (size_t)history->marks_room * sizeof(MarkView));
    }
    int at = history->marks++;
    for (; at > 0 && history->mark[at - 1].step > step; at--) /* a note may be about the past */
        history->mark[at] = history->mark[at - 1];
    history->mark[at].step = step;
    snprintf(history->mark[at].text, sizeof history->mark[at].text, "%s", text);
}

/* Time is what the steps took at the speed measured over them: clocks would count pauses
 * too. */
void history_times(History *history, long step, double steps_per_s, double nfe, double shift_nfe)
{
    long steps = step - history->times_step;
    if (steps > 0 && steps_per_s > 0)
        history->seconds += (double)steps / steps_per_s;
    history->times_step = step;
    history->steps_per_s = steps_per_s;
    history->nfe = nfe;
    history->shift_nfe = shift_nfe;
    rows_add(history->times, step, (const double[]){history->seconds, nfe - shift_nfe});
}
