/* Sample quality: exact samplers score what they must, intervals hold, the same bits
 * again. */
#include "engine/measure/eval.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

#define NET   "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\n[student]\ninit = random\nsteps = 4\n"
#define RING  "[run]\nmethod = pd\n[data]\nname = ring\n" NET
#define MOONS "[run]\nmethod = pd\n[data]\nname = moons\n[teacher]\nguidance = 2\n" NET

static const Metric *metric_of(const EvalReport *report, const char *name)
{
    for (int k = 0; k < report->metrics; k++)
        if (!strcmp(report->metric[k].name, name))
            return &report->metric[k];
    fail_msg("no metric called %s", name);
    return NULL;
}

static double value_of(const EvalReport *report, const char *name)
{
    return metric_of(report, name)->value;
}

static EvalReport judged(Bench *bench, const Policy *policy, int n, uint64_t seed)
{
    EvalReport report;
    size_t mark = arena_mark(&bench->step);
    Judge judge = {&bench->lab.data, NULL, bench->crew, &bench->step, 0};
    eval_policy(&judge, policy, n, seed, &report);
    assert_int_equal(arena_mark(&bench->step), mark);
    return report;
}

/* The exact teacher in many steps is as good as held-out data; in four steps it is not.
 */
static void test_the_exact_teacher_scores_like_data(void **state)
{
    (void)state;
    Bench *bench = bench_open(RING, 2);
    EvalReport real;
    Judge judge = {&bench->lab.data, NULL, bench->crew, &bench->step, 0};
    eval_real(&judge, 4000, &real);
    assert_near(value_of(&real, "modes"), 8, 0);
    assert_near(value_of(&real, "within3sigma"), 0.98889, 0.007); /* 1 - exp(-4.5), 4 deviations */
    Policy many = lab_teacher(&bench->lab, 16, 4), few = lab_teacher(&bench->lab, 4, 1);
    EvalReport good = judged(bench, &many, 4000, 1), rough = judged(bench, &few, 4000, 1);
    assert_near(value_of(&good, "modes"), 8, 0);
    assert_near(value_of(&good, "within3sigma"), 0.98889, 0.01);
    assert_true(value_of(&good, "sw2") < 2 * value_of(&real, "sw2") + 2e-3);
    assert_near(value_of(&good, "energy"), 0, 3e-3);
    assert_near(1e3 * value_of(&rough, "sw2"), 15.5, 3); /* methods.md 11.4 */
    assert_int_equal(good.k, 16);
    assert_int_equal(good.nfe, 64);
    assert_int_equal(good.n, 4000);
    bench_close(bench);
}

/* A student that nobody taught is far off. */
static void test_a_stranger_scores_badly(void **state)
{
    (void)state;
    Bench *bench = bench_open(RING, 1);
    Policy stranger = lab_student(&bench->lab, false, 0);
    EvalReport report = judged(bench, &stranger, 300, 1);
    assert_true(value_of(&report, "sw2") > 0.1);
    assert_true(value_of(&report, "within3sigma") < 0.5);
    assert_true(value_of(&report, "energy") > 0.05);
    assert_int_equal(report.nfe, 4);
    bench_close(bench);
}

/* Estimates lie in their intervals, or above where a bias is taken off; that of a share is the
 * binomial one, 1.96 sqrt(p (1 - p) / n). */
static void test_intervals_are_as_wide_as_they_should(void **state)
{
    (void)state;
    enum { SEEDS = 3, N = 1000 };
    Bench *bench = bench_open(RING, 2);
    Policy few = lab_teacher(&bench->lab, 4, 1);
    double ratio = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        EvalReport report = judged(bench, &few, N, (uint64_t)seed);
        for (int k = 0; k < report.metrics; k++) {
            const Metric *m = &report.metric[k];
            assert_true(m->low <= m->value && m->low <= m->high);
            assert_true(m->value <= m->high || !strcmp(m->name, "sw2"));
        }
        const Metric *m = metric_of(&report, "within3sigma");
        ratio += (m->high - m->value) / (1.96 * sqrt(m->value * (1 - m->value) / N)) / SEEDS;
    }
    assert_near(ratio, 1, 0.05);
    bench_close(bench);
}

/* Guidance doubles the evaluations; classes take turns; a fixed class is honoured. */
static void test_classes_and_cost(void **state)
{
    (void)state;
    enum { N = 60 };
    Bench *bench = bench_open(MOONS, 1);
    const Lab *lab = &bench->lab;
    Policy teacher = lab_teacher(lab, 8, 1);
    EvalReport report = judged(bench, &teacher, 200, 1);
    assert_int_equal(report.nfe, 16);
    float states[9 * N * 2], again[9 * N * 2];
    int label[N];
    eval_sample(&lab->data, bench->crew, &teacher, N, 5, STREAM_SAMPLE, -1, states, NULL, label);
    for (int r = 0; r < N; r++)
        assert_int_equal(label[r], r % 2);
    eval_sample(&lab->data, bench->crew, &teacher, N, 5, STREAM_SAMPLE, 1, again, NULL, label);
    for (int r = 0; r < N; r++) {
        const float *a = states + (size_t)(8 * N + r) * 2, *b = again + (size_t)(8 * N + r) * 2;
        assert_int_equal(label[r], 1);
        assert_int_equal(!memcmp(a, b, 2 * sizeof *a),
                         r % 2); /* the same noise: only the other class moves */
    }
    bench_close(bench);
}

/* A longer list of samples begins with the shorter one; threads do not matter. */
static void test_samples_depend_on_their_number_alone(void **state)
{
    (void)state;
    static float few[5 * 50 * 2], many[5 * 400 * 2];
    Bench *one = bench_open(MOONS, 1), *two = bench_open(MOONS, 2);
    Policy student = lab_student(&one->lab, false, 0), same = lab_student(&two->lab, false, 0);
    eval_sample(&one->lab.data, one->crew, &student, 50, 5, STREAM_EVAL, -1, few, NULL, NULL);
    eval_sample(&two->lab.data, two->crew, &same, 400, 5, STREAM_EVAL, -1, many, NULL, NULL);
    for (int s = 0; s <= 4; s++)
        assert_memory_equal(few + s * 100, many + s * 800, 100 * sizeof *few);
    EvalReport a = judged(one, &student, 200, 3), b = judged(two, &same, 200, 3);
    assert_int_equal(a.metrics, b.metrics);
    for (int k = 0; k < a.metrics; k++) {
        assert_string_equal(a.metric[k].name, b.metric[k].name);
        assert_memory_equal(&a.metric[k].value, &b.metric[k].value, 3 * sizeof a.metric[k].value);
    }
    bench_close(one);
    bench_close(two);
}

/* Distances are to the whole law, whatever the distiller may see. */
static void test_the_judge_ignores_keep_and_limit(void **state)
{
    (void)state;
    Bench *whole = bench_open(RING, 1),
          *part =
              bench_open("[run]\nmethod = pd\n[data]\nname = ring\nkeep = 0,1\nlimit = 7\n" NET, 1);
    Policy a = lab_teacher(&whole->lab, 4, 1), b = lab_teacher(&part->lab, 4, 1);
    EvalReport one = judged(whole, &a, 200, 3), two = judged(part, &b, 200, 3);
    for (int k = 0; k < one.metrics; k++)
        assert_near(one.metric[k].value, two.metric[k].value, 0);
    bench_close(whole);
    bench_close(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_exact_teacher_scores_like_data),
        cmocka_unit_test(test_a_stranger_scores_badly),
        cmocka_unit_test(test_intervals_are_as_wide_as_they_should),
        cmocka_unit_test(test_classes_and_cost),
        cmocka_unit_test(test_samples_depend_on_their_number_alone),
        cmocka_unit_test(test_the_judge_ignores_keep_and_limit),
    };
    return cmocka_run_group_tests_name("eval", tests, NULL, NULL);
}
