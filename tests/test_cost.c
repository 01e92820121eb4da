/* What a run says it has cost, against the calls themselves: this program is linked with
 * net_forward_more and mixture_x0s wrapped by counters of rows. A row forward is 1, with the
 * weights' gradient 3, with the input's alone 2 (backward = 2 or 1). And what budgets do. */
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/runs.h"
#include "views/model/series.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Filled by the wrappers; the crew has one thread. */
static struct Counted {
    const Lab *lab;
    bool others_are_students; /* weights of nobody known: lcm's target network, else a round's
                                 teacher */
    double teacher, student, critic;
} counted;

static void count_network(const float *weights, double evaluations)
{
    const Lab *lab = counted.lab;
    const Model *critic = lab->method->critic ? lab->method->critic(lab) : NULL;
    bool known = weights == lab->student.weights || weights == lab->student.ema;
    if (critic && weights == critic->weights)
        counted.critic += evaluations;
    else if (weights != lab->teacher.weights && (known || counted.others_are_students))
        counted.student += evaluations;
    else
        counted.teacher += evaluations;
}

Tensor *__real_net_forward_more(const NetSpec *spec, Tape *tape, const float *weights,
                                float *gradient, Tensor *z, const float *u, const int *label,
                                const NetMore *more);
Tensor *__wrap_net_forward_more(const NetSpec *spec, Tape *tape, const float *weights,
                                float *gradient, Tensor *z, const float *u, const int *label,
                                const NetMore *more);
Tensor *__wrap_net_forward_more(const NetSpec *spec, Tape *tape, const float *weights,
                                float *gradient, Tensor *z, const float *u, const int *label,
                                const NetMore *more)
{
    if (counted.lab)
        count_network(weights, z->n * (gradient ? 3.0 : tape->record && z->g ? 2.0 : 1.0));
    return __real_net_forward_more(spec, tape, weights, gradient, z, u, label, more);
}

void __real_mixture_x0s(const Mixture *mixture, int n, const double *alpha, const double *sigma,
                        const int *label, const float *z, float *x0);
void __wrap_mixture_x0s(const Mixture *mixture, int n, const double *alpha, const double *sigma,
                        const int *label, const float *z, float *x0);
void __wrap_mixture_x0s(const Mixture *mixture, int n, const double *alpha, const double *sigma,
                        const int *label, const float *z, float *x0)
{
    counted.teacher += n;
    __real_mixture_x0s(mixture, n, alpha, sigma, label, z, x0);
}

#define NET "[net]\nkind = mlp\nwidth = 8\ndepth = 1\n"
#define MIXTURE                                                                                    \
    "[source]\nbeta_data = 0.4\nbeta_teacher = 0.3\nbeta_student = 0.3\nwarmup = 0.2\n"            \
    "capacity = 8\n"                                                                               \
    "teacher_capacity = 24\nteacher_substeps = 2\nrefresh = 3\nrefresh_every = 2\n"

/* Opens a lab, regresses, trains: both counts must be the same number. network: the exact teacher
 * is replaced by weights. */
static void same_counts(const char *method, const char *rest, bool network)
{
    char text[1024];
    snprintf(text, sizeof text,
             "[run]\nmethod = %s\nsteps = 20\nbatch = 10\n[data]\nname = moons\n[student]\nsteps "
             "= 4\ninit = pretrain\n"
             "pretrain_steps = 3\n" NET MIXTURE "%s",
             method, rest);
    Bench *bench = bench_open(text, 1);
    Lab *lab = &bench->lab;
    float *weights = NULL;
    if (network) {
        weights = malloc(lab->student.size * sizeof *weights);
        must(weights);
        net_init(&lab->student.spec, 77, weights);
        lab->teacher.mixture = NULL;
        lab->teacher.spec = lab->student.spec;
        lab->teacher.weights = weights;
    }
    counted = (struct Counted){.lab = lab, .others_are_students = !strcmp(method, "lcm")};
    bench_start(bench, 3);
    bench_advance(bench, 0, 20);
    struct Counted calls = counted;
    counted = (struct Counted){0};
    assert_true(calls.teacher > 0 && calls.student > 0);
    assert_near(lab->cost.teacher, calls.teacher, 0);
    assert_near(lab->cost.student, calls.student, 0);
    assert_near(lab->cost.critic, calls.critic, 0);
    assert_near(lab_spent(lab), calls.teacher + calls.student + calls.critic, 0);
    free(weights);
    bench_close(bench);
}

static void test_pd(void **state)
{
    (void)state;
    same_counts("pd", "[pd]\nsubsteps = 3\n", false);
    same_counts("pd", "[teacher]\nguidance = 3\n[pd]\nsubsteps = 3\n", true);
    same_counts("pd", "[pd]\nrounds = 3\nsubsteps = 2\n", true);
}

static void test_lcm(void **state)
{
    (void)state;
    same_counts("lcm", "[lcm]\npoints = 8\n", false);
    same_counts("lcm", "[teacher]\nguidance = 3\n[lcm]\npoints = 8\n", true);
    same_counts("lcm", "[lcm]\npoints = 8\nsolver = heun\n", true);
    same_counts("shortcut", "", true);
}

static void test_critics(void **state)
{
    (void)state;
    same_counts("dmd2", "[dmd2]\nratio = 3\n", false);
    same_counts("dmd2", "[teacher]\nguidance = 3\n", true);
    same_counts("dmd2", "[dmd2]\ngan_weight = 3e-3\nratio = 2\n", true);
}

static void test_sources(void **state)
{
    (void)state;
    same_counts("pd", "gate = 0.5\n", false);
    same_counts("dmd2", "gate = 0.5\nmix = 0.5\n", true);
    same_counts("pd", "mix = 0.5\n[teacher]\nguidance = 3\n", false);
    same_counts("pd", "schedule = geometric\n", false);
}

/* Errors alone want no teacher's law; a measurement does, once. */
static void test_a_measurement(void **state)
{
    enum { N = 12, STEPS = 4, SUBSTEPS = 2 };
    ShiftRow rows[STEPS];
    double own[STEPS * N], forward[STEPS * N], evaluations = STEPS * N;
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = pd\nsteps = 20\n[data]\nname = moons\n[student]\n"
                              "steps = 4\ninit = random\n" NET "[pd]\nsubsteps = 3\n",
                              1);
    Shift *shift = bench_shift(bench, N, SUBSTEPS);
    Policy student = lab_student(&bench->lab, false, 0);
    counted = (struct Counted){.lab = &bench->lab};
    shift_errors(shift, bench->crew, &bench->step, &student, own, forward);
    assert_near(counted.student, 2 * evaluations, 0);
    assert_near(counted.teacher, 2 * 3 * evaluations, 0); /* labels of own and forward states */
    counted.teacher = counted.student = 0;
    double cost = shift_measure(shift, bench->crew, &bench->step, &student, rows);
    assert_near(counted.student + counted.teacher, cost + 2 * SUBSTEPS * evaluations, 0);
    assert_near(shift_setup_cost(shift), (3 + 2 * SUBSTEPS) * evaluations, 0);
    counted = (struct Counted){0};
    bench_close(bench);
}

/* ---- Budgets ---- */

#define PLAN(n)                                                                                    \
    "[run]\nmethod = pd\nsteps = 100\nbatch = 10\n[data]\nname = ring\n[student]\nsteps = " n      \
    "\ninit = pretrain\n"                                                                          \
    "pretrain_steps = 3\n[optimizer]\nlr = 1\nwarmup = 2\n" NET MIXTURE

/* Steps until the budget is spent; rates[] of each. */
static long spend(Bench *bench, double *rates, double *before_last)
{
    StepReport report;
    Lab *lab = &bench->lab;
    long index = 0;
    bench_start(bench, 3);
    for (; index < lab->steps && lab_spent(lab) < lab->budget; index++) {
        *before_last = lab_clock(lab, index) / (double)lab->steps;
        lab_step(lab, index, &report);
        assert_null(report.broken);
        rates[index] = report.lr;
    }
    return index;
}

/* However early a budget ends a run, its rate has fallen to nothing by then, and its sources had
 * their turn. */
static void test_a_budget_anneals(void **state)
{
    double rates[100] = {0}, before_last = 0;
    (void)state;
    Bench *bench = bench_open(PLAN("4") "[pd]\nsubsteps = 4\n[run]\nbudget_nfe = 4000\n", 1);
    long steps = spend(bench, rates, &before_last);
    assert_in_range(steps, 20, 60);
    assert_true(lab_spent(&bench->lab) >= 4000 && lab_spent(&bench->lab) < 4200);
    assert_near(rates[0], 0.5, 1e-9); /* the optimiser's warm-up counts steps */
    for (long k = 2; k < steps; k++)
        assert_true(rates[k] < rates[k - 1]);
    assert_true(rates[steps - 1] < 0.05);
    assert_near(rates[steps - 1], 1 - before_last, 1e-12);
    assert_true(bench->lab.source.student.made > 0); /* past the warm-up of data alone: a fifth */
    bench_close(bench);
}

/* A budget that is never reached changes nothing. */
static void test_a_large_budget_does_nothing(void **state)
{
    (void)state;
    Bench *with = bench_open(PLAN("4") "[run]\nbudget_nfe = 1e9\n", 1),
          *without = bench_open(PLAN("4"), 1);
    bench_start(with, 3);
    bench_start(without, 3);
    bench_advance(with, 0, 30);
    bench_advance(without, 0, 30);
    assert_true(state_of_same(&with->lab, &without->lab));
    bench_close(with);
    bench_close(without);
}

/* All rounds of progressive distillation fit into the budget, with as much of it each, up to a
 * step. */
static void test_a_budget_holds_all_rounds(void **state)
{
    StepReport report;
    double began[4] = {0}, budget = 4000;
    int rounds = 0;
    (void)state;
    Bench *bench = bench_open(PLAN("1") "[pd]\nrounds = 3\n[run]\nbudget_nfe = 4000\n", 1);
    Lab *lab = &bench->lab;
    bench_start(bench, 3);
    double before = lab_spent(lab);
    for (long index = 0; index < lab->steps && lab_spent(lab) < budget; index++) {
        double spent = lab_spent(lab);
        lab_step(lab, index, &report);
        assert_null(report.broken);
        if (*report.mark)
            began[++rounds] = spent;
    }
    assert_int_equal(rounds, 2);
    assert_near((began[1] - before) / (budget - before), 1 / 3.0, 0.05);
    assert_near((began[2] - before) / (budget - before), 2 / 3.0, 0.05);
    assert_true(report.lr < 0.15);
    bench_close(bench);
}

/* What is logged of a run that its budget ends, stopped and taken up again. */
static void test_a_budget_resumes(void **state)
{
    World *world = *state;
    Config config;
    Error error;
    char whole[PATH_SIZE], folder[PATH_SIZE];
    tiny_config(&config, "pd");
    tiny_set(&config, "run.budget_nfe=9000");
    tiny_set(&config, "run.steps=500");
    world_whole(world, &config, whole);
    Run *run = world_create(world, &config);
    run_until(run, 11);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_save(run, &error), STATUS_OK);
    run_close(run);
    run = world_resume(world, folder);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    assert_true(run_step(run) < 100);
    const RunView *view = run_view(run), *read = run_view_read(folder, &error);
    assert_non_null(read);
    assert_string_equal(read->note, "its budget of network evaluations is spent");
    assert_true(view->nfe_teacher > 0 && view->nfe_student > 0 && view->nfe_critic == 0);
    assert_true(view->nfe_teacher + view->nfe_student >= view->budget);
    assert_near(read->nfe_teacher, view->nfe_teacher, 0);
    assert_near(read->nfe_student, view->nfe_student, 0);
    assert_near(read->budget, 9000, 0);
    /* what runs are lined up by leaves measuring out, on both sides */
    const Series *at = &read->evaluations;
    assert_true(at->n > 0 && read->shift_share > 0.01);
    assert_near(series_value(at, at->n - 1), view->nfe_teacher + view->nfe_student, 0);
    run_view_drop(view);
    run_view_drop(read);
    run_close(run);
    assert_same_logs(whole, folder);
}

int main(void)
{
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pd),
        cmocka_unit_test(test_lcm),
        cmocka_unit_test(test_critics),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_a_measurement),
        cmocka_unit_test(test_a_budget_anneals),
        cmocka_unit_test(test_a_large_budget_does_nothing),
        cmocka_unit_test(test_a_budget_holds_all_rounds),
        WITH_WORLD(test_a_budget_resumes),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
