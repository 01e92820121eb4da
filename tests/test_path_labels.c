/* Labels that the teacher's own roll-outs hold (source.path_labels): the same training for fewer
 * evaluations of the teacher. */
#include "tests/labs.h"
#include "tests/near.h"

enum { STEPS = 40 };

#define HEAD                                                                                       \
    "[run]\nbatch = 32\nsteps = 40\n[data]\nname = ring\n[net]\nwidth = 8\ndepth = 1\n"            \
    "features = 8\n[student]\ninit = random\nsteps = 4\n[pd]\nsubsteps = 4\n[lcm]\npoints = 8\n"   \
    "[source]\nwarmup = 0\ncapacity = 16\nteacher_capacity = 32\n"
#define TEXT  HEAD "beta_data = 0.4\nbeta_teacher = 0.4\nbeta_student = 0.2\n"
#define ALONE HEAD "beta_data = 0\nbeta_teacher = 1\n"
/* So many steps from one training time to the next as each method's label takes. */
#define PD   "teacher_substeps = 4\n[run]\nmethod = pd\n"
#define LCM  "teacher_substeps = 2\n[run]\nmethod = lcm\n"
#define KEPT "[source]\npath_labels = yes\n"

/* What training did: each step's loss, the teacher's evaluations, the rows of its origin. */
typedef struct Trained {
    double loss[STEPS], teacher;
    long rows;
} Trained;

static Trained train(const char *text, int threads)
{
    Bench *bench = bench_open(text, threads);
    Trained trained = {{0}, 0, 0};
    bench_start(bench, 0);
    for (int i = 0; i < STEPS; i++) {
        StepReport report;
        lab_step(&bench->lab, i, &report);
        trained.loss[i] = report.loss;
        trained.rows += report.origin_count[ORIGIN_TEACHER];
    }
    trained.teacher = bench->lab.cost.teacher;
    bench_close(bench);
    return trained;
}

/* The kept label is the one that would be made: a loss moves by rounding alone, and each of the
 * teacher's rows saves what a label costs. */
static void saves(const char *asked, const char *kept, int label)
{
    Trained a = train(asked, 1), b = train(kept, 1), c = train(kept, 3);
    assert_true(a.rows > STEPS && a.rows == b.rows);
    assert_near(a.teacher - b.teacher, (double)(a.rows * label), 0);
    for (int i = 0; i < STEPS; i++) {
        assert_near(b.loss[i], a.loss[i], 1e-4 * a.loss[i]);
        assert_true(b.loss[i] == c.loss[i]);
    }
}

static void test_pd_and_lcm_save_the_labels_of_the_teachers_states(void **state)
{
    (void)state;
    saves(TEXT PD, TEXT PD KEPT, 4);
    saves(TEXT LCM, TEXT LCM KEPT, 1);
}

/* States of the teacher alone: chunks in which nobody is asked. */
static void test_nothing_but_the_teachers_states(void **state)
{
    (void)state;
    saves(ALONE PD, ALONE PD KEPT, 4);
    saves(ALONE LCM, ALONE LCM KEPT, 1);
}

/* Where the roll-outs do not step or ask as the label does, it is made as ever: the same numbers at
 * the same cost. */
static void test_other_paths_are_no_labels(void **state)
{
    (void)state;
#define WITH(text)                                                                                 \
    {                                                                                              \
        TEXT text, TEXT text KEPT                                                                  \
    }
    static const char *const other[][2] = {
        WITH("teacher_substeps = 2\n[run]\nmethod = pd\n"),
        WITH("teacher_solver = dpmpp\n" PD),
        WITH(PD "[threshold]\nkind = static\nsites = T\n"),
        WITH(PD "[threshold]\nkind = static\nsites = R\n"),
        WITH(PD "[pd]\nrounds = 2\n"),
        WITH(LCM "[lcm]\nskip = 2\n"),
        WITH(LCM "[lcm]\nsolver = heun\n"),
    };
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        Trained a = train(other[k][0], 1), b = train(other[k][1], 1);
        assert_near(a.teacher, b.teacher, 0);
        for (int i = 0; i < STEPS; i++)
            assert_true(a.loss[i] == b.loss[i]);
    }
}

/* Thresholds in both places: the path is thresholded as the label is. */
static void test_thresholds_in_both_places(void **state)
{
    (void)state;
#define BOTH PD "[threshold]\nkind = static\nlow = -0.5\nhigh = 0.5\n"
    saves(TEXT BOTH, TEXT BOTH KEPT, 4);
}

/* The box moves while it trains: what was rolled out before is no label any more, and the ring is
 * made anew. */
static void test_a_changed_threshold_makes_the_ring_anew(void **state)
{
    (void)state;
    Bench *bench = bench_open(TEXT PD KEPT, 1);
    Replay *ring = &bench->lab.source.teacher;
    Error error;
    bench_start(bench, 0);
    bench_advance(bench, 0, 12);
    assert_int_equal(ring->filled, ring->capacity);
    int64_t made = ring->made, path = bench->lab.source.path;
    assert_int_equal(config_set(&bench->lab.config, "threshold.kind=static", &error), STATUS_OK);
    lab_configure(&bench->lab);
    bench_advance(bench, 12, 13);
    assert_true(bench->lab.source.path != path && bench->lab.source.path);
    assert_true(ring->made > made && ring->filled < ring->capacity);
    bench_close(bench);
}

/* The state between holds all there is. */
static void test_resume(void **state)
{
    (void)state;
    Bench *whole = bench_open(TEXT LCM KEPT, 1), *first = bench_open(TEXT LCM KEPT, 2);
    Bench *second = bench_open(TEXT LCM KEPT, 2);
    bench_start(whole, 0);
    bench_start(first, 0);
    bench_advance(whole, 0, 20);
    bench_advance(first, 0, 9);
    State taken = state_take(&first->lab);
    state_give(&taken, &second->lab);
    bench_advance(second, 9, 20);
    assert_true(state_of_same(&whole->lab, &second->lab));
    state_drop(&taken);
    bench_close(whole);
    bench_close(first);
    bench_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pd_and_lcm_save_the_labels_of_the_teachers_states),
        cmocka_unit_test(test_nothing_but_the_teachers_states),
        cmocka_unit_test(test_other_paths_are_no_labels),
        cmocka_unit_test(test_thresholds_in_both_places),
        cmocka_unit_test(test_a_changed_threshold_makes_the_ring_anew),
        cmocka_unit_test(test_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
