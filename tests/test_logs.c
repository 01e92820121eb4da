/* Series, CSV files, and the history read back from them. */
#include "engine/run/csv.h"
#include "engine/run/history.h"
#include "engine/run/log.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <float.h>
#include <stdlib.h>
#include <string.h>

static int enter(void **state)
{
    char *folder = malloc(PATH_SIZE);
    folder_new(folder);
    *state = folder;
    return 0;
}

static int leave(void **state)
{
    folder_gone(*state);
    free(*state);
    return 0;
}

/* ---- Series ----------------------------------------------------------------------- */

static double wave(long step)
{
    return 3 + sin(0.01 * (double)step) + (step % 7) * 0.1;
}

/* However long the run: each spike is still the maximum of the bucket that covers its
 * step. */
static void test_no_spike_is_lost(void **state)
{
    static const long SPIKES[] = {5, 1235, 31110, 99995};
    static Growing growing;
    (void)state;
    series_init(&growing);
    for (long step = 5; step <= 100000; step += 5) {
        double value = wave(step);
        for (int k = 0; k < 4; k++)
            value = step == SPIKES[k] ? 100 + k : value;
        series_add(&growing, step, value);
    }
    const Series *series = &growing.series;
    assert_int_equal(series->stride, 256);
    assert_int_equal(series->n, 100000 / 256 + 1);
    for (int k = 0; k < 4; k++)
        assert_near(series->max[SPIKES[k] / series->stride], 100 + k, 0);
}

/* Against a naive twin that keeps everything. */
static void test_buckets_are_min_max_last(void **state)
{
    enum { STEPS = 3000 };
    static Growing growing;
    (void)state;
    series_init(&growing);
    for (long step = 1; step <= STEPS; step++)
        series_add(&growing, step, wave(step));
    const Series *series = &growing.series;
    assert_int_equal(series->stride, 8);
    for (int b = 0; b < series->n; b++) {
        double low = INFINITY, high = -INFINITY, last = 0;
        for (long step = b * 8; step < (b + 1) * 8 && step <= STEPS; step++) {
            if (step == 0)
                continue;
            low = fmin(low, (double)(float)wave(step));
            high = fmax(high, (double)(float)wave(step));
            last = (double)(float)wave(step);
        }
        assert_near(series->min[b], low, 0);
        assert_near(series->max[b], high, 0);
        assert_near(series->last[b], last, 0);
    }
    for (int b = series->n; b < SERIES_BUCKETS; b++)
        assert_true(isnan(series->min[b]) && isnan(series->smooth[b]));
}

static void test_the_smooth_line_is_a_debiased_mean(void **state)
{
    static Growing growing;
    double sum = 0, weight = 0;
    (void)state;
    series_init(&growing);
    assert_true(isnan(series_smooth(&growing)));
    for (long step = 1; step <= 400; step++) {
        double value = wave(step);
        sum = 0.98 * sum + value;
        weight = 0.98 * weight + 1;
        series_add(&growing, step, value);
        series_add(&growing, step, NAN); /* leaves no trace */
        assert_near(series_smooth(&growing), sum / weight, 1e-12);
    }
    assert_near(growing.series.smooth[400], sum / weight, 1e-6);
}

static void test_sparse_series_keep_their_gaps(void **state)
{
    static Growing growing;
    (void)state;
    series_init(&growing);
    series_add(&growing, 0, 1);
    series_add(&growing, 600, 2);
    assert_int_equal(growing.series.stride, 2);
    assert_near(growing.series.last[0], 1, 0);
    assert_true(isnan(growing.series.last[150]));
    assert_near(growing.series.last[300], 2, 0);
    series_add(&growing, 1000000, INFINITY);
    assert_near(growing.series.max[0], 2, 0);
    assert_true(isinf(growing.series.max[growing.series.n - 1]));
}

/* ---- CSV -------------------------------------------------------------------------- */

static void test_numbers_read_back_equal(void **state)
{
    const double VALUES[] = {
        0,       -0.0,   1.0 / 3, 0.1, 1e300,           DBL_MIN,      DBL_TRUE_MIN,
        DBL_MAX, -1e-17, 123456,  1e6, (double)FLT_MAX, (double)0.1f, 2.0 / 3e10};
    (void)state;
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        char text[32];
        double back = strtod(csv_number(text, VALUES[i]), NULL);
        assert_memory_equal(&back, &VALUES[i], sizeof back);
    }
    char text[32];
    assert_string_equal(csv_number(text, NAN), "nan");
    assert_string_equal(csv_number(text, INFINITY), "inf");
    assert_string_equal(csv_number(text, 0.25), "0.25");
}

static void write_text(const char *folder, const char *name, const char *text,
                       char path[PATH_SIZE])
{
    Error error = {{0}};
    assert_int_equal(
        file_write(file_join(path, folder, name), text, strlen(text), &error), STATUS_OK);
}

static void test_rows_are_read(void **state)
{
    char path[PATH_SIZE];
    CsvReader reader;
    Error error = {{0}};
    write_text(
        *state, "a.csv",
        "step,x,text\n1,0.5,plain\n2,nan,\"a, \"\"b\"\"\"\n3,1\n4,oops,z\n5,6,half",
        path);
    assert_int_equal(csv_open(&reader, path, &error), STATUS_OK);
    assert_int_equal(reader.columns, 3);
    assert_int_equal(csv_column(&reader, "text"), 2);
    assert_int_equal(csv_column(&reader, "nothing"), -1);
    assert_true(csv_next(&reader));
    assert_near(csv_real(&reader, 1), 0.5, 0);
    assert_string_equal(reader.cell[2], "plain");
    assert_true(csv_next(&reader));
    assert_true(isnan(csv_real(&reader, 1)));
    assert_string_equal(reader.cell[2], "a, \"b\"");
    assert_true(csv_next(&reader)); /* the short row is passed over */
    assert_near(csv_real(&reader, 0), 4, 0);
    assert_true(isnan(csv_real(&reader, 1)));
    assert_false(csv_next(&reader)); /* no newline: not a row */
    csv_close(&reader);
    assert_int_equal(csv_open(&reader, "nowhere.csv", &error), STATUS_OK);
    assert_false(csv_next(&reader));
    csv_close(&reader);
}

static void test_rows_past_a_step_are_cut(void **state)
{
    static const struct {
        const char *before;
        long last;
        const char *after;
    } CASES[] = {
        {"step,x\n1,2\n5,3\n9,4\n", 5,  "step,x\n1,2\n5,3\n"},
        {"step,x\n1,2\n5,3\n9,",    9,  "step,x\n1,2\n5,3\n"},
        {"step,x\n1,2\n",           -1, "step,x\n"          },
        {"step,x\n",                4,  "step,x\n"          },
        {"ste",                     4,  ""                  },
        {"",                        4,  ""                  },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char path[PATH_SIZE];
        Error error = {{0}};
        write_text(*state, "a.csv", CASES[i].before, path);
        assert_int_equal(csv_cut(path, CASES[i].last, &error), STATUS_OK);
        char *after = log_text(*state, "a.csv");
        assert_string_equal(after, CASES[i].after);
        free(after);
    }
    assert_int_equal(csv_cut("nowhere.csv", 3, NULL), STATUS_OK);
}

/* ---- Logs and history ------------------------------------------------------------- */

static const char *const NAMES[] = {"loss_data", "loss_student"};

static void fill_rows(ShiftRow rows[3], long step)
{
    for (int r = 0; r < 3; r++) {
        double x = (double)step + 0.1 * r;
        rows[r] = (ShiftRow){.i = 3 - r,
                             .time = (3 - r) / 3.0,
                             .own = x,
                             .forward = 1,
                             .ratio = x,
                             .low = x - 1,
                             .high = x + 1,
                             .mmd2 = -x,
                             .null95 = 0.1,
                             .mmd2_teacher = NAN,
                             .null95_teacher = NAN,
                             .paired = 0.3 * x};
    }
}

static void write_logs(const char *folder, History *history)
{
    Log log;
    Error error = {{0}};
    EvalReport report = {
        .k = 4,
        .nfe = 4,
        .n = 100,
        .metrics = 2,
        .metric = {{"sw2", 0.1, 0.05, 0.2}, {"modes", 7, 6, 8}}
    };
    assert_int_equal(log_open(&log, folder, 2, NAMES, &error), STATUS_OK);
    for (long step = 5; step <= 200; step += 5) {
        double values[2] = {wave(step) / 3, step % 2 ? NAN : 1e-7 * (double)step};
        ShiftRow rows[3];
        log_metrics(&log, step, wave(step), 0.5, 1e-3, 2, values, &error);
        history_metrics(history, step, wave(step), 0.5, 1e-3, values);
        if (step % 20)
            continue;
        fill_rows(rows, step);
        log_shift(&log, step, 3, rows, &error);
        history_shift(history, step, 3, rows);
    }
    log_eval(&log, 100, &report, &error);
    report.metric[0].value = 0.01;
    log_eval(&log, 200, &report, &error);
    history_eval(history, 200, &report);
    log_event(&log, 40, "optimizer.lr 0.1 -> 0.2, \"why\"\nnot", &error);
    log_event(&log, 200, "state: failed: because", &error);
    log_close(&log);
}

static void test_a_history_survives_its_logs(void **state)
{
    History live, read;
    Error error = {{0}};
    history_init(&live, 2, NAMES);
    write_logs(*state, &live);
    history_init(&read, 0, NULL);
    assert_int_equal(history_read(&read, *state, &error), STATUS_OK);
    assert_int_equal(read.terms, 4);
    assert_string_equal(read.name[3], "loss_student");
    for (int i = 0; i < 4; i++)
        assert_memory_equal(&read.term[i], &live.term[i], sizeof live.term[i]);
    assert_near(read.best, live.best, 0);
    assert_int_equal(read.columns, 10);
    assert_int_equal(read.rows, 3);
    for (int f = 0; f < SHIFT_FIELDS; f++)
        for (int c = 0; c < 30; c++)
            assert_true(read.field[f][c] == live.field[f][c] || isnan(live.field[f][c]));
    int row;
    assert_near(history_worst_shift(&read, &row), (double)200.2f, 0);
    assert_int_equal(row, 2);
    assert_int_equal(read.metrics, 2);
    assert_near(read.metric[0].value, 0.01, 0);
    assert_int_equal(read.metrics_step, 200);
    assert_int_equal(read.state, RUN_FAILED);
    assert_string_equal(read.note, "because");
    assert_int_equal(read.marks, 1);
    assert_string_equal(read.mark[0].text, "optimizer.lr 0.1 -> 0.2, \"why\" not");
    assert_int_equal(read.mark[0].step, 40);
    history_done(&live);
    history_done(&read);
}

static void test_very_many_columns_are_thinned(void **state)
{
    static History history;
    ShiftRow rows[3];
    (void)state;
    history_init(&history, 0, NULL);
    for (long step = 0; step < 5000; step++) {
        fill_rows(rows, step);
        history_shift(&history, step, 3, rows);
    }
    assert_true(history.columns <= SHIFT_COLUMNS_MAX &&
                history.columns >= SHIFT_COLUMNS_MAX / 2);
    assert_int_equal(history.shift_step[0], 0);
    assert_int_equal(history.shift_step[history.columns - 1], 4999);
    for (int c = 0; c < history.columns; c++)
        assert_near(history.field[0][3 * c], (float)history.shift_step[c], 0);
    history_done(&history);
}

static void test_logs_of_other_columns_are_refused(void **state)
{
    Log log;
    Error error = {{0}};
    static const char *const OTHER[] = {"loss_data"};
    assert_int_equal(log_open(&log, *state, 2, NAMES, &error), STATUS_OK);
    log_close(&log);
    assert_int_equal(log_open(&log, *state, 1, OTHER, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "metrics.csv:1"));
}

/* A device that is always full. */
static void test_a_full_disk_is_noticed(void **state)
{
    Log log;
    Error error = {{0}};
    const double values[2] = {1, 2};
    if (!file_exists("/dev/full"))
        skip();
    assert_int_equal(log_open(&log, *state, 2, NAMES, &error), STATUS_OK);
    fclose(log.file[LOG_METRICS]);
    log.file[LOG_METRICS] = fopen("/dev/full", "a");
    assert_int_equal(log_metrics(&log, 5, 1, 1, 1, 2, values, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "No space"));
    log_close(&log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_spike_is_lost),
        cmocka_unit_test(test_buckets_are_min_max_last),
        cmocka_unit_test(test_the_smooth_line_is_a_debiased_mean),
        cmocka_unit_test(test_sparse_series_keep_their_gaps),
        cmocka_unit_test(test_numbers_read_back_equal),
        TEST(test_rows_are_read),
        TEST(test_rows_past_a_step_are_cut),
        TEST(test_a_history_survives_its_logs),
        cmocka_unit_test(test_very_many_columns_are_thinned),
        TEST(test_logs_of_other_columns_are_refused),
        TEST(test_a_full_disk_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
