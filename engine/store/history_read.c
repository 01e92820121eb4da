/* Owns the reading of logs into a History: whole, their ends only, or as they grow. One
 * table says how a log's rows enter; numbers in logs read back equal, so a history that was
 * read is the one that was written. */
#include "engine/base/file.h"
#include "engine/store/csv.h"
#include "engine/store/history.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { METRICS_FIXED = 4 }; /* step, loss, grad_norm, lr */

/* Notes the first row that is passed over. */
static void find_odd(History *history, const char *format, ...)
{
    va_list list;
    if (history->odd[0])
        return;
    va_start(list, format);
    vsnprintf(history->odd, sizeof history->odd, format, list);
    va_end(list);
}

static void metrics_header(History *history, const CsvReader *reader)
{
    int n = reader->columns - METRICS_FIXED;
    if (n + 2 > TERMS_MAX) {
        find_odd(history, "metrics.csv: it has more metrics than the first %d, which are shown",
                 TERMS_MAX - 2);
        n = TERMS_MAX - 2;
    }
    if (n >= 0)
        history_name_terms(history, n, (const char *const *)reader->name + METRICS_FIXED);
}

static void metrics_row(History *history, const CsvReader *reader, long step, void *state)
{
    double values[TERMS_MAX];
    (void)state;
    if (step <= history->step && rows_series(history->curves, 0).n) {
        find_odd(history, "metrics.csv: step %ld follows step %ld: passed over", step,
                 history->step);
        return; /* an external run's log may go back: what came first stands */
    }
    for (int i = 0; i < reader->columns - METRICS_FIXED && i < TERMS_MAX; i++)
        values[i] = csv_real(reader, METRICS_FIXED + i);
    history_metrics(history, step, csv_real(reader, 1), csv_real(reader, 2), csv_real(reader, 3),
                    values);
}

/* A measurement being collected. */
typedef struct Column {
    int n;
    bool begun; /* this measurement, or one before it, from its first row on */
    long step;
    ShiftRow rows[SHIFT_ROWS_MAX];
} Column;

static void shift_row(History *history, const CsvReader *reader, long step, void *state)
{
    Column *column = state;
    if (column->n == SHIFT_ROWS_MAX || column->step != step)
        column->n = 0;
    column->step = step;
    column->rows[column->n++] = (ShiftRow){.i = csv_int(reader, 1),
                                           .time = csv_real(reader, 2),
                                           .own = csv_real(reader, 3),
                                           .forward = csv_real(reader, 4),
                                           .ratio = csv_real(reader, 5),
                                           .low = csv_real(reader, 6),
                                           .high = csv_real(reader, 7),
                                           .mmd2 = csv_real(reader, 8),
                                           .null95 = csv_real(reader, 9),
                                           .mmd2_teacher = csv_real(reader, 10),
                                           .null95_teacher = csv_real(reader, 12),
                                           .paired = csv_real(reader, 11)};
    if (column->rows[column->n - 1].i != 1)
        return;
    if (column->begun || !reader->cut)
        history_shift(history, step, column->n, column->rows);
    column->begun = true;
    column->n = 0;
}

enum { EVAL_FIXED = 4 }; /* step, k, nfe, n; step, who, k, n */

static void read_metrics(const CsvReader *reader, EvalReport *report)
{
    for (int c = EVAL_FIXED; c + 2 < reader->columns && report->metrics < EVAL_METRICS_MAX; c += 3)
        report->metric[report->metrics++] = (Metric){.name = reader->name[c],
                                                     .value = csv_real(reader, c),
                                                     .low = csv_real(reader, c + 1),
                                                     .high = csv_real(reader, c + 2)};
}

static void eval_row(History *history, const CsvReader *reader, long step, void *state)
{
    EvalReport report = {
        .k = csv_int(reader, 1), .nfe = csv_int(reader, 2), .n = csv_int(reader, 3)};
    (void)state;
    read_metrics(reader, &report);
    history_eval(history, step, &report);
}

static void beside_row(History *history, const CsvReader *reader, long step, void *state)
{
    EvalReport report = {.k = csv_int(reader, 2), .n = csv_int(reader, 3)};
    (void)step, (void)state;
    read_metrics(reader, &report);
    for (int who = 0; who < BESIDES; who++)
        if (reader->columns > EVAL_FIXED && strcmp(reader->cell[1], BESIDE_WORDS[who]) == 0)
            history_beside(history, (Beside)who, &report);
}

/* step, n, i, own, forward, ratio, low, high */
static void again_row(History *history, const CsvReader *reader, long step, void *state)
{
    ShiftRow row = {.i = csv_int(reader, 2),
                    .own = csv_real(reader, 3),
                    .forward = csv_real(reader, 4),
                    .ratio = csv_real(reader, 5),
                    .low = csv_real(reader, 6),
                    .high = csv_real(reader, 7)};
    (void)state;
    history_again(history, step, csv_int(reader, 1), &row);
}

static void trade_row(History *history, const CsvReader *reader, long step, void *state)
{
    enum { COLUMNS = 13 };
    (void)state;
    if (reader->columns < COLUMNS)
        return;
    TradeView trade = {.teacher = strcmp(reader->cell[1], "teacher") == 0,
                       .k = csv_int(reader, 2),
                       .guidance = csv_real(reader, 3),
                       .nfe = csv_int(reader, 4),
                       .n = csv_int(reader, 5),
                       .step = step,
                       .quality = csv_real(reader, 7),
                       .quality_low = csv_real(reader, 8),
                       .quality_high = csv_real(reader, 9),
                       .diversity = csv_real(reader, 10),
                       .diversity_low = csv_real(reader, 11),
                       .diversity_high = csv_real(reader, 12)};
    bool sw2 = strcmp(reader->cell[6], "sw2") == 0;
    if (!isfinite(trade.guidance) || trade.k < 1 || (!sw2 && strcmp(reader->cell[6], "frechet")))
        return;
    strcpy(trade.quality_name, sw2 ? "sw2" : "frechet");
    history_trade(history, &trade);
}

static void event_row(History *history, const CsvReader *reader, long step, void *state)
{
    (void)state;
    if (reader->columns > 2)
        history_event(history, step, reader->cell[2]);
}

static void times_row(History *history, const CsvReader *reader, long step, void *state)
{
    (void)state;
    history_times(history, step, csv_real(reader, csv_column(reader, "steps_per_s")),
                  csv_real(reader, csv_column(reader, "nfe")),
                  csv_real(reader, csv_column(reader, "shift_nfe")));
}

/* Read where it is asked for (external.h); here only what is wrong in it is found. */
static void other_row(History *history, const CsvReader *reader, long step, void *state)
{
    (void)history, (void)reader, (void)step, (void)state;
}

/* ---- Logs ---- */

typedef struct LogRow {
    const char *file;
    void (*header)(History *history, const CsvReader *reader); /* or NULL */
    void (*row)(History *history, const CsvReader *reader, long step, void *state);
    size_t end[HISTORY_ENDS]; /* bytes whose rows tell the present state; 0: none of it */
} LogRow;

/* The loss is smoothed over what the end holds: some hundreds of rows. Two measurements of the
 * shift fit, one of them whole. */
static const LogRow LOGS_READ[] = {
    {"metrics.csv", metrics_header, metrics_row, {1 << 16, 1 << 17}},
    {"shift.csv", NULL, shift_row, {20480, 1 << 15}},
    {"eval.csv", NULL, eval_row, {0, 1 << 16}},
    {"beside.csv", NULL, beside_row, {0, 1 << 16}},
    {"rollouts.csv", NULL, again_row, {8192, 8192}},
    {"frontier.csv", NULL, trade_row, {0, 1 << 16}},
    {"events.csv", NULL, event_row, {4096, 1 << 20}},
    {"times.csv", NULL, times_row, {1024, 1024}},
    {"checkpoints.csv", NULL, other_row, {0, 0}},
};
enum { LOG_COUNT = sizeof LOGS_READ / sizeof *LOGS_READ };

static void read_rows(History *history, CsvReader *reader, const LogRow *log, Column *column)
{
    long step;
    while (csv_next(reader))
        if (csv_step(reader, &step))
            log->row(history, reader, step, column);
        else
            find_odd(history, "%s: a row begins with no step: passed over", log->file);
    if (reader->odd)
        find_odd(history, "%s: a row of %d cells, the header has %d: passed over", log->file,
                 reader->odd, reader->columns);
}

static Status read_end(History *history, const char *path, const LogRow *log, size_t most,
                       Error *error)
{
    Column column = {0};
    CsvReader reader;
    Status status = csv_open_end(&reader, path, most, error);
    if (status)
        return status;
    if (log->header) {
        log->header(history, &reader);
        history_drop_terms(history);
    }
    read_rows(history, &reader, log, &column);
    csv_close(&reader);
    return STATUS_OK;
}

Status history_read_ends(History *history, const char *folder, HistoryEnds ends, Error *error)
{
    char path[PATH_SIZE];
    Status status = STATUS_OK;
    for (int i = 0; i < LOG_COUNT && !status; i++) {
        const LogRow *log = &LOGS_READ[i];
        if (log->end[ends])
            status =
                read_end(history, file_join(path, folder, log->file), log, log->end[ends], error);
    }
    return status;
}

/* ---- Logs that grow ---- */

struct Trail {
    CsvTail tail[LOG_COUNT];
    Column column; /* a measurement of which some rows are still to come */
};

Trail *trail_new(void)
{
    Trail *trail = calloc(1, sizeof *trail);
    need(trail);
    return trail;
}

static void rewind_trail(Trail *trail)
{
    for (int i = 0; i < LOG_COUNT; i++)
        csv_tail_close(&trail->tail[i]);
    *trail = (Trail){0};
}

void trail_free(Trail *trail)
{
    if (!trail)
        return;
    rewind_trail(trail);
    free(trail);
}

static TailPulse follow_log(Trail *trail, History *history, const char *folder, int i, size_t most)
{
    const LogRow *log = &LOGS_READ[i];
    CsvTail *tail = &trail->tail[i];
    char path[PATH_SIZE];
    bool first = !tail->header;
    TailPulse pulse = csv_tail_next(tail, file_join(path, folder, log->file), most);
    if (pulse != TAIL_ROWS)
        return pulse;
    if (first && log->header)
        log->header(history, &tail->reader);
    read_rows(history, &tail->reader, log, &trail->column);
    return pulse;
}

bool trail_follow(Trail *trail, History *history, const char *folder, size_t most)
{
    bool more = false, other = false;
    for (int i = 0; i < LOG_COUNT && !other; i++) {
        size_t before = trail->tail[i].offset;
        TailPulse pulse = follow_log(trail, history, folder, i, most);
        more = more || (pulse == TAIL_ROWS && trail->tail[i].offset - before > most / 2);
        other = pulse == TAIL_OTHER;
    }
    if (other) {
        rewind_trail(trail);
        history_done(history);
        history_init(history, 0, NULL);
    }
    return more || other;
}

/* ---- At once ---- */

enum { PIECE = 1 << 20 };

/* A log that is there and cannot be read is named. */
static Status check_logs(const char *folder, Error *error)
{
    char path[PATH_SIZE];
    for (int i = 0; i < LOG_COUNT; i++) {
        file_join(path, folder, LOGS_READ[i].file);
        if (access(path, R_OK) != 0 && errno != ENOENT)
            return fail(error, status_of(errno), "cannot read %s: %s", path, strerror(errno));
    }
    return STATUS_OK;
}

Status history_read(History *history, const char *folder, Error *error)
{
    Status status = check_logs(folder, error);
    if (status)
        return status;
    Trail *trail = trail_new();
    while (trail_follow(trail, history, folder, PIECE))
        continue;
    trail_free(trail);
    return STATUS_OK;
}
