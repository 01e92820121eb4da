/* The models behind the Tweak view: how values are nudged, what is staged, the triangle
 * of priors. */
#include "tests/fake_snapshot.h"
#include "tests/near.h"
#include "views/draw/simplex.h"
#include "views/model/staged.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int row_of(const char *section, const char *key)
{
    return run_param_find(&(RunView){.id = 1}, section, key);
}

static ParamInfoView param_of(const char *section, const char *key)
{
    ParamInfoView param;
    assert_true(engine_param(row_of(section, key), &param));
    return param;
}

/* ---- Nudges ---- */

static void test_nudges_are_sensible(void **state)
{
    (void)state;
    static const struct {
        const char *section, *key, *now;
        int by;
        bool big;
        const char *next; /* NULL: it ends here */
        /* clang-format off */
    } rows[] = {
        {"optimizer", "lr",           "0.001",     1,  false, "0.002" },
        {"optimizer", "lr",           "0.002",     1,  false, "0.005" },
        {"optimizer", "lr",           "0.001",     -1, false, "0.0005"},
        {"optimizer", "lr",           "0.0013",    1,  false, "0.002" },
        {"optimizer", "lr",           "0.0013",    -1, false, "0.001" },
        {"optimizer", "lr",           "0.001",     1,  true,  "0.01"  },
        {"optimizer", "lr",           "0.5",       1,  true,  "1"     },
        {"optimizer", "lr",           "1",         1,  false, NULL    },
        {"optimizer", "lr",           "1e-06",     -1, false, "0"     },
        {"optimizer", "lr",           "0",         -1, false, NULL    },
        {"optimizer", "lr",           "0",         1,  false, "1e-06" },
        {"optimizer", "ema",          "0.98",      1,  false, "0.99"  },
        {"optimizer", "ema",          "0.98",      -1, false, "0.95"  },
        {"optimizer", "ema",          "0.99999",   1,  false, NULL    },
        {"optimizer", "ema",          "0",         -1, false, NULL    },
        {"optimizer", "ema",          "0.9",       1,  true,  "0.99"  },
        {"source",    "beta_student", "0.25",      1,  false, "0.3"   },
        {"source",    "beta_student", "0.27",      1,  false, "0.3"   },
        {"source",    "beta_student", "0.27",      -1, false, "0.25"  },
        {"source",    "beta_student", "1",         1,  false, NULL    },
        {"source",    "beta_student", "0",         -1, false, NULL    },
        {"source",    "beta_student", "3",         1,  false, "3.05"  },
        {"source",    "beta_student", "0.25",      1,  true,  "0.75"  },
        {"source",    "gate",         "0.95",      1,  false, NULL    },
        {"student",   "steps",        "4",         1,  false, "5"     },
        {"student",   "steps",        "64",        1,  true,  NULL    },
        {"run",       "steps",        "1500",      1,  false, "2000"  },
        {"run",       "steps",        "15000",     -1, false, "10000" },
        {"run",       "steps",        "100000000", 1,  true,  NULL    },
        {"source",    "schedule",     "constant",  -1, false, NULL    },
        {"source",    "schedule",     "constant",  1,  false, "linear"},
        {"threshold", "kind",         "soft",      1,  false, NULL    },
        {"threshold", "kind",         "static",    -1, false, "none"  },
        {"threshold", "sites",        "TRS",       1,  false, NULL    },
        {"data",      "path",         "x",         1,  false, NULL    },
        {"data",      "keep",         "1,2",       1,  false, NULL    },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ParamInfoView param = param_of(rows[i].section, rows[i].key);
        char next[VALUE_SIZE], text[VALUE_SIZE];
        Error error;
        bool moved = param_step(&param, rows[i].now, rows[i].by, rows[i].big, next);
        if (moved != !!rows[i].next) {
            fail_msg("%s %s by %d: %s", rows[i].key, rows[i].now, rows[i].by,
                     moved ? next : "stays");
        }
        if (moved) {
            int row = row_of(rows[i].section, rows[i].key);
            assert_int_equal(engine_param_check(row, next, text, &error), STATUS_OK);
            assert_string_equal(text, rows[i].next);
        }
    }
}

/* From anywhere allowed, pushing one way ends at a limit after a bounded number of
 * values, each of them allowed and on its slider. */
static void test_nudging_ends_at_the_limits(void **state)
{
    (void)state;
    ParamInfoView param;
    int moved = 0;
    for (int row = 0; engine_param(row, &param); row++) {
        for (int by = -1; by <= 1; by += 2) {
            char now[VALUE_SIZE], next[VALUE_SIZE];
            Error error;
            int pushes = 0;
            snprintf(now, sizeof now, "%s", param.fallback ? param.fallback : "");
            double low, high;
            for (; param_step(&param, now, by, pushes % 5 == 4, next); pushes++) {
                assert_true(pushes < 2000);
                assert_int_equal(engine_param_check(row, next, now, &error), STATUS_OK);
                double part = slider_part(&param, now);
                assert_true(!slider_ends(&param, &low, &high) ||
                            (part >= 0 && part <= 1 && low < high));
            }
            bool number = param.type == PARAM_INT || param.type == PARAM_REAL;
            if (number && by < 0) {
                assert_near(strtod(now, NULL),
                            param.low < strtod(param.fallback, NULL) ? strtod(now, NULL)
                                                                     : param.low,
                            1e-12);
                assert_true(strtod(now, NULL) <= strtod(param.fallback, NULL));
            }
            moved += pushes > 0;
        }
    }
    assert_true(moved > 80);
}

/* ---- The staged model ---- */

static void test_staged_values(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 2, .step = 900});
    const RunView *run = snapshot->run[1], *other = snapshot->run[0];
    Staged staged = {0};
    Error error;
    char text[COMMAND_TEXT_SIZE];
    int lr = row_of("optimizer", "lr"), beta = row_of("source", "beta_student"),
        width = row_of("net", "width"), fork_only;
    assert_int_equal(staged_put(&staged, run, lr, "5e-4", &error), STATUS_OK);
    assert_int_equal(staged_put(&staged, run, beta, "0.5", &error), STATUS_OK);
    assert_int_equal(staged_put(&staged, run, width, "32", &error), STATUS_OK);
    assert_int_equal(staged_put(&staged, run, lr, "7", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "out of range 0..1"));
    assert_int_equal(staged_count(&staged, run, &fork_only), 3);
    assert_int_equal(fork_only, 1);
    assert_string_equal(staged_value(&staged, run, lr), "0.0005");
    assert_string_equal(staged_value(&staged, other, lr), "0.001");
    assert_int_equal(staged_lines(&staged, run, true, text), 2);
    assert_string_equal(text, "optimizer.lr=0.0005\nsource.beta_student=0.5\n");
    assert_int_equal(staged_lines(&staged, run, false, text), 3);
    assert_non_null(strstr(text, "net.width=32\n"));
    assert_int_equal(staged_put(&staged, run, beta, " 0.250 ", &error),
                     STATUS_OK); /* what the run has already */
    assert_null(staged_text(&staged, beta));
    staged_drop(&staged, width);
    staged_drop(&staged, width);
    assert_int_equal(staged_count(&staged, run, &fork_only), 1);
    assert_int_equal(staged_count(&staged, other, &fork_only), 0);
    assert_int_equal(staged_put(&staged, other, beta, "1", &error),
                     STATUS_OK); /* another run: begins anew */
    assert_int_equal(staged.n, 1);
    fake_free(snapshot);
}

static void test_too_many_staged_values_are_refused(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    const RunView *run = snapshot->run[0];
    Staged staged = {0};
    Error error;
    ParamInfoView param;
    int taken = 0, refused = 0;
    for (int row = 0; engine_param(row, &param); row++) {
        char next[VALUE_SIZE];
        if (param_step(&param, run->param[row], 1, false, next)) {
            Status status = staged_put(&staged, run, row, next, &error);
            taken += status == STATUS_OK;
            refused += status != STATUS_OK && strstr(error.text, "staged already");
        }
    }
    assert_int_equal(taken, STAGED_MAX);
    assert_true(refused > 20);
    char text[COMMAND_TEXT_SIZE];
    assert_int_equal(staged_lines(&staged, run, false, text), STAGED_MAX);
    fake_free(snapshot);
}

/* Gone when the run, or a fork of it, has the values; kept by a refusal and by a fork
 * with other values. */
static void test_staged_values_settle(void **state)
{
    (void)state;
    RunView run = {.id = 4}, child = {.id = 5, .parent = 4};
    static char before[200][64], after[200][64];
    int lr = row_of("optimizer", "lr"), clip = row_of("optimizer", "clip"), left;
    Error error;
    Staged staged = {0};
    strcpy(before[lr], "0.001");
    strcpy(before[clip], "1");
    memcpy(after, before, sizeof after);
    run.params = child.params = 200;
    run.param = (const char(*)[64])before;
    assert_int_equal(staged_put(&staged, &run, lr, "0.01", &error), STATUS_OK);
    assert_int_equal(staged_put(&staged, &run, clip, "2", &error), STATUS_OK);
    staged_settle(&staged, &run);
    assert_int_equal(staged.n, 2);
    strcpy(after[lr], "0.01");
    child.param = (const char(*)[64])after;
    staged_settle(&staged, &child); /* a fork with half of it */
    assert_int_equal(staged.n, 2);
    Staged copy = staged;
    strcpy(after[clip], "2");
    staged_settle(&staged, &child);
    assert_int_equal(staged.n, 0);
    strcpy(after[clip], "1");
    run.param = (const char(*)[64])after;
    staged_settle(&copy, &run); /* half of it was applied */
    assert_int_equal(staged_count(&copy, &run, &left), 1);
    assert_string_equal(staged_text(&copy, clip), "2");
}

/* ---- The mixture ---- */

static void assert_mixture(const Mixture *m, int data, int teacher, int student)
{
    assert_int_equal(m->part[0], data);
    assert_int_equal(m->part[1], teacher);
    assert_int_equal(m->part[2], student);
}

static void test_the_triangle(void **state)
{
    (void)state;
    Mixture m;
    static const double thirds[] = {1, 1, 1}, zero[] = {0, 0, 0}, odd[] = {2, 1, 1},
                        bad[] = {NAN, 1, 1};
    assert_true(mixture_of(thirds, &m));
    assert_mixture(&m, 334, 333, 333);
    assert_false(mixture_of(zero, &m));
    assert_false(mixture_of(bad, &m));
    assert_true(mixture_of(odd, &m));
    assert_mixture(&m, 500, 250, 250);
    m = mixture_move(m, ACTION_DOWN);
    assert_mixture(&m, 450, 275, 275);
    m = mixture_move(m, ACTION_RIGHT);
    assert_mixture(&m, 450, 225, 325);
    m = (Mixture){{1000, 0, 0}};
    m = mixture_move(m, ACTION_LEFT);
    assert_mixture(&m, 1000, 0, 0);
    m = mixture_move(m, ACTION_DOWN);
    assert_mixture(&m, 950, 25, 25);
    static const Action ways[] = {ACTION_UP, ACTION_DOWN, ACTION_LEFT, ACTION_RIGHT,
                                  ACTION_PAGE_UP};
    unsigned seed = 5;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        m = mixture_move(m, ways[(seed >> 16) % 5]);
        assert_int_equal(m.part[0] + m.part[1] + m.part[2], SIMPLEX_WHOLE);
        assert_true(m.part[0] >= 0 && m.part[1] >= 0 && m.part[2] >= 0);
    }
    for (int i = 0; i < 60; i++)
        m = mixture_move(m, i < 30 ? ACTION_DOWN : ACTION_RIGHT);
    assert_mixture(&m, 0, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nudges_are_sensible),
        cmocka_unit_test(test_nudging_ends_at_the_limits),
        cmocka_unit_test(test_staged_values),
        cmocka_unit_test(test_too_many_staged_values_are_refused),
        cmocka_unit_test(test_staged_values_settle),
        cmocka_unit_test(test_the_triangle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
