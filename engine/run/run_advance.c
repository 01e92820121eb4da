/* A run, quantum by quantum. At each step the stages come in their order (run_parts.h):
 * shift, evaluation, checkpoint, next step; so everything logged at a step stands in the
 * logs before the checkpoint of that step does. */
#include "engine/base/clock.h"
#include "engine/distill/params.h"
#include "engine/distill/provenance.h"
#include "engine/distill/train.h"
#include "engine/nets/weights.h"
#include "engine/run/run_parts.h"
#include "engine/show/sheet_png.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRETRAIN_BLOCK = 8, EVAL_POINTS = 4000, EVAL_PICTURES = 500 };
static const double TIMES_EVERY_S = 5, SPEED_MEMORY_S = 4;

/* ---- When ---- */

static bool budget_spent(const Run *run)
{
    return run->lab.budget > 0 && lab_spent(&run->lab) >= run->lab.budget;
}

bool run_finished(const Run *run) { return run->step >= run->lab.steps || budget_spent(run); }

static bool every(const Run *run, long interval)
{
    return interval > 0 && run->step % interval == 0;
}

/* One of the steps of run.eval_at? */
static bool is_named(const Run *run)
{
    enum { MOST = 128 }; /* more do not fit a value */
    int at[MOST], n = config_list(&run->config, "run.eval_at", at, MOST);
    bool named = false;
    for (int i = 0; i < n && !named; i++)
        named = run->step == at[i];
    return named;
}

static bool stage_due(const Run *run)
{
    bool start = run->step == 0, end = run_finished(run) || is_named(run);
    switch (run->stage) {
    case STAGE_PRETRAIN: return true;
    case STAGE_SHIFT: return run->shift && (start || end || every(run, run->shift_every));
    case STAGE_EVAL:
        return end || (!start && every(run, config_int(&run->config, "run.eval_every")));
    case STAGE_SAVE:
        return start || end || every(run, config_int(&run->config, "run.checkpoint_every"));
    case STAGE_STEP:
    case STAGES: break;
    }
    return true;
}

/* ---- Speed ---- */

static void count_speed(Run *run, double steps)
{
    Speed *speed = &run->speed;
    double now = clock_s();
    if (speed->before > 0) {
        double passed = now - speed->before, fade = exp(-passed / SPEED_MEMORY_S);
        speed->steps = speed->steps * fade + steps;
        speed->seconds = speed->seconds * fade + passed;
    }
    speed->before = now;
}

double run_speed(const Run *run)
{
    return run->speed.seconds > 0 ? run->speed.steps / run->speed.seconds : NAN;
}

static Status log_speed_now(Run *run, Error *error)
{
    const Cost *cost = &run->lab.cost;
    double speed = run_speed(run), nfe = cost_total(cost);
    history_times(&run->history, run->step, speed, nfe, cost->shift);
    return log_times(&run->log, run->step, speed, nfe, cost->shift, error);
}

static Status log_speed(Run *run, Error *error)
{
    double now = clock_s();
    if (now < run->times_next)
        return STATUS_OK;
    run->times_next = now + TIMES_EVERY_S;
    folder_beat(run->lock);
    folder_beat(run->runs_lock);
    return log_speed_now(run, error);
}

/* ---- One stage each ---- */

static Status pretrain(Run *run, Error *error)
{
    long steps = lab_pretrain_steps(&run->lab);
    for (int i = 0; i < PRETRAIN_BLOCK && run->pretrained < steps; i++) {
        run_deal(run, TASK_PRETRAIN, run->pretrained);
        run->pretrain_loss = lab_pretrain(&run->lab, run->pretrained++);
        run_dealt(run);
        if (!isfinite(run->pretrain_loss))
            return fail(error, STATUS_FAILED,
                        "the regression to the teacher left the finite numbers at its "
                        "step %ld; begin again with a smaller student.pretrain_lr",
                        run->pretrained);
    }
    if (run->pretrained >= steps) {
        run_deal(run, TASK_START, 0);
        lab_pretrain_done(&run->lab);
        run_dealt(run);
        run->stage = STAGE_SHIFT;
    }
    return STATUS_OK;
}

static Status log_step(Run *run, const StepReport *report, Error *error)
{
    double values[TERMS_MAX];
    if (!every(run, config_int(&run->config, "run.log_every")) && !run_finished(run))
        return STATUS_OK;
    run_row_values(run, report, values);
    history_metrics(&run->history, run->step, report->loss, report->grad_norm, report->lr, values);
    memcpy(run->clipped_logged, run->lab.clipped, sizeof run->clipped_logged);
    return log_metrics(&run->log, run->step, report->loss, report->grad_norm, report->lr,
                       run->terms, values, error);
}

/* Which origins the last batches came from, about ten of them. */
static void count_origins(Run *run, const StepReport *report)
{
    static const double FADE = 0.9;
    for (int o = 0; o < ORIGINS; o++)
        run->drawn[o] = FADE * run->drawn[o] + report->origin_count[o];
}

static Status step(Run *run, Error *error)
{
    StepReport report;
    run_deal(run, TASK_STEP, run->step);
    lab_step(&run->lab, run->step, &report);
    run_dealt(run);
    count_origins(run, &report);
    if (report.broken)
        return run_broken(run, report.broken, run->step + 1, error);
    window_add(&run->window, report.loss, report.grad_norm);
    if (*report.mark)
        run_event(run, run->step, report.mark, NULL);
    run->step++;
    run->stage = STAGE_SHIFT;
    return log_step(run, &report, error);
}

static Status evaluate(Run *run, Error *error)
{
    const Dataset *data = &run->lab.data;
    Policy student = lab_student(&run->lab, false, 0);
    int n = (int)config_int(&run->config, "run.eval_samples");
    if (!n)
        n = dataset_is_points(data) ? EVAL_POINTS : EVAL_PICTURES;
    Judge judge = run_judge(run, &run->scratch);
    crew_rest(run->lab.crew);
    run_deal(run, TASK_EVAL, n);
    eval_policy(&judge, &student, n, run->lab.seed, &run->eval);
    run_dealt(run);
    for (int i = 0; i < run->eval.metrics; i++)
        if (!strcmp(run->eval.metric[i].name, "sw2") && !isfinite(run->eval.metric[i].value))
            return run_broken(run, "a sample that was to be judged", run->step, error);
    if (!run->evaluated && *run_features_missing(run))
        run_warn(run, "judged without features: %.200s", run_features_missing(run));
    if (!run->evaluated && run->features && *run->features->other)
        run_warn(run, "%s", run->features->other);
    run->evaluated = true;
    history_eval(&run->history, run->step, &run->eval);
    return log_eval(&run->log, run->step, &run->eval, error);
}

/* Makes the gallery show the present step. */
static void renew_gallery(Run *run)
{
    bool lacking = !run->gallery || (run->follows && !gallery_view(run->gallery)->paths);
    if (!lacking && run->gallery_step == run->step && !run->gallery_stale)
        return;
    if (run->gallery && run->gallery_stale) {
        gallery_drop(run->gallery);
        run->gallery = NULL;
    }
    run->gallery = run->gallery ? gallery_renew(&run->lab, run->step, run->gallery, run->follows)
                                : gallery_make(&run->lab, run->step, NULL, run->follows);
    run->gallery_stale = false;
    run->gallery_step = run->step;
}

static bool gallery_due(const Run *run)
{
    long every_steps = run->gallery_every;
    return !run->gallery || run->gallery_stale ||
           run->gallery_step / every_steps != run->step / every_steps;
}

/* Sheets are a convenience: a failure is logged, the run goes on. */
static Status save_sheet(Run *run, Error *error)
{
    char path[PATH_SIZE], name[64];
    Error reason;
    renew_gallery(run);
    snprintf(name, sizeof name, "samples/step-%08ld.png", run->step);
    Status status =
        sheet_save(gallery_view(run->gallery), file_join(path, run->folder, name), &reason);
    if (!status)
        status = gallery_save(run->gallery,
                              file_join(path, run->folder, "samples/latest.safetensors"), &reason);
    if (!status)
        return STATUS_OK;
    return log_event(&run->log, run->step, reason.text, error);
}

static Status perform(Run *run, Error *error)
{
    RunStage stage = run->stage;
    switch (stage) {
    case STAGE_PRETRAIN: return pretrain(run, error);
    case STAGE_STEP: return step(run, error);
    default: break;
    }
    run->stage++; /* first: a checkpoint must not repeat what was done before it */
    Status status = STATUS_OK;
    if (stage == STAGE_SHIFT)
        status = run_measure_shift(run, error);
    else if (stage == STAGE_EVAL)
        status = evaluate(run, error);
    else /* the sheet first: a run killed in between makes it again */
        status = save_sheet(run, error);
    if (!status && stage == STAGE_SAVE)
        status = run_save(run, error);
    return status;
}

static Status save_weights(const Run *run, const char *path, Error *error)
{
    const Model *student = &run->lab.student;
    Provenance of;
    provenance_of(&run->lab, &of);
    provenance_add(&of, "run", "%s", run_name(run));
    provenance_add(&of, "step", "%ld", run->step);
    return weights_save(path, &student->spec, student->ema, of.pair, error);
}

/* Weights for the next run. Like a sheet: what fails is said, and the run is done all the same. */
static void export(Run *run)
{
    const char *path = config_text(&run->config, "run.export");
    Error reason;
    if (!*path)
        return;
    if (save_weights(run, path, &reason))
        run_warn(run, "run.export: %.300s", reason.text);
    else
        run_event(run, run->step, "weights exported", NULL);
}

static RunPulse finish(Run *run, RunState state, const char *why)
{
    if (run->state != state) {
        if (state == RUN_DONE)
            export(run);
        log_speed_now(run, NULL);
        run_mark_state_why(run, state, why);
    }
    return state == RUN_DONE ? PULSE_DONE : PULSE_FAILED;
}

static void pass_over(Run *run)
{
    while (!stage_due(run))
        run->stage++;
}

bool run_rests(Run *run)
{
    pass_over(run);
    return run->stage == STAGE_STEP;
}

RunPulse run_advance(Run *run, Error *error)
{
    must(!run->looking);
    pass_over(run);
    bool over = run->stage == STAGE_STEP && run_finished(run);
    if (over && run_beside_due(run))
        return run_beside(run, error) ? finish(run, RUN_FAILED, error->text) : PULSE_MORE;
    if (over && run_rollouts_due(run))
        return run_rollouts(run, error) ? finish(run, RUN_FAILED, error->text) : PULSE_MORE;
    if (over)
        return finish(run, RUN_DONE,
                      budget_spent(run) ? "its budget of network evaluations is spent" : "");
    if (run->state != RUN_LIVE)
        run_mark_state(run, RUN_LIVE);
    long before = run->step;
    Status status = perform(run, error);
    count_speed(run, (double)(run->step - before));
    if (!status)
        status = log_speed(run, error);
    if (!status)
        return PULSE_MORE;
    return finish(run, RUN_FAILED, error->text);
}

/* ---- Looking in ---- */

void run_watch(Run *run) { run->watched = !run->looking; }

void run_show(Run *run)
{
    if (run->watched && run->stage != STAGE_PRETRAIN && gallery_due(run))
        renew_gallery(run);
}

void run_follow(Run *run, bool paths)
{
    if (run->follows == paths)
        return;
    run->follows = paths;
    run_set_cadence(run);
    if (paths && run->stage != STAGE_PRETRAIN)
        renew_gallery(run);
}
