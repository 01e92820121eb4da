/* Conditions: what holds, what does not, what makes no sense. */
#include "tests/fake_snapshot.h"
#include "views/model/filter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const bad[] = {"state=",    "=3",         "state=live step>3", "bogus>3",
                                  "step>many", "name~\"ddi", "step >= 1 and",     "or step>1",
                                  "step><3",   "and"};

static int holds(const RunView *run, const char *condition)
{
    char why[160];
    int result = filter_holds(condition, filter_run, run, why, sizeof why);
    assert_true((result < 0) == (why[0] != '\0'));
    return result;
}

static void test_conditions(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    RunView run = *snapshot->run[0];
    snprintf(run.name, sizeof run.name, "ring-pd-ddil");
    run.state = RUN_PAUSED;
    run.step = 900;
    run.smooth_loss = 0.25;
    const struct {
        const char *condition;
        int holds;
        /* clang-format off */
    } rows[] = {
        {"",                                   1                  },
        {"state=paused",                       1                  },
        {"state=Paused and step>=900",         1                  },
        {"state!=paused",                      0                  },
        {"step>900",                           0                  },
        {"step>900 or loss<0.3",               1                  },
        {"step>900 and loss<0.3 or name~DDIL", 1                  },
        {"step>900 or loss<0.3 and name~lcm",  0                  },
        {"name~\"pd-d\"",                      1                  },
        {"name = ring-pd-ddil",                1                  },
        {"loss<=2.5e-1",                       1                  },
        {"checkpoint",                         run.checkpoint != 0},
        {"nfe<-1",                             0                  },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(holds(&run, rows[i].condition), rows[i].holds);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(holds(&run, bad[i]), -1);
    fake_free(snapshot);
}

/* Plain words find runs by what a person sees of them. */
static void test_words_find_runs(void **state)
{
    (void)state;
    MarkView mark = {.step = 5, .text = "note: it Fades here"};
    RunView run = {.id = 7, .marks = 1, .mark = &mark, .state = RUN_LIVE};
    snprintf(run.name, sizeof run.name, "ring-pd-ddil");
    snprintf(run.method, sizeof run.method, "pd");
    snprintf(run.data, sizeof run.data, "ring");
    const struct {
        const char *text;
        int fits;
        /* clang-format off */
    } rows[] = {
        {"ddil",        1}, {"DDIL ring", 1}, {"fades",  1}, {"moons",       0},
        {"ring moons",  0}, {"live",      1}, {"  ",     1}, {"step=0",      1},
        {"name~lcm",    0}, {"method",    1}, {"a=b=c", -1}, {"nosuch>1",   -1},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[160];
        assert_int_equal(filter_run_fits(rows[i].text, &run, why, sizeof why), rows[i].fits);
    }
}

static void test_parameters(void **state)
{
    (void)state;
    ParamInfoView *params = NULL;
    int n = engine_params(&params), lr = -1;
    for (int i = 0; i < n; i++) {
        lr = strcmp(params[i].section, "optimizer") == 0 && strcmp(params[i].key, "beta1") == 0
                 ? i
                 : lr;
    }
    char(*values)[64] = calloc((size_t)n, sizeof *values);
    assert_true(n > 0 && values && lr >= 0);
    snprintf(values[lr], sizeof values[lr], "0.5");
    RunView run = {.params = n};
    memcpy(&run.param, &values, sizeof values);
    assert_int_equal(holds(&run, "optimizer.beta1=0.5"), 1);
    assert_int_equal(holds(&run, "beta1<0.4"), 0);
    assert_int_equal(holds(&run, "kind=mlp"), -1); /* several sections have one */
    free(values);
    free(params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conditions),
                                       cmocka_unit_test(test_words_find_runs),
                                       cmocka_unit_test(test_parameters)};
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
