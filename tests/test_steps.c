/* What follows the shift at each sampling step: the priors (adaptive_steps) and how often the step
 * is trained (importance). */
#include "tests/labs.h"
#include "tests/near.h"
#include <string.h>

enum { DRAWS = 20000, STEPS = 4 };

#define TEXT                                                                                       \
    "[run]\nbatch = 64\nsteps = 100\n[data]\nname = ring\n[net]\nwidth = 8\ndepth = 1\n"           \
    "features = 8\n[student]\ninit = random\nsteps = 4\n[source]\nbeta_data = 0.5\n"               \
    "beta_teacher = 0.25\nbeta_student = 0.25\nwarmup = 0\nbeta_floor = 0.2\n"                     \
    "capacity = 32\nteacher_capacity = 32\nmax_age = 1000000\n"

/* A lab whose rings are full and whose shift is 2, 4 and 8 at i = 3, 2, 1; what was measured at the
 * noise, i = 4, counts as 1. */
static Bench *lab_with_shift(const char *text)
{
    Bench *bench = bench_open(text, 1);
    static const double shift[STEPS] = {8, 4, 2, 10};
    bench_start(bench, 0);
    bench_advance(bench, 0, 20);
    memcpy(bench->lab.source.shift, shift, sizeof shift);
    return bench;
}

typedef struct Counts {
    double step[STEPS + 1], origin[STEPS + 1][ORIGINS];
} Counts;

static Counts count(const Lab *lab, bool by_step)
{
    float z[2], x[2];
    double u, chance;
    int point, label;
    unsigned char origin;
    Batch batch = {.n = 1,
                   .z = z,
                   .x = x,
                   .u = &u,
                   .point = &point,
                   .label = &label,
                   .origin = &origin,
                   .chance = &chance};
    Counts counts = {{0}, {{0}}};
    Draw draw = {.stream = STREAM_BATCH, .batch = 1, .by_step = by_step};
    source_priors(&lab->source, 50, 100, draw.beta);
    for (int i = 0; i < DRAWS; i++) {
        draw.step = i;
        source_draw(&lab->source, &draw, 0, &batch);
        int step = (point * STEPS + lab->grid.points - 1) / lab->grid.points;
        counts.step[step] += 1.0 / DRAWS;
        counts.origin[step][origin]++;
    }
    for (int s = 1; s <= STEPS; s++)
        for (int o = 0; o < ORIGINS; o++)
            counts.origin[s][o] /= counts.step[s] * DRAWS;
    return counts;
}

/* Student's share 1 - 1 / shift within [0.1, 0.7]; the rest is shared as the priors say. 5 standard
 * errors. */
static void test_priors_follow_each_step(void **state)
{
    (void)state;
    Bench *bench = lab_with_shift("[run]\nmethod = pd\n" TEXT "schedule = adaptive_steps\n");
    static const double share[STEPS + 1] = {0, 0.7, 0.7, 0.5, 0.1};
    Counts counts = count(&bench->lab, true);
    double beta[ORIGINS], mean = 0;
    for (int i = 1; i <= STEPS; i++) {
        double data = fmax((1 - share[i]) * 2 / 3, 0.2);
        double student = (1 - data) * share[i] / (1 - (1 - share[i]) * 2 / 3);
        mean += student / STEPS;
        assert_near(counts.step[i], 0.25, 0.016);
        assert_near(counts.origin[i][ORIGIN_DATA], data, 0.036);
        assert_near(counts.origin[i][ORIGIN_STUDENT], student, 0.036);
    }
    source_priors(&bench->lab.source, 50, 100, beta);
    assert_near(beta[ORIGIN_STUDENT], mean, 1e-12);
    assert_near(beta[0] + beta[1] + beta[2], 1, 1e-12);
    bench_close(bench);
}

/* A share of 0.6 goes to steps in proportion 8 : 4 : 2 : 1, each owning 4 of LCM's 16 points. */
static void test_importance(void **state)
{
    (void)state;
    static const char *const text[] = {"[run]\nmethod = pd\n" TEXT "importance = 0.6\n",
                                       "[run]\nmethod = lcm\n" TEXT
                                       "importance = 0.6\n[lcm]\npoints = 16\n"};
    for (int m = 0; m < 2; m++) {
        Bench *bench = lab_with_shift(text[m]);
        Counts counts = count(&bench->lab, false);
        for (int i = 1; i <= STEPS; i++)
            assert_near(counts.step[i], 0.4 / 4 + 0.6 * (double)(8 >> (i - 1)) / 15, 0.018);
        bench_close(bench);
    }
}

/* A shift that could not be measured counts as none; an extreme one as 10. */
static void test_wild_shifts(void **state)
{
    (void)state;
    Bench *bench = lab_with_shift("[run]\nmethod = pd\n" TEXT "importance = 1\n");
    double *shift = bench->lab.source.shift;
    shift[0] = NAN;
    shift[1] = 1e9;
    shift[2] = 0;
    shift[3] = INFINITY;
    Counts counts = count(&bench->lab, false);
    static const double weight[STEPS] = {1, 10, 0.1, 1};
    for (int i = 1; i <= STEPS; i++)
        assert_near(counts.step[i], weight[i - 1] / 12.1, 0.016);
    bench_close(bench);
}

/* SafeDAgger's gate at a quantile of 0.6: about four in ten roll-outs are kept, those that disagree
 * more; all are paid for; a gated run resumes to the same bits. */
static void test_gate(void **state)
{
    const char *text = *state;
    Bench *open = bench_open(text, 1), *gated = bench_open(text, 1), *late = bench_open(text, 2);
    Lab *lab = &gated->lab;
    assert_int_equal(config_set(&lab->config, "source.gate=0.6", NULL), STATUS_OK);
    assert_int_equal(config_set(&late->lab.config, "source.gate=0.6", NULL), STATUS_OK);
    lab_configure(lab);
    lab_configure(&late->lab);
    bench_start(open, 0);
    bench_start(gated, 0);
    bench_start(late, 0);
    bench_advance(open, 0, 1);
    bench_advance(gated, 0, 1);
    assert_true(lab->cost.teacher > open->lab.cost.teacher);
    assert_true(lab->source.student.filled <= lab->source.student.made);
    bench_advance(gated, 1, 60);
    State taken = state_take(lab);
    state_give(&taken, &late->lab);
    double made = (double)lab->source.student.made;
    int64_t kept = 0;
    for (long i = 60; i < 160; i++) {
        int next = lab->source.student.next;
        bench_advance(gated, i, i + 1);
        kept += (lab->source.student.next - next + lab->source.student.capacity) %
                lab->source.student.capacity;
    }
    bench_advance(late, 60, 160);
    assert_true(state_of_same(lab, &late->lab));
    made = (double)lab->source.student.made - made;
    assert_true(made > 200);
    assert_near((double)kept / made, 0.4, 0.12);
    state_drop(&taken);
    bench_close(open);
    bench_close(gated);
    bench_close(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priors_follow_each_step),
        cmocka_unit_test(test_importance),
        cmocka_unit_test(test_wild_shifts),
        cmocka_unit_test_prestate(test_gate, (void *)"[run]\nmethod = pd\n" TEXT),
        cmocka_unit_test_prestate(test_gate, (void *)"[run]\nmethod = dmd2\n" TEXT),
    };
    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
