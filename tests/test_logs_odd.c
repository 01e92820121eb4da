/* Logs that no run of ours wrote: edited, torn, or of another program. They are read as far as they
 * make sense. */
#include "engine/base/number.h"
#include "engine/store/csv.h"
#include "engine/store/history.h"
#include "engine/store/log.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <math.h>
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

static void put(const char *folder, const char *name, const char *text, size_t size)
{
    char path[PATH_SIZE];
    Error error = {{0}};
    assert_int_equal(file_write(file_join(path, folder, name), text, size, &error), STATUS_OK);
}

static History read_back(const char *folder)
{
    History history;
    Error error = {{0}};
    history_init(&history, 0, NULL);
    assert_int_equal(history_read(&history, folder, &error), STATUS_OK);
    return history;
}

static void test_an_editor_may_have_been_there(void **state)
{
    static const char text[] =
        "\xef\xbb\xbfstep,loss,grad_norm,lr,loss_data\r\n5,1,2,3,4\r\n10,.5,2,3,4\r\n";
    static const char *const names[] = {"loss_data"};
    Log log;
    Error error = {{0}};
    put(*state, "metrics.csv", text, sizeof text - 1);
    History history = read_back(*state);
    assert_int_equal(history.step, 10);
    assert_string_equal(history.name[2], "loss_data");
    assert_near(rows_series(history.curves, 2).chunk[0]->value[1], 4, 0);
    history_done(&history);
    assert_int_equal(log_open(&log, *state, 1, names, &error), STATUS_OK); /* and it goes on */
    log_close(&log);
    history_init(&history, 0, NULL);
    assert_int_equal(history_read_ends(&history, *state, ENDS_FOR_REPORT, &error), STATUS_OK);
    assert_near(history.loss, 0.5, 0);
    history_done(&history);
}

static void test_steps_that_cannot_be_are_no_rows(void **state)
{
    static const char metrics[] =
        "step,loss,grad_norm,lr\n5,1,1,1\n7920216175,1,1,1\n-3,1,1,1\n1e3,1,1,1\n"
        "99999999999999999999,1,1,1\n10,2,1,1\n6,3,1,1\n,1,1,1\n";
    static const char shift[] =
        "step,i,time,own,forward,ratio,low,high,mmd2,mmd2_null95,mmd2_teacher,paired,"
        "mmd2_teacher_null95\n"
        "9999999999,1,1,1,1,1,1,1,1,1,1,1,1\n5,1e300,1,1,1,1,1,1,1,1,1,1,1\n"
        "5,1,1,1,1,1,1,1,1,1,1,1,1\n2,1,1,1,1,1,1,1,1,1,1,1,1\n";
    static const char eval[] = "step,k,nfe,n,sw2,sw2_low,sw2_high\n5,1e99,nan,-1e18,1,1,1\n";
    static const char events[] = "step,clock,text\n4000000000,x,far\n5,x,near\n";
    put(*state, "metrics.csv", metrics, sizeof metrics - 1);
    put(*state, "shift.csv", shift, sizeof shift - 1);
    put(*state, "eval.csv", eval, sizeof eval - 1);
    put(*state, "events.csv", events, sizeof events - 1);
    History history = read_back(*state);
    Series loss = rows_series(history.curves, 0);
    assert_int_equal(loss.n, 2);
    assert_int_equal(loss.step[0][0], 5);
    assert_int_equal(loss.step[0][1], 10);
    assert_int_equal(history.columns, 1);
    assert_int_equal(history.marks, 1);
    assert_string_equal(history.mark[0].text, "near");
    assert_int_equal(history.metrics_k, 0);
    history_done(&history);
}

/* Of a trainer that logs a thousand quantities the first ones are shown, and that is said; so it is
 * when there are more than can be read. */
static void test_more_columns_than_are_shown(void **state)
{
    enum { MANY = 1000, TOO_MANY = 1100 };
    static char text[1 << 18];
    for (int columns = MANY; columns <= TOO_MANY; columns += TOO_MANY - MANY) {
        Error error = {{0}};
        size_t n = (size_t)snprintf(text, sizeof text, "step,loss,grad_norm,lr");
        for (int i = 4; i < columns; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, ",quantity_number_%d", i);
        for (int step = 0; step < 80; step++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "\n%d", step);
            for (int i = 1; i < columns; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, ",2");
        }
        text[n++] = '\n';
        put(*state, "metrics.csv", text, n);
        History history = read_back(*state);
        assert_int_equal(history.step, columns == MANY ? 79 : 0);
        assert_non_null(strstr(history.odd, columns == MANY ? "more metrics than the first 38"
                                                            : "a row of 1025 cells"));
        history_done(&history);
        history_init(&history, 0, NULL); /* its end alone: the header is longer than a block */
        assert_int_equal(history_read_ends(&history, *state, ENDS_FOR_LIST, &error), STATUS_OK);
        assert_int_equal(history.step, columns == MANY ? 79 : 0);
        history_done(&history);
    }
}

/* A power cut may leave zero bytes. */
static void test_zero_bytes_end_nothing(void **state)
{
    static const char text[] = "step,loss,grad_norm,lr\n5,1,1,1\n\0\0\0\0\n\0,1,1,1\n10,2,1,1\n";
    char path[PATH_SIZE];
    Error error = {{0}};
    put(*state, "metrics.csv", text, sizeof text - 1);
    History history = read_back(*state);
    assert_int_equal(history.step, 10);
    history_done(&history);
    assert_int_equal(csv_cut(file_join(path, *state, "metrics.csv"), 5, &error), STATUS_OK);
    history = read_back(*state);
    assert_int_equal(history.step, 5);
    history_done(&history);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_an_editor_may_have_been_there),
        TEST(test_steps_that_cannot_be_are_no_rows),
        TEST(test_more_columns_than_are_shown),
        TEST(test_zero_bytes_end_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
