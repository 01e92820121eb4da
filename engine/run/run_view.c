/* Owns RunViews: one allocation each, reference counted, immutable. Built from a run's
 * history, so a run on disk and a live one look alike. */
#include "engine/base/number.h"
#include "engine/distill/methods.h"
#include "engine/distill/params.h"
#include "engine/distill/train.h"
#include "engine/run/run_parts.h"
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct ViewBlock {
    RunView view;
    atomic_int references;
    Rows *curves, *times; /* what the series look into */
    Gallery *gallery, *past;
    char *output;        /* NULL, or of the run's program */
    External *external;  /* NULL, or the run's own table of parameters */
    const RunView *base; /* NULL, or what the view shares with but for the past */
    char *next;          /* memory not yet handed out */
    char memory[];
} ViewBlock;

enum { VIEW_ALIGN = 16 };

static size_t rounded(size_t bytes) { return (bytes + VIEW_ALIGN - 1) / VIEW_ALIGN * VIEW_ALIGN; }

/* Hands out a copy in the block. */
static void *copy(ViewBlock *block, const void *data, size_t bytes)
{
    char *place = block->next;
    block->next += rounded(bytes);
    if (bytes)
        memcpy(place, data, bytes);
    return place;
}

static size_t bytes_needed(const History *history, const Config *config)
{
    size_t columns = (size_t)history->columns, cells = columns * (size_t)history->rows;
    return rounded((size_t)history->terms * sizeof(TermView)) + rounded(columns * sizeof(long)) +
           rounded((size_t)history->rows * sizeof(double)) +
           SHIFT_FIELDS * rounded(cells * sizeof(float)) +
           rounded((size_t)history->marks * sizeof(MarkView)) +
           3 * rounded((size_t)history->metrics * sizeof(MetricView)) +
           rounded((size_t)history->trades * sizeof(TradeView)) +
           rounded((size_t)config->n * sizeof(char[64])) + VIEW_ALIGN;
}

static ViewBlock *block_new(const History *history, const Config *config)
{
    ViewBlock *block = malloc(sizeof *block + bytes_needed(history, config));
    need(block);
    memset(block, 0, sizeof *block);
    block->references = 1;
    block->next = (char *)rounded((size_t)block->memory);
    return block;
}

/* ---- The parts ---- */

static void fill_terms(ViewBlock *block, const History *history)
{
    RunView *view = &block->view;
    TermView *terms = (TermView *)block->next;
    block->next += rounded((size_t)history->terms * sizeof(TermView));
    for (int i = 0; i < history->terms; i++) {
        memcpy(terms[i].name, history->name[i], sizeof terms[i].name);
        terms[i].series = rows_series(history->curves, i);
    }
    view->loss_terms = history->terms;
    view->term = terms;
    view->loss = history->loss;
    view->grad_norm = history->grad_norm;
    view->lr = history->lr;
    view->smooth_loss = history_smooth_loss(history);
    block->curves = rows_keep(history->curves);
    block->times = rows_keep(history->times);
    view->seconds = rows_series(history->times, 0);
    view->evaluations = rows_series(history->times, 1);
    view->best = history->best;
}

/* The newest column as it was measured again, on more roll-outs. */
static void fill_again(ShiftView *shift, float *const *field, const History *history)
{
    enum { OWN, FORWARD, RATIO, LOW, HIGH };
    for (int r = 0; r < history->rows && history->columns; r++) {
        const ShiftRow *row = history_better(history, history->rows - r);
        size_t at = (size_t)(history->columns - 1) * (size_t)history->rows + (size_t)r;
        if (!row)
            continue;
        shift->rollouts = history->again_n;
        field[OWN][at] = (float)row->own;
        field[FORWARD][at] = (float)row->forward;
        field[RATIO][at] = (float)row->ratio;
        field[LOW][at] = (float)row->low;
        field[HIGH][at] = (float)row->high;
    }
}

static void fill_shift(ViewBlock *block, const History *history)
{
    ShiftView *shift = &block->view.shift_view;
    float *field[SHIFT_FIELDS];
    size_t cells = (size_t)history->columns * (size_t)history->rows;
    shift->rows = history->rows;
    shift->columns = history->columns;
    shift->step = copy(block, history->shift_step, (size_t)history->columns * sizeof(long));
    shift->time = copy(block, history->time, (size_t)history->rows * sizeof(double));
    for (int f = 0; f < SHIFT_FIELDS; f++)
        field[f] = copy(block, history->field[f], cells * sizeof(float));
    const float **const place[SHIFT_FIELDS] = {
        &shift->own,    &shift->forward,      &shift->ratio,
        &shift->low,    &shift->high,         &shift->mmd2,
        &shift->null95, &shift->mmd2_teacher, &shift->null95_teacher,
        &shift->paired};
    for (int f = 0; f < SHIFT_FIELDS; f++)
        *place[f] = field[f];
    fill_again(shift, field, history);
    block->view.shift = history_worst_shift(history, &block->view.shift_row);
}

static void fill_params(ViewBlock *block, const Config *config)
{
    char(*text)[64] = (char(*)[64])block->next;
    block->next += rounded((size_t)config->n * sizeof *text);
    for (int i = 0; i < config->n; i++)
        snprintf(text[i], sizeof text[i], "%s", config_value(config, i));
    block->view.params = config->n;
    block->view.param = (const char(*)[64])text;
}

/* A number; external runs need not have it. */
static double number_of(const Config *config, const char *name, double otherwise)
{
    int i = config_find(config, name);
    return i < 0 ? otherwise : config->value[i].number;
}

static void fill_names(RunView *view, const char *folder, const Config *config,
                       const Lineage *lineage)
{
    view->id = folder_id(folder);
    snprintf(view->name, sizeof view->name, "%.63s", folder_name(folder));
    snprintf(view->method, sizeof view->method, "%.15s", config_text(config, "run.method"));
    snprintf(view->data, sizeof view->data, "%.15s", config_text(config, "data.name"));
    view->parent = lineage->parent;
    view->parent_step = lineage->parent_step;
    view->steps = number_floor(number_of(config, "run.steps", 0), 0, STEP_MOST, 0);
    view->batch = number_floor(number_of(config, "run.batch", 0), 0, STEP_MOST, 0);
    view->budget = number_of(config, "run.budget_nfe", 0);
    const Method *method = method_find(view->method);
    view->guided = number_of(config, "teacher.guidance", 1) != 1;
    view->renoises = method && method->rule == RULE_RENOISE;
}

/* "forked from 01@900: source.beta_student 0.25 -> 0.5" */
static void describe_fork(RunView *view, const History *history, const Lineage *lineage)
{
    const char *changes = NULL;
    for (int i = 0; i < history->marks && !changes; i++)
        if (strncmp(history->mark[i].text, "forked from ", 12) == 0)
            changes = strchr(history->mark[i].text, ':');
    snprintf(view->note, sizeof view->note, "forked from %02d@%ld%.60s", lineage->parent,
             lineage->parent_step, changes ? changes : "");
}

static void fill_beside(ViewBlock *block, const History *history)
{
    MetricView none = {.value = NAN, .low = NAN, .high = NAN};
    int n = history->metrics;
    MetricView *all = copy(block, NULL, 0);
    block->next += rounded(2 * (size_t)n * sizeof *all);
    block->view.beside = all;
    block->view.teacher_steps = history->beside_k;
    for (int k = 0; k < BESIDES * n; k++) {
        int who = k / n, i = k % n;
        all[k] = none;
        for (int m = 0; m < history->besides[who]; m++)
            if (strcmp(history->beside[who][m].name, history->metric[i].name) == 0)
                all[k] = history->beside[who][m];
    }
}

/* What a folder and an open run have in common. gallery: a reference that the view takes
 * over, or NULL. */
static ViewBlock *view_new(const char *folder, const Config *config, const Lineage *lineage,
                           const History *history, Gallery *gallery)
{
    ViewBlock *block = block_new(history, config);
    RunView *view = &block->view;
    fill_names(view, folder, config, lineage);
    fill_terms(block, history);
    fill_shift(block, history);
    view->marks = history->marks;
    view->mark = copy(block, history->mark, (size_t)history->marks * sizeof(MarkView));
    view->metrics = history->metrics;
    view->metrics_step = history->metrics_step;
    view->metric = copy(block, history->metric, (size_t)history->metrics * sizeof(MetricView));
    view->metrics_n = history->metrics_n;
    view->trades = history->trades;
    view->trade = copy(block, history->trade, (size_t)history->trades * sizeof(TradeView));
    view->best_metric = history->best_metric;
    view->best_step = history->best_step;
    if (history->beside_n > 0)
        fill_beside(block, history);
    fill_params(block, config);
    for (int o = 0; o < ORIGINS; o++)
        view->prior[o] = view->share[o] = NAN;
    snprintf(view->note, sizeof view->note, "%s", history->note);
    if (!view->note[0] && lineage->parent)
        describe_fork(view, history, lineage);
    block->gallery = gallery;
    if (gallery)
        view->samples = *gallery_view(gallery);
    return block;
}

static void fill_mixture(RunView *view, const Run *run)
{
    double all = 0;
    for (int o = 0; o < ORIGINS; o++)
        all += run->drawn[o];
    source_priors(&run->lab.source, lab_clock(&run->lab, run->step), run->lab.span, view->prior);
    for (int o = 0; o < ORIGINS && all > 0; o++)
        view->share[o] = run->drawn[o] / all;
}

/* ---- Views ---- */

/* At the pace of the steps so far, should a budget end the run. */
static double steps_left(const Lab *lab, long step)
{
    double clock = fmax(lab_clock(lab, step), (double)step), left = (double)lab->steps - clock;
    return clock > (double)step && step > 0 ? left * (double)step / clock : left;
}

const RunView *run_view(Run *run)
{
    const Cost *cost = &run->lab.cost;
    ViewBlock *block = view_new(run->folder, &run->config, &run->lineage, &run->history,
                                gallery_keep(run->gallery));
    RunView *view = &block->view;
    view->state = run->state;
    view->step = run->step;
    view->checkpoint = run->checkpoint;
    view->steps_per_s = run_speed(run);
    view->seconds_left = steps_left(&run->lab, run->step) / view->steps_per_s;
    view->nfe = cost_total(cost);
    fill_mixture(view, run);
    view->nfe_teacher = cost->teacher;
    view->nfe_student = cost->student;
    view->nfe_critic = cost->critic;
    view->shift_share = view->nfe > 0 ? cost->shift / view->nfe : 0;
    if (run->stage == STAGE_PRETRAIN && run->state != RUN_FAILED)
        snprintf(view->note, sizeof view->note, "regression to the teacher %ld/%ld, loss %.4g",
                 run->pretrained, lab_pretrain_steps(&run->lab), run->pretrain_loss);
    return view;
}

static ViewBlock *block_of(const RunView *view)
{
    return (ViewBlock *)(void *)((char *)(size_t)view - offsetof(ViewBlock, view));
}

const RunView *run_view_keep(const RunView *view)
{
    atomic_fetch_add(&block_of(view)->references, 1);
    return view;
}

const RunView *run_view_in_brief(const RunView *view)
{
    static const Series none;
    size_t metrics = (size_t)view->metrics * sizeof *view->metric;
    size_t beside = view->beside ? BESIDES * metrics : 0;
    size_t params = (size_t)view->params * sizeof *view->param;
    ViewBlock *block = calloc(1, sizeof *block + rounded(metrics) + rounded(beside) +
                                     rounded(params) + VIEW_ALIGN);
    need(block);
    block->next = (char *)rounded((size_t)block->memory);
    block->references = 1;
    block->external = external_keep(block_of(view)->external);
    RunView *brief = &block->view;
    *brief = *view;
    brief->brief = true;
    brief->metric = copy(block, view->metric, metrics);
    brief->beside = view->beside ? copy(block, view->beside, beside) : NULL;
    brief->param = copy(block, view->param, params);
    brief->seconds = brief->evaluations = none;
    brief->shift_view = (ShiftView){0};
    brief->samples = brief->past = (SamplesView){0};
    brief->loss_terms = brief->marks = brief->trades = 0;
    brief->trade = NULL;
    brief->term = NULL;
    brief->mark = NULL;
    return brief;
}

const RunView *run_view_with_past(const RunView *view, Gallery *past)
{
    ViewBlock *block = calloc(1, sizeof *block);
    need(block);
    block->view = *view;
    block->view.past = *gallery_view(past);
    block->references = 1;
    block->past = gallery_keep(past);
    block->base = run_view_keep(view);
    return &block->view;
}

void run_view_drop(const RunView *view)
{
    if (!view)
        return;
    ViewBlock *block = block_of(view);
    if (atomic_fetch_sub(&block->references, 1) != 1)
        return;
    gallery_drop(block->gallery);
    rows_drop(block->curves);
    rows_drop(block->times);
    gallery_drop(block->past);
    external_drop(block->external);
    free(block->output);
    run_view_drop(block->base);
    free(block);
}

void run_view_amend(const RunView *view, const RunNews *news)
{
    RunView *fresh = &block_of(view)->view;
    fresh->state = news->state;
    fresh->step = news->step > fresh->step ? news->step : fresh->step; /* a log may be ahead */
    fresh->checkpoint = news->checkpoint;
    fresh->steps_per_s = news->speed;
    fresh->seconds_left = news->left;
    fresh->nfe = news->nfe;
    fresh->shift_share = news->share;
    memcpy(fresh->prior, news->prior, sizeof fresh->prior);
    memcpy(fresh->share, news->drawn, sizeof fresh->share);
    snprintf(fresh->note, sizeof fresh->note, "%s", news->note);
}

char *run_live_samples(char path[PATH_SIZE], const char *folder)
{
    return file_join(path, folder, "samples/.live.safetensors");
}

/* Nobody trains an external run, though nobody said so. */
static void interrupt(RunView *view)
{
    if (view->state == RUN_LIVE && !view->note[0])
        snprintf(view->note, sizeof view->note, "interrupted");
    if (view->state == RUN_LIVE)
        view->state = RUN_PAUSED;
}

void run_view_lost(const RunView *view) { interrupt(&block_of(view)->view); }

Status run_view_save_samples(const RunView *view, const char *runs, Error *error)
{
    char path[PATH_SIZE], folder[PATH_SIZE], name[NAME_SIZE + 16];
    const ViewBlock *block = block_of(view);
    if (!block->gallery)
        return fail(error, STATUS_BAD_INPUT, "run %d has no samples yet", view->id);
    snprintf(name, sizeof name, "%04d-%s", view->id, view->name);
    return gallery_save(block->gallery, run_live_samples(path, file_join(folder, runs, name)),
                        error);
}

/* Its program ended by itself, with an error. */
static void end_with(RunView *view, int status)
{
    view->state = RUN_FAILED;
    snprintf(view->note, sizeof view->note, "its program ended with status %d: see output.log",
             status);
}

/* What its writers did wrong, the first of it. */
static void complain_of(RunView *view, const ViewBlock *block, const History *history,
                        const char *folder)
{
    char path[PATH_SIZE];
    Trainer trainer;
    const char *told = external_complaint(block->external);
    told = *told ? told : history->odd;
    if (!*told && !trainer_read(folder, &trainer) && file_exists(file_join(path, folder, "owner")))
        told = "owner: this is no line of a trainer";
    snprintf(view->complaint, sizeof view->complaint, "%.119s", told);
}

/* An external run, as its trainer's last words and its process say. */
static void settle_external(RunView *view, const History *history, const char *folder)
{
    Trainer trainer;
    bool known = trainer_read(folder, &trainer);
    bool over = history->state == RUN_DONE || history->state == RUN_FAILED;
    view->state = over ? history->state : known ? trainer.state : RUN_QUEUED;
    view->checkpoint = external_checkpoint(folder, STEP_MOST, NULL, NULL);
    int status = launch_exit(folder);
    if (!known && status > 0)
        end_with(view, status);
    if (!known)
        return;
    view->step = trainer.step > view->step ? trainer.step : view->step;
    view->steps_per_s = trainer.speed;
    if (trainer_is_of_this_host(&trainer) && !trainer_is_here(&trainer))
        interrupt(view);
    if (view->state == RUN_PAUSED && trainer.state != RUN_PAUSED && status > 0 && status < 128)
        end_with(view, status);
}

/* A run whose last words were "live" but that nobody holds was killed. One that rests goes on from
 * its newest checkpoint, whatever its logs hold beyond. */
static void settle_state(RunView *view, const History *history, const char *folder)
{
    char path[PATH_SIZE];
    view->state = history->state;
    view->step = history->step;
    view->checkpoint = checkpoint_newest(folder);
    bool held = folder_locked(file_join(path, folder, "lock"));
    if (held || view->state == RUN_DONE || view->state == RUN_FAILED)
        return;
    if (view->state == RUN_LIVE && !view->note[0])
        snprintf(view->note, sizeof view->note, "interrupted");
    view->state = RUN_PAUSED;
    view->step = view->checkpoint > 0 ? view->checkpoint : 0;
}

RunView *run_view_of(const char *folder, const Config *config, const Lineage *lineage,
                     const History *history, Gallery *gallery, External *external)
{
    ViewBlock *block = view_new(folder, config, lineage, history, gallery);
    RunView *view = &block->view;
    view->step = history->step;
    view->steps_per_s = history->steps_per_s;
    view->external = external;
    if (external) {
        block->external = external_keep(external);
        view->info = external_info(external);
        view->output = block->output = launch_output(folder);
        settle_external(view, history, folder);
        complain_of(view, block, history, folder);
    } else {
        settle_state(view, history, folder);
    }
    view->steps_per_s = view->state == RUN_LIVE ? view->steps_per_s : (double)NAN;
    view->seconds_left = (double)(view->steps - view->step) / view->steps_per_s;
    view->nfe = history->nfe;
    view->nfe_teacher = history->spent[0];
    view->nfe_student = history->spent[1];
    view->nfe_critic = history->spent[2];
    view->shift_share = history->nfe > 0 ? history->shift_nfe / history->nfe : 0;
    return view;
}
