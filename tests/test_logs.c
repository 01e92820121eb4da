/* Series, CSV files, and the history read back from them. */
#include "engine/store/csv.h"
#include "engine/store/history.h"
#include "engine/store/log.h"
#include "tests/near.h"
#include "tests/runs.h"
#include "views/model/series.h"
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

/* ---- Rows ---- */

static double wave(long step) { return 3 + sin(0.01 * (double)step) + (step % 7) * 0.1; }

/* A log of every kind of trouble: holes, infinities, spikes. */
static double trouble(long row, unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    double value = wave(row) * (1 + (double)(*seed >> 8) / 16777216.0);
    return *seed % 97 == 0   ? INFINITY
           : *seed % 41 == 0 ? NAN
           : *seed % 83 == 0 ? 1000 * value
           : row / 100 == 30 ? NAN
                             : value;
}

/* The largest and smallest of any range equal those of the raw rows; so no spike is lost
 * at any zoom. */
static void test_any_range_equals_the_raw_rows(void **state)
{
    enum { ROWS = 5000 };
    static float raw[ROWS];
    unsigned seed = 5;
    Rows *rows = rows_new(2);
    (void)state;
    for (long r = 0; r < ROWS; r++) {
        double value[2] = {trouble(r, &seed), 1};
        raw[r] = (float)value[0];
        rows_add(rows, 5 * r, value);
    }
    Series series = rows_series(rows, 0);
    for (int round = 0; round < 3000; round++) {
        seed = seed * 1664525u + 1013904223u;
        long from = (long)(seed >> 8) % ROWS, to = from + (long)(seed >> 4) % 4000;
        float low, high, least = NAN, most = NAN;
        long newest = -1;
        for (long r = from; r < to && r < ROWS; r++) {
            least = isnan(least) || raw[r] < least ? raw[r] : least;
            most = isnan(most) || raw[r] > most ? raw[r] : most;
            newest = isfinite(raw[r]) ? r : newest;
        }
        assert_int_equal(series_extent(&series, from, to, &low, &high), !isnan(least));
        assert_true((low == least && high == most) || isnan(least));
        assert_int_equal(series_newest(&series, from, to), newest);
        assert_int_equal(series_row(&series, 5 * from + 4), from);
    }
    assert_int_equal(series_row(&series, -1), -1);
    assert_int_equal(series_row(&series, 1 << 30), ROWS - 1);
    rows_drop(rows);
}

/* At every row and strength the line is the debiased mean run over all rows before: it does
 * not depend on what else is on screen. */
static void test_the_smooth_line_is_a_debiased_mean(void **state)
{
    double sum[SMOOTHINGS] = {0}, weight[SMOOTHINGS] = {0};
    unsigned seed = 5;
    Rows *rows = rows_new(1);
    (void)state;
    assert_true(isnan(rows_smooth(rows, 0, 1)));
    for (long r = 0; r < 2500; r++) {
        double value = trouble(r, &seed);
        rows_add(rows, r, &value);
        for (int s = 0; s < SMOOTHINGS; s++) {
            sum[s] = SMOOTHING[s] * sum[s] + (isfinite(value) ? value : 0);
            weight[s] = SMOOTHING[s] * weight[s] + isfinite(value);
            sum[s] = isfinite(value) ? sum[s] : sum[s] / SMOOTHING[s];
            weight[s] = isfinite(value) ? weight[s] : weight[s] / SMOOTHING[s];
            double mean = sum[s] / weight[s];
            Series series = rows_series(rows, 0);
            assert_near(rows_smooth(rows, 0, s), mean, 1e-11 * mean);
            assert_near(series_smooth(&series, r, s + 1), mean, 1e-5 * mean);
        }
    }
    rows_drop(rows);
}

/* What a snapshot sees does not change while its run goes on, and outlives it. */
static void test_readers_keep_their_rows(void **state)
{
    Rows *rows = rows_new(1);
    (void)state;
    for (long r = 0; r < 700; r++)
        rows_add(rows, r, (const double[]){wave(r)});
    Rows *kept = rows_keep(rows);
    Series before = rows_series(rows, 0);
    for (long r = 700; r < 40000; r++) /* the table of chunks grows four times */
        rows_add(rows, r, (const double[]){-1});
    rows_drop(rows);
    float low, high;
    assert_int_equal(before.n, 700);
    assert_true(series_extent(&before, 0, 1000000, &low, &high));
    assert_true(low >= 2);
    for (long r = 0; r < 700; r++)
        assert_near(series_value(&before, r), (double)(float)wave(r), 0);
    rows_drop(kept);
}

/* ---- CSV ---- */

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

static void write_text(const char *folder, const char *name, const char *text, char path[PATH_SIZE])
{
    Error error = {{0}};
    assert_int_equal(file_write(file_join(path, folder, name), text, strlen(text), &error),
                     STATUS_OK);
}

static void test_rows_are_read(void **state)
{
    char path[PATH_SIZE];
    CsvReader reader;
    Error error = {{0}};
    write_text(*state, "a.csv",
               "step,x,text\n1,0.5,plain\n2,nan,\"a, \"\"b\"\"\"\n3,1\n4,oops,z\n5,6,half", path);
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
        /* clang-format off */
    } CASES[] = {
        {"step,x\n1,2\n5,3\n9,4\n", 5,  "step,x\n1,2\n5,3\n"},
        {"step,x\n1,2\n5,3\n9,",    9,  "step,x\n1,2\n5,3\n"},
        {"step,x\n1,2\n",           -1, "step,x\n"          },
        {"step,x\n",                4,  "step,x\n"          },
        {"ste",                     4,  ""                  },
        {"",                        4,  ""                  },
    };
    /* clang-format on */
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

/* ---- Logs and history ---- */

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
    EvalReport report = {.k = 4,
                         .nfe = 4,
                         .n = 100,
                         .metrics = 2,
                         .metric = {{"sw2", 0.1, 0.05, 0.2}, {"modes", 7, 6, 8}}};
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
        assert_same_series(rows_series(read.curves, i), rows_series(live.curves, i));
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

/* Followed a few bytes at a time it comes to the same as read at once; cut logs too. */
static void test_a_growing_log_is_followed(void **state)
{
    History live, read;
    Error error = {{0}};
    Trail *trail = trail_new();
    history_init(&live, 2, NAMES);
    history_init(&read, 0, NULL);
    assert_false(trail_follow(trail, &read, *state, 100)); /* nothing there yet */
    write_logs(*state, &live);
    for (int pieces = 0; pieces < 100; pieces++)
        trail_follow(trail, &read, *state, 400);
    assert_false(trail_follow(trail, &read, *state, 400));
    for (int i = 0; i < 4; i++)
        assert_same_series(rows_series(read.curves, i), rows_series(live.curves, i));
    assert_int_equal(read.columns, 10);
    assert_int_equal(read.state, RUN_FAILED);
    assert_int_equal(read.marks, 1);
    assert_int_equal(log_cut(*state, 100, 100, 100, &error), STATUS_OK);
    while (trail_follow(trail, &read, *state, 1 << 20))
        continue;
    assert_int_equal(rows_series(read.curves, 0).n, 20);
    assert_int_equal(read.step, 100);
    assert_int_equal(read.columns, 5);
    history_done(&live);
    history_done(&read);
    trail_free(trail);
}

/* Their ends tell the present state of logs of any length. */
static void test_the_ends_of_long_logs(void **state)
{
    History whole, ends;
    Log log;
    Error error = {{0}};
    int row;
    history_init(&whole, 2, NAMES);
    write_logs(*state, &whole);
    history_done(&whole);
    assert_int_equal(log_open(&log, *state, 2, NAMES, &error), STATUS_OK);
    for (long step = 205; step <= 100000; step += 5) {
        ShiftRow rows[3];
        log_metrics(&log, step, wave(step), 0.5, 1e-3, 2, (const double[]){1, 2}, &error);
        fill_rows(rows, step);
        if (step % 20 == 0)
            log_shift(&log, step, 3, rows, &error);
    }
    log_close(&log);
    history_init(&whole, 0, NULL);
    history_init(&ends, 0, NULL);
    assert_int_equal(history_read(&whole, *state, &error), STATUS_OK);
    assert_int_equal(history_read_ends(&ends, *state, ENDS_FOR_LIST, &error), STATUS_OK);
    assert_int_equal(ends.step, 100000);
    assert_near(ends.loss, whole.loss, 0);
    assert_int_equal(ends.state, RUN_FAILED);
    assert_int_equal(ends.rows, 3);
    assert_near(history_worst_shift(&ends, &row), history_worst_shift(&whole, &row), 0);
    assert_near(history_smooth_loss(&ends), history_smooth_loss(&whole), 1e-4);
    assert_true(rows_series(ends.curves, 0).n < rows_series(whole.curves, 0).n / 4);
    history_done(&whole);
    history_done(&ends);
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
    assert_true(history.columns <= SHIFT_COLUMNS_MAX && history.columns >= SHIFT_COLUMNS_MAX / 2);
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
        cmocka_unit_test(test_any_range_equals_the_raw_rows),
        cmocka_unit_test(test_the_smooth_line_is_a_debiased_mean),
        cmocka_unit_test(test_readers_keep_their_rows),
        cmocka_unit_test(test_numbers_read_back_equal),
        TEST(test_rows_are_read),
        TEST(test_rows_past_a_step_are_cut),
        TEST(test_a_history_survives_its_logs),
        TEST(test_a_growing_log_is_followed),
        TEST(test_the_ends_of_long_logs),
        cmocka_unit_test(test_very_many_columns_are_thinned),
        TEST(test_logs_of_other_columns_are_refused),
        TEST(test_a_full_disk_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
