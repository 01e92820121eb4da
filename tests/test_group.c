/* Groups of seeds: which runs belong together, what they come to, how their line is drawn. */
#include "engine/base/seeds.h"
#include "engine/store/rows.h"
#include "tests/near.h"
#include "views/draw/difference_columns.h"
#include "views/draw/metric_columns.h"
#include "views/model/group.h"
#include "views/model/overlay.h"
#include "views/run_list.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

enum { RUNS = 6 };

typedef struct Fixture {
    RunView run[RUNS];
    const RunView *list[RUNS];
    MetricView metric[RUNS];
    Snapshot snapshot;
    Session session;
} Fixture;

static Scene scene_of(Fixture *f, int chosen)
{
    return (Scene){.snapshot = &f->snapshot, .run = &f->run[chosen], .session = &f->session};
}

static void fill(Fixture *f)
{
    static const char *const names[RUNS] = {"ring-s1", "ring-s2", "moon-s2",
                                            "ring-s3", "moon-s1", "ring-slow"};
    *f = (Fixture){.snapshot = {.runs = RUNS, .run = f->list}};
    for (int i = 0; i < RUNS; i++) {
        f->list[i] = &f->run[i];
        f->run[i] = (RunView){.id = i + 1, .state = RUN_DONE, .metrics = 1, .step = 100};
        snprintf(f->run[i].name, NAME_SIZE, "%s", names[i]);
        strcpy(f->run[i].method, "pd");
        strcpy(f->run[i].data, "ring");
        f->metric[i] = (MetricView){.name = "sw2", .value = i * i};
        f->run[i].metric = &f->metric[i];
    }
}

static void test_stems(void **state)
{
    long seed = -1;
    (void)state;
    assert_int_equal(seeds_stem("ring-pd-s12", &seed), 7);
    assert_int_equal(seed, 12);
    assert_int_equal(seeds_stem("a-s1-s2", &seed), 4);
    assert_int_equal(seeds_stem("ring-slow", &seed), 0);
    assert_int_equal(seeds_stem("-s1", &seed), 0);
    assert_int_equal(seeds_stem("ring-s", &seed), 0);
    assert_int_equal(seeds_stem("ring-s1x", &seed), 0);
}

static void test_who_belongs_together(void **state)
{
    Fixture f;
    (void)state;
    fill(&f);
    Scene scene = scene_of(&f, 1);
    Group group = group_of(&scene, &f.run[1]);
    assert_int_equal(group.n, 3);
    assert_true(group_has(&group, &f.run[0]) && group_has(&group, &f.run[3]));
    assert_false(group_has(&group, &f.run[5]));
    assert_int_equal(group_of(&scene, &f.run[5]).n, 0);
    strcpy(f.run[3].data, "moon"); /* another question, whatever it is called */
    assert_int_equal(group_of(&scene, &f.run[1]).n, 2);
    assert_true(group_unfold(&scene, true));
    assert_false(group_unfold(&scene, true));
    assert_int_equal(group_of(&scene, &f.run[1]).n, 0);
    assert_int_equal(group_of(&scene, &f.run[2]).n, 2); /* the other one stays folded */
    assert_true(group_unfold(&scene, false));
    assert_int_equal(group_of(&scene, &f.run[0]).n, 2);
}

/* Differences are by seed, whatever the order of the runs. */
static void test_means_and_differences(void **state)
{
    Fixture f;
    (void)state;
    fill(&f);
    Scene scene = scene_of(&f, 0);
    Group ring = group_of(&scene, &f.run[0]), moon = group_of(&scene, &f.run[2]);
    Sample own = group_sample(&ring, run_metric, "sw2");
    assert_int_equal(own.n, 3);
    assert_near(own.mean, (0 + 1 + 9) / 3.0, 1e-12);
    Sample less = group_difference(&ring, &moon, run_metric, "sw2");
    assert_int_equal(less.n, 2); /* seeds 1 and 2: 0 - 16, 1 - 4 */
    assert_near(less.mean, -9.5, 1e-12);
    f.run[1].state = RUN_LIVE;
    assert_int_equal(group_count(&ring, RUN_DONE), 2);
    assert_int_equal(group_state(&ring), RUN_LIVE);
}

static void test_a_group_is_laid_over_once(void **state)
{
    Fixture f;
    (void)state;
    fill(&f);
    Scene scene = scene_of(&f, 0);
    for (int i = 0; i < RUNS; i++)
        overlay_toggle(&f.session, f.run[i].id);
    Overlay overlay = overlay_runs(&scene);
    assert_int_equal(overlay.n, 3);
    f.session.base = 5; /* a seed of a group stands for it */
    assert_ptr_equal(overlay_base(&scene, &overlay), overlay.run[1]);
}

/* Its line is the mean of its runs' lines, its band Student's. */
static void test_line_of_a_group(void **state)
{
    enum { SHIFTS = 2, COLUMNS = 10 };
    static const long steps[SHIFTS] = {0, 100};
    static const double times[1] = {1};
    static const float ratio[3][SHIFTS] = {{1, 4}, {2, 5}, {3, 9}};
    Fixture f;
    (void)state;
    fill(&f);
    static const int members[] = {0, 1, 3};
    for (int k = 0; k < 3; k++)
        f.run[members[k]].shift_view = (ShiftView){.rows = 1,
                                                   .columns = SHIFTS,
                                                   .step = steps,
                                                   .time = times,
                                                   .own = ratio[k],
                                                   .forward = ratio[k],
                                                   .ratio = ratio[k],
                                                   .low = ratio[k],
                                                   .high = ratio[k]};
    Scene scene = scene_of(&f, 0);
    Group group = group_of(&scene, &f.run[0]);
    LineSource source = {.run = &f.run[0], .reference = REFERENCE_RATIO, .group = &group};
    assert_near(line_at(&source, 50), 2, 1e-6);
    assert_near(line_at(&source, 100), 6, 1e-6);
    LinePoint point[COLUMNS + 2];
    Axis axis = {.first = 0, .last = 101, .run = &f.run[0]};
    line_sample(&source, axis, COLUMNS, point);
    const LinePoint *last = &point[COLUMNS];
    double deviation = 2.6457513110645907, t = 4.302652729696142; /* of 4, 5, 9; 2 degrees */
    assert_near((double)last->value, 6, 1e-6);
    assert_near((double)(last->high - last->low) / 2, t * deviation / 1.7320508075688772, 1e-4);
    LineSource base = source;
    line_sample_difference(&source, &base, axis, COLUMNS, point);
    assert_near((double)point[COLUMNS].value, 0, 1e-6);
    assert_near((double)point[COLUMNS].high, 0, 1e-6);
}

/* Of runs that ask one question, the parameters that differ; the seed, and runs of other data, are
 * no difference. */
static void test_what_differs(void **state)
{
    Fixture f;
    Kin kin[RUNS];
    ParamInfoView *info;
    (void)state;
    fill(&f);
    int n = engine_params(&info);
    free(info);
    char(*text)[64] = calloc((size_t)(RUNS * n), sizeof *text);
    assert_non_null(text);
    for (int i = 0; i < RUNS; i++) {
        f.run[i].params = n;
        f.run[i].param = (const char(*)[64])(text + i * n);
    }
    int lr = run_param_find(&f.run[0], "optimizer", "lr"),
        seed = run_param_find(&f.run[0], "run", "seed"),
        batch = run_param_find(&f.run[0], "run", "batch");
    strcpy(text[1 * n + lr], "0.003");
    strcpy(text[3 * n + seed], "3");
    strcpy(text[2 * n + batch], "64");
    strcpy(f.run[2].data, "moon");
    Scene scene = scene_of(&f, 0);
    lineage_order(&f.snapshot, kin);
    Differences found = differences_of(&scene, kin, RUNS);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.param[0], lr);
    assert_int_equal(differences_of(&scene, kin, 1).n, 0); /* of those listed alone */
    free(text);
}

/* A frontier of seeds is the mean of theirs, sampler by sampler. */
static void test_frontier_of_a_group(void **state)
{
    Fixture f;
    TradeView own[3][2], mean[TRADES_MAX];
    (void)state;
    fill(&f);
    static const int members[] = {0, 1, 3};
    for (int k = 0; k < 3; k++) {
        own[k][0] = (TradeView){.k = 1, .guidance = 1, .quality = k, .diversity = 0.5};
        own[k][1] = (TradeView){.k = 4, .guidance = 1, .quality = 7, .diversity = k * k};
        f.run[members[k]].trades = k == 1 ? 1 : 2; /* one is still being measured */
        f.run[members[k]].trade = own[k];
    }
    Scene scene = scene_of(&f, 0);
    Group group = group_of(&scene, &f.run[0]);
    assert_int_equal(run_trades(group.run, group.n, mean), 2);
    assert_near(mean[0].quality, 1, 1e-12);
    assert_near(mean[0].quality_high - 1, 4.302652729696142 / 1.7320508075688772, 1e-9);
    assert_near(mean[0].diversity_high, 0.5, 1e-12);
    assert_near(mean[1].diversity, 2, 1e-12); /* of 0 and 4 */
    assert_int_equal(run_trades(group.run, 1, mean), 2);
    assert_near(mean[1].quality, 7, 0);
    assert_int_equal(run_trades(group.run, 0, mean), 0);
}

#define MARKDOWN_HEAD "| run | step | sw2 |\n|---|---|---|"
#define MARKDOWN_RING "\n| ring \303\2273 | 0 | **3.33** \302\261 12 |"
#define MARKDOWN_MOON "\n| moon \303\2272 | 0 | 10 \302\261 76 |"
#define MARKDOWN_SLOW "\n| 06 ring-slow | 90 | 25 |"

/* What `y` copies of the list of runs. */
static const char *copied(Fixture *f, char *text, size_t size)
{
    int n;
    Scene scene = scene_of(f, 0);
    Kin *kin = run_list(&scene, &n);
    metric_columns_markdown(&scene, kin, n, text, size);
    free(kin);
    return text;
}

/* The table that is copied: a row a group, the best in bold, cut where there is no room; in the
 * list's order, and of what its filter shows. */
static void test_metrics_as_markdown(void **state)
{
    Fixture f;
    char text[400];
    (void)state;
    fill(&f);
    f.run[5].metrics_step = 90;
    assert_string_equal(copied(&f, text, sizeof text),
                        MARKDOWN_HEAD MARKDOWN_RING MARKDOWN_MOON MARKDOWN_SLOW);
    assert_non_null(strstr(copied(&f, text, 150), "\n\n2 more did not fit"));
    f.session.sorting = SORT_NAME;
    assert_string_equal(copied(&f, text, sizeof text),
                        MARKDOWN_HEAD MARKDOWN_MOON MARKDOWN_RING MARKDOWN_SLOW);
    strcpy(f.session.filter, "slow");
    assert_string_equal(copied(&f, text, sizeof text), MARKDOWN_HEAD MARKDOWN_SLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stems),
        cmocka_unit_test(test_who_belongs_together),
        cmocka_unit_test(test_means_and_differences),
        cmocka_unit_test(test_a_group_is_laid_over_once),
        cmocka_unit_test(test_line_of_a_group),
        cmocka_unit_test(test_what_differs),
        cmocka_unit_test(test_frontier_of_a_group),
        cmocka_unit_test(test_metrics_as_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
