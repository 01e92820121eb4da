/* Whole optimiser steps: threads, state, cost, failure, twins, refusals. */
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET      "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n"
#define RUN      "steps = 100\nbatch = 300\n"
#define PRETRAIN "[student]\nsteps = 4\ninit = pretrain\npretrain_steps = 20\n"
#define RANDOM   "[student]\nsteps = 4\ninit = random\n"
#define RING     "[data]\nname = ring\nkeep = 0,1,2\n"
#define MOONS    "[data]\nname = moons\n[teacher]\nguidance = 3\n"
#define MIXED                                                                                      \
    "[source]\nwarmup = 0\nbeta_data = 0.5\nbeta_teacher = 0.3\nbeta_student = "                   \
    "0.2\ncapacity = 64\n"                                                                         \
    "teacher_capacity = 48\nrefresh = 8\nrefresh_every = 2\nmax_age = 6\n"
#define BOX "[threshold]\nkind = static\nlow = -0.9\nhigh = 0.9\nsites = TRSL\n"

static const char *const every_method[] = {
    "[run]\nmethod = pd\n" RUN RING NET PRETRAIN MIXED "mix = 0.25\n" BOX,
    "[run]\nmethod = pd\n" RUN MOONS NET PRETRAIN MIXED "schedule = adaptive\n",
    "[run]\nmethod = lcm\n" RUN RING NET PRETRAIN MIXED "schedule = geometric\n" BOX,
    "[run]\nmethod = lcm\n" RUN MOONS NET PRETRAIN MIXED
    "mix = 0.5\n[lcm]\nloss = huber\nskip = 3\n",
    "[run]\nmethod = diffusion\n" RUN "[data]\nname = moons\n" NET RANDOM,
    "[run]\nmethod = dmd2\n" RUN MOONS NET PRETRAIN MIXED "[dmd2]\nratio = 2\n",
};
enum { METHODS = sizeof every_method / sizeof *every_method };

static void test_two_threads_give_the_bits_of_one(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        Bench *one = bench_open(every_method[m], 1), *two = bench_open(every_method[m], 2);
        bench_start(one, 5);
        bench_start(two, 5);
        bench_advance(one, 0, 20);
        bench_advance(two, 0, 20);
        assert_true(state_of_same(&one->lab, &two->lab));
        bench_close(one);
        bench_close(two);
    }
}

/* ---- State ---- */

/* A lab that lived another life, given the state of one that did ten steps, goes on as
 * that one does. */
static void test_walk_covers_the_whole_state(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        Bench *first = bench_open(every_method[m], 1), *second = bench_open(every_method[m], 1);
        bench_start(first, 5);
        bench_advance(first, 0, 10);
        bench_start(second, 2);
        bench_advance(second, 50, 53);
        first->lab.source.measured_shift = 3.5;
        State taken = state_take(&first->lab);
        state_give(&taken, &second->lab);
        for (long index = 10; index < 20; index++) {
            StepReport a, b;
            lab_step(&first->lab, index, &a);
            lab_step(&second->lab, index, &b);
            assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
            assert_memory_equal(&a.grad_norm, &b.grad_norm, sizeof a.grad_norm);
        }
        assert_true(state_of_same(&first->lab, &second->lab));
        state_drop(&taken);
        bench_close(first);
        bench_close(second);
    }
}

enum { NAMES_MAX = 128 };

typedef struct NameWalk {
    Walk walk;
    int n;
    char name[NAMES_MAX][128];
    long size[NAMES_MAX];
} NameWalk;

static void note_name(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                      void *data)
{
    (void)type, (void)data;
    NameWalk *names = (NameWalk *)walk;
    assert_true(names->n < NAMES_MAX);
    snprintf(names->name[names->n], sizeof names->name[0], "%s", name);
    names->size[names->n] = 1;
    for (int i = 0; i < rank; i++)
        names->size[names->n] *= shape[i];
    names->n++;
}

static NameWalk *names_of(Lab *lab)
{
    NameWalk *names = calloc(1, sizeof *names);
    must(names);
    names->walk.visit = note_name;
    lab_walk(lab, &names->walk);
    return names;
}

static bool has_name(const NameWalk *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (!strcmp(names->name[i], name))
            return true;
    return false;
}

static void test_walk_names_are_unique_and_stable(void **state)
{
    (void)state;
    static const char *const expected[] = {"student.layers.0.weight",
                                           "student_ema.out.bias",
                                           "adam_moment1.layers.1.bias",
                                           "adam_moment2.layers.1.weight",
                                           "adam.updates",
                                           "clipped.count",
                                           "clipped.overshoot",
                                           "cost.teacher",
                                           "cost.student",
                                           "cost.critic",
                                           "cost.shift",
                                           "source.measured_shift"};
    for (int m = 0; m < METHODS; m++) {
        Bench *bench = bench_open(every_method[m], 1);
        NameWalk *before = names_of(&bench->lab);
        bench_start(bench, 1);
        bench_advance(bench, 0, 2);
        NameWalk *after = names_of(&bench->lab);
        assert_int_equal(before->n, after->n);
        assert_memory_equal(before->name, after->name, sizeof before->name);
        assert_memory_equal(before->size, after->size, sizeof before->size);
        for (int i = 0; i < after->n; i++)
            for (int k = 0; k < i; k++)
                assert_string_not_equal(after->name[i], after->name[k]);
        for (size_t k = 0; k < sizeof expected / sizeof *expected; k++)
            assert_true(has_name(after, expected[k]));
        assert_int_equal(has_name(after, "target.out.weight"), bench->lab.method == &method_lcm);
        assert_int_equal(has_name(after, "source.student.row"),
                         bench->lab.method != &method_diffusion);
        free(before), free(after);
        bench_close(bench);
    }
}

/* ---- Cost ---- */

static void assert_cost(const char *text, int pretrain, int steps, double teacher, double student)
{
    Bench *bench = bench_open(text, 1);
    bench_start(bench, pretrain);
    bench_advance(bench, 0, steps);
    assert_near(bench->lab.cost.teacher, teacher, 0);
    assert_near(bench->lab.cost.student, student, 0);
    assert_near(cost_total(&bench->lab.cost), teacher + student, 0);
    bench_close(bench);
}

#define DATA_ONLY "[source]\nbeta_data = 1\n"
#define RINGS                                                                                      \
    "[source]\nwarmup = 0\nbeta_data = 1\nbeta_teacher = 1\nbeta_student = 1\ncapacity "           \
    "= 16\n"                                                                                       \
    "teacher_capacity = 16\nteacher_substeps = 5\nrefresh = 3\nrefresh_every = "                   \
    "2\n[pd]\nsubsteps = 3\n"                                                                      \
    "[lcm]\npoints = 8\n"

static void test_cost_equals_a_count_by_hand(void **state)
{
    (void)state;
    assert_cost("[run]\nmethod = diffusion\n" RUN "[data]\nname = ring\n" NET RANDOM, 0, 7, 0,
                7 * 300 * 3);
    assert_cost("[run]\nmethod = pd\n" RUN RING NET RANDOM DATA_ONLY "[pd]\nsubsteps = 3\n", 0, 7,
                7 * 300 * 3, 7 * 300 * 3);
    assert_cost("[run]\nmethod = pd\n" RUN MOONS NET RANDOM DATA_ONLY "[pd]\nsubsteps = 3\n", 0, 7,
                7 * 300 * 3 * 2, 7 * 300 * 3);
    assert_cost("[run]\nmethod = lcm\n" RUN MOONS NET RANDOM DATA_ONLY, 0, 7, 7 * 300 * 2,
                7 * 300 * 4);
    /* Regression: one guided estimate, one update. */
    assert_cost("[run]\nmethod = pd\n" RUN MOONS NET PRETRAIN DATA_ONLY, 6, 0, 6 * 300 * 2,
                6 * 300 * 3);
    /* Rings of 16 fill by 2 roll-outs a step in 8 steps; then 6 student roll-outs every
     * second step: steps 8 and 10. A roll-out: 4 student steps; 4 x 5 teacher sub-steps.
     */
    assert_cost("[run]\nmethod = pd\n" RUN RING NET RANDOM RINGS, 0, 11, 11 * 300 * 3 + 16 * 20,
                11 * 300 * 3 + (16 + 12) * 4);
    /* 8 solver points, 5 * 4 / 8 = 2 sub-steps between two. */
    assert_cost("[run]\nmethod = lcm\n" RUN MOONS NET RANDOM RINGS, 0, 11,
                (11 * 300 + 16 * 8 * 2) * 2, 11 * 300 * 4 + (16 + 12) * 4);
}

/* ---- What a step reports ---- */

static void test_report_adds_up(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        Bench *bench = bench_open(every_method[m], 1);
        bench_start(bench, 5);
        bench_advance(bench, 0, 10);
        StepReport report;
        lab_step(&bench->lab, 10, &report);
        int rows = 0;
        double loss = 0;
        for (int o = 0; o < ORIGINS; o++) {
            rows += report.origin_count[o];
            if (report.origin_count[o])
                loss += report.origin_loss[o] * report.origin_count[o];
            else
                assert_true(isnan(report.origin_loss[o]));
        }
        assert_int_equal(rows, 300);
        assert_near(loss / 300, report.loss, 1e-5 * report.loss);
        assert_true(report.grad_norm > 0 && !report.broken);
        assert_true(bench->lab.method == &method_diffusion ||
                    report.origin_count[ORIGIN_STUDENT] > 0);
        bench_close(bench);
    }
}

/* Of step `index`, taken first of all or, where the rate is warmed up, after those before it. */
static double rate_at(const char *decay, long warmup, long index)
{
    char text[1024];
    snprintf(text, sizeof text, "%s[optimizer]\nlr = 0.01\nwarmup = %ld\ndecay = %s\n",
             "[run]\nmethod = diffusion\nsteps = 100\nbatch = 8\n[data]\nname = ring\n" NET RANDOM,
             warmup, decay);
    Bench *bench = bench_open(text, 1);
    StepReport report;
    bench_start(bench, 0);
    bench_advance(bench, warmup ? 0 : index, index);
    size_t bytes = bench->lab.student.size * sizeof(float);
    float *before = malloc(bytes);
    must(before);
    memcpy(before, bench->lab.student.weights, bytes);
    lab_step(&bench->lab, index, &report);
    double largest = 0; /* Adam's first step moves every weight by the rate */
    for (size_t k = 0; k < bench->lab.student.size; k++)
        largest = fmax(largest, fabs((double)bench->lab.student.weights[k] - (double)before[k]));
    if (!warmup || !index)
        assert_near(largest, report.lr, 1e-3 * report.lr + 1e-7);
    free(before);
    bench_close(bench);
    return report.lr;
}

static void test_learning_rate_schedules(void **state)
{
    (void)state;
    assert_near(rate_at("none", 4, 0), 0.0025, 1e-15);
    assert_near(rate_at("none", 4, 3), 0.01, 1e-15);
    assert_near(rate_at("none", 0, 99), 0.01, 1e-15);
    assert_near(rate_at("linear", 0, 25), 0.0075, 1e-15);
    assert_near(rate_at("linear", 0, 99), 0.0001, 1e-15);
    assert_near(rate_at("second_half", 0, 50), 0.01, 1e-15);
    assert_near(rate_at("second_half", 0, 75), 0.005, 1e-15);
    assert_near(rate_at("linear", 0, 120), 0, 0); /* past the end of a run that was shortened */
}

/* Parameters that apply at the next step do. */
static void test_configure_rereads(void **state)
{
    (void)state;
    Bench *bench = bench_open(every_method[0], 1);
    Lab *lab = &bench->lab;
    double teacher = 0, student = 0;
    assert_int_equal(config_set(&lab->config, "pd.substeps=2", NULL), STATUS_OK);
    assert_int_equal(config_set(&lab->config, "optimizer.lr=0.25", NULL), STATUS_OK);
    assert_int_equal(config_set(&lab->config, "source.beta_student=1.2", NULL), STATUS_OK);
    assert_int_equal(config_set(&lab->config, "threshold.sites=S", NULL), STATUS_OK);
    assert_int_equal(config_set(&lab->config, "run.steps=77", NULL), STATUS_OK);
    lab_configure(lab);
    lab->method->cost(lab, &teacher, &student);
    assert_near(teacher, 2, 0);
    assert_near(lab->adam.lr, 0.25, 0);
    assert_near(lab->source.set.beta[ORIGIN_STUDENT], 0.6, 1e-12);
    assert_near(lab->source.set.beta[ORIGIN_DATA], 0.25, 1e-12);
    assert_int_equal(lab->threshold.sites, 1u << SITE_S);
    assert_int_equal(lab->steps, 77);
    bench_close(bench);
}

static void test_clipping_is_counted_by_site(void **state)
{
    (void)state;
    static const char *const text[] = {"[run]\nmethod = pd\n" RUN RING NET RANDOM MIXED BOX,
                                       "[run]\nmethod = lcm\n" RUN RING NET RANDOM MIXED BOX};
    for (int m = 0; m < 2; m++) {
        Bench *bench = bench_open(text[m], 1);
        bench_start(bench, 0);
        bench_advance(bench, 0, 5);
        for (int site = 0; site < 4; site++) {
            ClippedCount did = clipped_total(&bench->lab.clipped[site]);
            assert_true(did.coordinates > 0 && did.clipped >= 0);
            assert_true(did.clipped <= did.coordinates);
            assert_true(did.clipped > 0 || site > 1); /* the ring reaches past the box */
        }
        assert_int_equal(clipped_total(&bench->lab.clipped[3]).coordinates, 5 * 300 * 2);
        assert_int_equal(clipped_total(&bench->lab.clipped[4]).coordinates, 0);
        bench_close(bench);
    }
}

/* ---- A method's further networks ---- */

/* A network trained on a further batch of the same step, here the student itself: Adam's
 * first step moves it by the scheduled rate, only the priors given count, threads do not
 * matter, nothing is booked. */
static void test_further_training(void **state)
{
    (void)state;
    static const double data_only[ORIGINS] = {1, 0, 0};
    Bench *bench[2] = {bench_open(every_method[0], 1), bench_open(every_method[0], 2)};
    for (int k = 0; k < 2; k++) {
        Lab *lab = &bench[k]->lab;
        bench_start(bench[k], 5);
        Cost before = lab->cost;
        size_t n = lab->student.size;
        float *weights = malloc(n * sizeof *weights), *gradient = malloc(n * sizeof *gradient);
        must(weights && gradient);
        memcpy(weights, lab->student.weights, n * sizeof *weights);
        Training training = {.model = &lab->student,
                             .gradient = gradient,
                             .lr = 0.01,
                             .beta = data_only,
                             .loss = lab->method->loss};
        lab->rate = 0.5;
        double norm = 0, first = lab_train(lab, &training, 50, 1, &norm), largest = 0;
        for (size_t w = 0; w < n; w++)
            largest = fmax(largest, fabs((double)lab->student.weights[w] - (double)weights[w]));
        assert_near(largest, 0.005, 1e-5); /* half the rate is left */
        assert_true(norm > 0 && isfinite(first));
        assert_true(lab_train(lab, &training, 50, 2, NULL) != first);
        assert_memory_equal(&before, &lab->cost, sizeof before);
        free(weights), free(gradient);
    }
    assert_true(state_of_same(&bench[0]->lab, &bench[1]->lab));
    bench_close(bench[0]);
    bench_close(bench[1]);
}

/* ---- Failure ---- */

static void test_not_a_number_is_named(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        Bench *bench = bench_open(every_method[m], 1);
        Lab *lab = &bench->lab;
        StepReport report;
        bench_start(bench, 1);
        lab_step(lab, 0, &report);
        assert_null(report.broken);
        lab->student.weights[3] = NAN;
        float other = lab->student.weights[100];
        long updates = lab->student.updates;
        lab_step(lab, 1, &report);
        assert_non_null(report.broken);
        bool rolled =
            strstr(report.broken,
                   "student's roll-outs"); /* where there are any, they are the first to show it */
        assert_true(rolled || strstr(report.broken, "loss on data"));
        assert_memory_equal(&lab->student.weights[100], &other,
                            sizeof other); /* nothing is spread */
        assert_int_equal(lab->student.updates, updates);
        bench_close(bench);
    }
}

static void test_broken_states_are_named_by_origin(void **state)
{
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = pd\n" RUN RING NET RANDOM MIXED, 1);
    Lab *lab = &bench->lab;
    StepReport report;
    bench_start(bench, 0);
    bench_advance(bench, 0, 20);
    for (int k = 0; k < 48 * 4 * 2; k++)
        lab->source.teacher.row[k] = NAN;
    lab_step(lab, 20, &report);
    assert_non_null(report.broken);
    assert_string_equal(report.broken, "the loss on teacher states");
    bench_close(bench);
}

/* ---- Twins ---- */

static void assert_twins(const char *base)
{
    static const char *const small[] = {"run.batch=64", "net.width=16", "net.depth=2", NULL};
    char one_path[128], two_path[128];
    snprintf(one_path, sizeof one_path, "presets/%s.ini", base);
    snprintf(two_path, sizeof two_path, "presets/%s-ddil.ini", base);
    if (access(two_path, R_OK))
        skip();
    Bench *one = bench_open_file(one_path, small, 1), *two = bench_open_file(two_path, small, 2);
    const Config *a = &one->lab.config, *b = &two->lab.config;
    for (int k = 0; k < a->n; k++)
        if (strncmp(a->row[k]->key, "beta_", 5) != 0)
            assert_string_equal(config_value(a, k), config_value(b, k));
    bench_start(one, 50);
    bench_start(two, 50);
    size_t bytes = one->lab.student.size * sizeof(float);
    assert_memory_equal(one->lab.student.weights, two->lab.student.weights, bytes);
    assert_memory_equal(one->lab.student.ema, two->lab.student.ema, bytes);
    long half = one->lab.steps / 2; /* past the warm-up */
    bench_advance(one, half, half + 3);
    bench_advance(two, half, half + 3);
    assert_memory_not_equal(one->lab.student.weights, two->lab.student.weights, bytes);
    bench_close(one);
    bench_close(two);
}

static void test_ring_pd_twins_start_alike(void **state)
{
    (void)state;
    assert_twins("ring-pd");
}

static void test_ring_lcm_twins_start_alike(void **state)
{
    (void)state;
    assert_twins("ring-lcm");
}

static void test_moons_pd_twins_start_alike(void **state)
{
    (void)state;
    assert_twins("moons-pd");
}

/* After the regression: the averaged weights, moments forgotten, the target network at
 * the start. */
static void test_regression_ends_at_its_average(void **state)
{
    (void)state;
    Bench *bench = bench_open(every_method[2], 1);
    Model *student = &bench->lab.student;
    double first = lab_pretrain(&bench->lab, 0), last = 0;
    for (int k = 1; k < 20; k++)
        last = lab_pretrain(&bench->lab, k);
    assert_true(last < first);
    assert_memory_not_equal(student->weights, student->ema, student->size * sizeof(float));
    lab_pretrain_done(&bench->lab);
    assert_memory_equal(student->weights, student->ema, student->size * sizeof(float));
    assert_int_equal(student->updates, 0);
    for (size_t k = 0; k < student->size; k++)
        assert_true(student->moment1[k] == 0 && student->moment2[k] == 0);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_threads_give_the_bits_of_one),
        cmocka_unit_test(test_walk_covers_the_whole_state),
        cmocka_unit_test(test_walk_names_are_unique_and_stable),
        cmocka_unit_test(test_cost_equals_a_count_by_hand),
        cmocka_unit_test(test_report_adds_up),
        cmocka_unit_test(test_learning_rate_schedules),
        cmocka_unit_test(test_configure_rereads),
        cmocka_unit_test(test_clipping_is_counted_by_site),
        cmocka_unit_test(test_further_training),
        cmocka_unit_test(test_not_a_number_is_named),
        cmocka_unit_test(test_broken_states_are_named_by_origin),
        cmocka_unit_test(test_ring_pd_twins_start_alike),
        cmocka_unit_test(test_ring_lcm_twins_start_alike),
        cmocka_unit_test(test_moons_pd_twins_start_alike),
        cmocka_unit_test(test_regression_ends_at_its_average),
    };
    return cmocka_run_group_tests_name("lab", tests, NULL, NULL);
}
