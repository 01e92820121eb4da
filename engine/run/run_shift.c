/* Owns how often a run measures and shows itself, counted in network evaluations, never
 * timed, and the measure's set-up. */
#include "engine/distill/lab.h"
#include "engine/run/run_parts.h"
#include <math.h>
#include <string.h>

static const double SHIFT_SHARE = 0.025, GALLERY_SHARE = 0.008, PATHS_SHARE = 0.012;
enum { EVERY_LEAST = 10, EVERY_UNIT = 5 };

static void label(const void *context, Arena *arena, const States *states, float *x0)
{
    const Lab *lab = context;
    lab->method->label(lab, arena, states, x0);
}

static void method_gap(const void *context, Arena *arena, const Policy *student,
                       const States *states, double *gap)
{
    const Lab *lab = context;
    lab->method->disagreement(lab, arena, student, states, gap);
}

Shift *run_shift_at(const Lab *lab, int steps, int n, uint64_t seed, Arena *arena)
{
    const Method *method = lab->method;
    if (!(method->label || method->disagreement) || !lab->has_teacher)
        return NULL;
    Cost each = method->label_cost(lab);
    ShiftSetup setup = {.n = n,
                        .seed = seed,
                        .data = &lab->data,
                        .schedule = lab->schedule,
                        .teacher = lab_teacher(lab, steps, lab->source.set.teacher_substeps),
                        .label = method->label ? label : NULL,
                        .gap = method->label ? NULL : method_gap,
                        .context = lab,
                        .label_cost = (int)cost_total(&each)};
    return shift_open(&setup, arena);
}

void run_open_shift(Run *run)
{
    const Lab *lab = &run->lab;
    int n = (int)config_int(&run->config, "shift.samples");
    arena_rewind(&run->measuring, 0);
    run->shift = run_shift_at(lab, lab->grid.steps, n, lab->seed, &run->measuring);
}

/* Network evaluations of an optimiser step: training, and the renewal of student
 * roll-outs. */
static double step_cost(const Lab *lab)
{
    const SourceSettings *set = &lab->source.set;
    double teacher = 0, student = 0, rollouts = 0;
    lab->method->cost(lab, &teacher, &student);
    if (lab->method->uses_source && set->beta[ORIGIN_STUDENT] > 0)
        rollouts = set->refresh > 0 ? set->refresh
                                    : lab->batch * set->beta[ORIGIN_STUDENT] / lab->grid.steps;
    if (lab->method->critic_cost)
        student += lab->method->critic_cost(lab);
    return (teacher + student) * lab->batch + rollouts * lab->grid.steps;
}

/* The smallest multiple of EVERY_UNIT, at least EVERY_LEAST, at which `cost` is within
 * `share` of the steps'. */
static long every_for(double cost, double share, double step)
{
    double every = ceil(cost / (share * step) / EVERY_UNIT) * EVERY_UNIT;
    return every > EVERY_LEAST ? (long)fmin(every, 1e9) : EVERY_LEAST;
}

void run_set_cadence(Run *run)
{
    Policy student = lab_student(&run->lab, false, 0);
    double step = step_cost(&run->lab);
    long asked = config_int(&run->config, "shift.every");
    run->gallery_every = every_for(gallery_cost(&run->lab, run->follows),
                                   run->follows ? PATHS_SHARE : GALLERY_SHARE, step);
    if (!run->shift)
        run->shift_every = 0;
    else if (asked > 0)
        run->shift_every = asked;
    else
        run->shift_every = every_for(shift_cost(run->shift, &student), SHIFT_SHARE, step);
}

Status run_measure_shift(Run *run, Error *error)
{
    ShiftRow rows[SHIFT_ROWS_MAX];
    Policy student = lab_student(&run->lab, false, 0);
    int n = run->lab.grid.steps, worst;
    must(n <= SHIFT_ROWS_MAX);
    if (run->step == 0) /* the one-time work: repeated after a resume, counted once */
        run->lab.cost.shift += shift_setup_cost(run->shift);
    run_deal(run, TASK_SHIFT, run->step);
    run->lab.cost.shift += shift_measure(run->shift, run->lab.crew, &run->scratch, &student, rows);
    run_dealt(run);
    for (int r = 0; r < n; r++)
        if (!isfinite(rows[r].own) || !isfinite(rows[r].paired))
            return run_broken(run, "a state of the student where its shift is measured", run->step,
                              error);
    /* What steers the priors: at i = N all states are noise, and so is a ratio there. */
    run->lab.source.measured_shift = shift_worst(rows, n, &worst);
    for (int r = 0; r < n; r++)
        run->lab.source.shift[rows[r].i - 1] = r == 0 && n > 1 ? 1 : rows[r].ratio;
    history_shift(&run->history, run->step, n, rows);
    Status status = log_shift(&run->log, run->step, n, rows, error);
    if (!status)
        status =
            log_threshold(&run->log, run->step, n, run->lab.clipped, run->clipped_measured, error);
    memcpy(run->clipped_measured, run->lab.clipped, sizeof run->clipped_measured);
    return status;
}
