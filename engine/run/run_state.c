/* A run in memory: its lab, its arenas, and its way into and out of checkpoints. */
#include "engine/distill/lab_open.h"
#include "engine/run/run_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Address space, not memory: pages are taken as they are touched. */
static const size_t KEEP_BYTES = (size_t)8 << 30, SCRATCH_BYTES = (size_t)4 << 30;

/* ---- A run in memory ---- */

/* A run with its lab, without a folder. */
Status run_new(Run **made, const Config *config, Crew *crew, Error *error)
{
    Run *run = calloc(1, sizeof *run);
    need(run);
    *made = run;
    run->lock = run->runs_lock = -1;
    run->checkpoint = -1;
    run->config = *config;
    run_pin_paths(&run->config);
    run->pretrain_loss = NAN;
    run->state = RUN_PAUSED;
    arena_init(&run->keep, KEEP_BYTES);
    arena_init(&run->scratch, SCRATCH_BYTES);
    arena_init(&run->measuring, SCRATCH_BYTES);
    Status status = lab_open(&run->lab, &run->config, crew, &run->keep, &run->scratch, error);
    if (status)
        return status;
    run->config = run->lab.config; /* less what these data have no use for */
    run_open_shift(run);
    run_set_cadence(run);
    run_name_terms(run);
    history_init(&run->history, run->terms, run->term);
    return STATUS_OK;
}

void run_close(Run *run)
{
    if (!run)
        return;
    log_close(&run->log);
    folder_unlock(&run->lock);
    folder_unlock(&run->runs_lock);
    gallery_drop(run->gallery);
    features_close(run->features);
    history_done(&run->history);
    arena_done(&run->keep);
    arena_done(&run->scratch);
    arena_done(&run->measuring);
    free(run);
}

/* Hands the run over, or closes it. */
Status run_give(Run **out, Run *run, Status status)
{
    if (status) {
        run_close(run);
        run = NULL;
    }
    *out = run;
    return status;
}

/* ---- What it is ---- */

Lab *run_lab(Run *run) { return &run->lab; }

Shift *run_shift(Run *run) { return run->shift; }

int run_id(const Run *run) { return folder_id(run->folder); }

const char *run_folder(const Run *run) { return run->folder; }

const char *run_name(const Run *run) { return folder_name(run->folder); }

RunState run_state(const Run *run) { return run->state; }

long run_step(const Run *run) { return run->step; }

const EvalReport *run_last_eval(const Run *run) { return run->evaluated ? &run->eval : NULL; }

/* ---- Checkpoints ---- */

static void state_walk(void *context, Walk *walk)
{
    Run *run = context;
    int64_t step = run->step, stage = run->stage, pretrained = run->pretrained;
    walk_i64(walk, "run.step", 1, &step);
    walk_i64(walk, "run.stage", 1, &stage);
    walk_i64(walk, "run.pretrained", 1, &pretrained);
    run->step = (long)step;
    run->stage = stage >= 0 && stage < STAGES ? (RunStage)stage : STAGES;
    run->pretrained = (long)pretrained;
    window_walk(&run->window, walk);
    walk_clipped(walk, "clipped_logged", run->lab.grid.steps, run->clipped_logged);
    walk_clipped(walk, "clipped_measured", run->lab.grid.steps, run->clipped_measured);
    lab_walk(&run->lab, walk);
}

/* Looks for a float that is none. */
typedef struct Look {
    Walk walk;
    char *name; /* of the first array with one, 64 bytes; "" before */
} Look;

static void look(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                 void *data)
{
    Look *look = (Look *)walk;
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    for (size_t k = 0; k < n && type == WALK_F32 && !*look->name; k++)
        if (!isfinite(((const float *)data)[k]))
            snprintf(look->name, 64, "a number of %.50s", name);
}

static char *broken_array(Run *run, char name[64])
{
    Look looking = {.walk = {look}, .name = name};
    *name = 0;
    state_walk(run, &looking.walk);
    return name;
}

/* Only what is finite is saved: a checkpoint is good. */
Status run_save(Run *run, Error *error)
{
    char name[64];
    must(!run->looking);
    if (*broken_array(run, name))
        return run_broken(run, name, run->step, error);
    Status status = log_sync(&run->log, error);
    if (status)
        return status;
    char *config = folder_config_text(&run->config);
    status = checkpoint_save(run->folder, run->step, config, state_walk, run, error);
    free(config);
    if (status)
        return status;
    run->checkpoint = run->step;
    checkpoint_prune(run->folder, config_int(&run->config, "run.keep_checkpoints"));
    return STATUS_OK;
}

/* Numbers that index memory: a file cannot be trusted with them. */
static bool replay_sane(const Replay *replay, int classes)
{
    if (!replay->capacity)
        return true;
    bool sane = replay->filled >= 0 && replay->filled <= replay->capacity && replay->next >= 0 &&
                replay->next < replay->capacity && replay->made >= 0;
    for (int i = 0; i < replay->capacity; i++)
        sane = sane && replay->label[i] >= 0 && replay->label[i] <= classes;
    return sane;
}

/* Loads one checkpoint of `folder` into a fresh run. */
Status run_load(Run *run, const char *folder, long step, Error *error)
{
    Status status = checkpoint_load(folder, step, state_walk, run, error);
    if (status)
        return status;
    const Lab *lab = &run->lab;
    bool sane = run->step == step && run->stage < STAGES && run->pretrained >= 0 &&
                lab->student.updates >= 0 && replay_sane(&lab->source.teacher, lab->data.classes) &&
                replay_sane(&lab->source.student, lab->data.classes);
    if (sane)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: the checkpoint of step %ld holds counters that cannot be", folder, step);
}

/* The newest good checkpoint, if there is any checkpoint at all. A damaged one is passed
 * over. */
Status run_load_newest(Run *run, const char *folder, Error *error)
{
    long *steps;
    int n = checkpoint_list(folder, &steps);
    Status status = STATUS_OK;
    Error reason = {{0}};
    for (int i = n - 1; i >= 0; i--) {
        status = run_load(run, folder, steps[i], i == n - 1 ? &reason : NULL);
        if (status)
            continue;
        run->checkpoint = steps[i];
        if (i < n - 1)
            fail(&run->passed_over, status, "%s", reason.text);
        break;
    }
    free(steps);
    return status ? fail(error, STATUS_BAD_INPUT, "%s", reason.text) : STATUS_OK;
}
