/* One optimiser step: draw the batch, map the method's loss over its chunks, sum gradients in chunk
 * order, update. */
#include "engine/distill/train.h"
#include "engine/base/hash.h"
#include "engine/distill/safedagger.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

/* A whole batch on its way through the crew. */
typedef struct Pass {
    Lab *lab;
    const Model *model; /* in training */
    float *gradient;    /* of the mean loss, in the end */
    Draw draw;
    Batch batch;
    ChunkLoss *loss;
    float *each;   /* [batch] */
    double *total; /* [chunks] */
    Clipped (*clipped)[SITES];
    double (*term)[STEP_TERMS]; /* [chunks] */
} Pass;

static Batch batch_new(Arena *arena, int n, int dims, bool noise, bool real, bool ends)
{
    return (Batch){.n = n,
                   .z = arena_floats(arena, n * dims),
                   .x = arena_floats(arena, n * dims),
                   .u = arena_new(arena, double, n),
                   .point = arena_new(arena, int, n),
                   .label = arena_new(arena, int, n),
                   .origin = arena_new(arena, unsigned char, n),
                   .chance = arena_new(arena, double, n),
                   .noise = noise ? arena_floats(arena, n * dims) : NULL,
                   .real = real ? arena_floats(arena, n * dims) : NULL,
                   .real_label = real ? arena_new(arena, int, n) : NULL,
                   .end = ends ? arena_floats(arena, n * dims) : NULL,
                   .known = ends ? arena_zero(arena, (size_t)n) : NULL};
}

static Batch batch_rows(const Batch *batch, int begin, int end, int dims)
{
    return (Batch){.n = end - begin,
                   .z = batch->z + (size_t)begin * dims,
                   .x = batch->x + (size_t)begin * dims,
                   .u = batch->u + begin,
                   .point = batch->point + begin,
                   .label = batch->label + begin,
                   .origin = batch->origin + begin,
                   .chance = batch->chance + begin,
                   .noise = batch->noise ? batch->noise + (size_t)begin * dims : NULL,
                   .real = batch->real ? batch->real + (size_t)begin * dims : NULL,
                   .real_label = batch->real ? batch->real_label + begin : NULL,
                   .end = batch->known ? batch->end + (size_t)begin * dims : NULL,
                   .known = batch->known ? batch->known + begin : NULL};
}

/* Fresh data for row r, beside whatever state the row stands at. */
static void draw_real(Pass *pass, int r)
{
    const Lab *lab = pass->lab;
    Rng rng = rng_at(lab->seed, STREAM_REAL, source_row_index(&pass->draw, r));
    dataset_draw(&lab->data, &rng, pass->batch.real + (size_t)r * lab->data.dims,
                 &pass->batch.real_label[r]);
}

static void pass_chunk(void *context, Arena *arena, int begin, int end, int index, float *gradient)
{
    Pass *pass = context;
    Lab *lab = pass->lab;
    for (int r = begin; r < end; r++)
        source_draw(&lab->source, &pass->draw, r, &pass->batch);
    for (int r = begin; r < end && pass->batch.real; r++)
        draw_real(pass, r);
    Chunk chunk = {.lab = lab,
                   .arena = arena,
                   .gradient = gradient,
                   .scale = 1.0f / (float)pass->batch.n,
                   .rows = batch_rows(&pass->batch, begin, end, lab->data.dims),
                   .each = pass->each + begin};
    for (int site = 0; site < SITES; site++)
        chunk.clipped[site].steps = lab->grid.steps;
    tape_begin(&chunk.tape, arena, true);
    tape_block(&chunk.tape, gradient, pass->model->size);
    Tensor *loss = pass->loss(&chunk);
    pass->total[index] = (double)loss->x[0];
    tape_backward(&chunk.tape, loss);
    memcpy(pass->clipped[index], chunk.clipped, sizeof chunk.clipped);
    memcpy(pass->term[index], chunk.term, sizeof chunk.term);
}

static Pass pass_new(Lab *lab, ChunkLoss *loss, const Model *model, float *gradient)
{
    int chunks = crew_chunks(lab->batch, model->spec.chunk);
    return (Pass){.lab = lab,
                  .model = model,
                  .gradient = gradient,
                  .loss = loss,
                  .batch = batch_new(lab->step, lab->batch, lab->data.dims, lab->method->diffuses,
                                     lab->contrasts, lab->source.set.path_labels),
                  .each = arena_new(lab->step, float, lab->batch),
                  .total = arena_new(lab->step, double, chunks),
                  .clipped = arena_zero(lab->step, (size_t)chunks * sizeof(Clipped[SITES])),
                  .term = arena_zero(lab->step, (size_t)chunks * sizeof(double[STEP_TERMS]))};
}

/* What is asked of the batch as a whole. Its states stay where they were drawn. */
static void pass_share(const Pass *pass)
{
    const CrewItems items[] = {
        {.at = pass->each, .size = sizeof *pass->each},
        {.at = pass->batch.origin, .size = sizeof *pass->batch.origin},
        {.at = pass->total, .size = sizeof *pass->total, .chunks = true},
        {.at = pass->clipped, .size = sizeof *pass->clipped, .chunks = true},
        {.at = pass->term, .size = sizeof *pass->term, .chunks = true},
        {.at = pass->batch.known, .size = sizeof *pass->batch.known},
    };
    int count = sizeof items / sizeof *items - !pass->batch.known;
    crew_share(pass->lab->crew, pass->batch.n, pass->model->spec.chunk, items, count);
}

/* Runs the pass; the gradient of the mean loss ends in pass->gradient. Returns the mean loss. */
static double pass_run(Pass *pass)
{
    Lab *lab = pass->lab;
    int size = pass->model->spec.chunk, chunks = crew_chunks(lab->batch, size);
    crew_map_gradient(lab->crew, lab->batch, size, pass->model->size, pass->gradient, pass_chunk,
                      pass);
    pass_share(pass);
    double loss = 0;
    for (int c = 0; c < chunks; c++) {
        loss += pass->total[c];
        for (int site = 0; site < SITES; site++)
            lab_count_clipped(lab, (Site)site, &pass->clipped[c][site]);
    }
    return loss;
}

static void report_origins(const Pass *pass, StepReport *report)
{
    for (int r = 0; r < pass->batch.n; r++) {
        int origin = pass->batch.origin[r];
        report->origin_loss[origin] += (double)pass->each[r];
        report->origin_count[origin]++;
    }
    for (int o = 0; o < ORIGINS; o++)
        report->origin_loss[o] =
            report->origin_count[o] ? report->origin_loss[o] / report->origin_count[o] : NAN;
}

/* The means of what the chunks summed up. */
static void mean_terms(const Pass *pass, double term[STEP_TERMS])
{
    const Method *method = pass->lab->method;
    int chunks = crew_chunks(pass->batch.n, pass->model->spec.chunk);
    for (int i = 0; i < STEP_TERMS; i++)
        term[i] = NAN;
    for (int i = 0; method->terms && method->terms[i]; i++) {
        double sum = 0;
        for (int c = 0; c < chunks; c++)
            sum += pass->term[c][i];
        term[i] = sum / pass->batch.n;
    }
}

/* Rows whose label the teacher had to be asked for. */
static int asked(const Pass *pass)
{
    int n = pass->batch.n;
    for (int r = 0; r < pass->batch.n && pass->batch.known; r++)
        n -= pass->batch.known[r];
    return n;
}

static void count_cost(Lab *lab, const Pass *pass)
{
    double teacher = 0, student = 0;
    lab->method->cost(lab, &teacher, &student);
    lab->cost.teacher += teacher * asked(pass);
    lab->cost.student += student * lab->batch;
    if (lab->method->critic_cost)
        lab->cost.critic += lab->method->critic_cost(lab) * lab->batch;
}

static const char *broken_term(const StepReport *report)
{
    static const char *const loss_of[] = {"the loss on data states", "the loss on teacher states",
                                          "the loss on student states"};
    if (!isfinite(report->loss)) {
        for (int o = 0; o < ORIGINS; o++)
            if (report->origin_count[o] && !isfinite(report->origin_loss[o]))
                return loss_of[o];
        return "the loss";
    }
    return isfinite(report->grad_norm) ? NULL : "the gradient norm";
}

static Draw step_draw(const Lab *lab, long index)
{
    Draw draw = {.stream = STREAM_BATCH,
                 .step = index,
                 .batch = lab->batch,
                 .continuous = !lab->method->uses_source};
    source_priors(&lab->source, lab->clock, lab->span, draw.beta);
    draw.by_step = lab->source.set.schedule == PRIOR_STEPS && draw.beta[ORIGIN_DATA] < 1;
    return draw;
}

static void ask(void *context, const Rollout *rollout, double *error)
{
    safedagger_ask(context, rollout, error);
}

/* RollIn.path: a teacher's roll-out asks and steps as its label does. */
static int64_t label_path(const Lab *lab)
{
    const Threshold *t = &lab->threshold;
    int steps = lab->method->path_steps ? lab->method->path_steps(lab) : 0;
    bool acts = threshold_acts(t, SITE_T);
    if (!lab->source.set.path_labels || lab->source.set.expert || lab->teacher_rule != RULE_DDIM ||
        steps != source_teacher_substeps(&lab->source) || acts != threshold_acts(t, SITE_R))
        return 0;
    const double of[] = {
        steps, lab->teacher.guidance, acts ? (double)t->kind : 0, t->low, t->high, t->quantile};
    return (int64_t)(hash_bytes(0, of, acts ? sizeof of : 3 * sizeof *of) | 1);
}

const char *lab_refresh(Lab *lab, long index)
{
    Source *source = &lab->source;
    int steps = source->grid.steps;
    if (!source->grid.points)
        return NULL;
    RollIn in = {
        .student = lab_student(lab, true, steps),
        .teacher = lab_roll_in(lab, source_teacher_steps(source), source_teacher_substeps(source)),
        .partner = lab_roll_in(lab, steps, source->set.teacher_substeps),
        .crew = lab->crew,
        .arena = lab->step,
        .batch = lab->batch,
        .clock = lab_clock(lab, index),
        .span = lab->span,
        .cost = &lab->cost,
        .clipped = lab->clipped,
        .clipped_steps = lab->grid.steps,
        .path = label_path(lab),
        .ask = ask,
        .context = lab};
    return source_refresh(source, &in, index);
}

void lab_step(Lab *lab, long index, StepReport *report)
{
    size_t mark = arena_mark(lab->step);
    *report = (StepReport){0};
    lab->clock = lab_clock(lab, index);
    if (lab->method->before)
        lab->method->before(lab, index, report);
    lab->rate = lab_rate(lab);
    const char *rolled = lab_refresh(lab, index);
    Pass pass = pass_new(lab, lab->method->loss, &lab->student, lab->gradient);
    pass.draw = step_draw(lab, index);
    report->loss = pass_run(&pass);
    report_origins(&pass, report);
    mean_terms(&pass, report->term);
    AdamSettings adam = lab->adam;
    adam.lr = report->lr = lab->adam.lr * lab->rate;
    report->grad_norm = model_update_by(lab->crew, &lab->student, lab->gradient, &adam);
    count_cost(lab, &pass);
    if (lab->method->after)
        lab->method->after(lab, index, report);
    const char *broken = rolled ? rolled : broken_term(report);
    if (broken) /* before what followed from it */
        report->broken = broken;
    arena_rewind(lab->step, mark);
}

double lab_train(Lab *lab, const Training *training, long index, int repeat, double *grad_norm)
{
    size_t mark = arena_mark(lab->step);
    Pass pass = pass_new(lab, training->loss, training->model, training->gradient);
    pass.draw = step_draw(lab, index);
    pass.draw.repeat = repeat;
    if (training->beta) {
        memcpy(pass.draw.beta, training->beta, sizeof pass.draw.beta);
        pass.draw.by_step = false;
    }
    double loss = pass_run(&pass);
    AdamSettings adam = lab->adam;
    adam.lr = training->lr * lab->rate;
    double norm = model_update_by(lab->crew, training->model, training->gradient, &adam);
    if (grad_norm)
        *grad_norm = norm;
    if (training->term)
        mean_terms(&pass, training->term);
    arena_rewind(lab->step, mark);
    return loss;
}

/* ---- Regression to the teacher before distillation ---- */

/* v-space regression at continuous times on forward states of the data the distiller sees. */
static Tensor *regression_loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    Batch *rows = &chunk->rows;
    int dims = lab->data.dims;
    float *target = arena_floats(chunk->arena, rows->n * dims);
    denoise(&lab->teacher, chunk->arena, rows->n, rows->z, rows->u, rows->label, target);
    for (int r = 0; r < rows->n; r++) {
        Noise t = noise_at(lab->schedule, rows->u[r]);
        for (int k = r * dims; k < (r + 1) * dims; k++)
            target[k] = (float)v_from_x(t, (double)rows->z[k], (double)target[k]);
    }
    float *weight = arena_floats(chunk->arena, rows->n);
    for (int r = 0; r < rows->n; r++)
        weight[r] = chunk->scale;
    return op_mse(&chunk->tape, chunk_student(chunk), target, weight, chunk->each);
}

long lab_pretrain_steps(const Lab *lab)
{
    bool pretrains =
        lab->has_teacher && !strcmp(config_text(&lab->config, "student.init"), "pretrain");
    return pretrains ? config_int(&lab->config, "student.pretrain_steps") : 0;
}

double lab_pretrain(Lab *lab, long index)
{
    size_t mark = arena_mark(lab->step);
    Pass pass = pass_new(lab, regression_loss, &lab->student, lab->gradient);
    pass.draw = (Draw){.beta = {1, 0, 0},
                       .stream = STREAM_PRETRAIN,
                       .step = index,
                       .batch = lab->batch,
                       .continuous = true};
    double loss = pass_run(&pass);
    AdamSettings adam = {.lr = config_real(&lab->config, "student.pretrain_lr"),
                         .beta1 = 0.9,
                         .beta2 = 0.999,
                         .epsilon = 1e-8,
                         .clip = 1,
                         .ema = 0.99};
    adam.lr *= 1 - (double)index / (double)lab_pretrain_steps(lab);
    double norm = model_update_by(lab->crew, &lab->student, lab->gradient, &adam);
    lab->cost.teacher += (double)lab->batch * denoiser_cost(&lab->teacher);
    lab->cost.student += 3.0 * lab->batch;
    arena_rewind(lab->step, mark);
    return isfinite(norm) ? loss : (double)NAN;
}

void lab_pretrain_done(Lab *lab)
{
    memcpy(lab->student.weights, lab->student.ema, lab->student.size * sizeof(float));
    model_reset(&lab->student);
    lab->spent_before = lab_spent(lab);
    if (lab->method->start)
        lab->method->start(lab);
}

/* ---- What every loss begins with ---- */

Tensor *chunk_v(Chunk *chunk, const Model *model, const float *z, const double *u)
{
    return chunk_v_more(chunk, model, z, u, chunk->rows.label, &(NetMore){0});
}

Tensor *chunk_v_more(Chunk *chunk, const Model *model, const float *z, const double *u,
                     const int *label, NetMore *more)
{
    const NetSpec *spec = &model->spec;
    Tensor *input =
        tape_input(&chunk->tape, chunk->rows.n, spec->height, spec->width, spec->channels, z);
    return net_forward_more(spec, &chunk->tape, model->weights, chunk->gradient, input,
                            chunk_times(chunk, u), label, more);
}

float *chunk_times(const Chunk *chunk, const double *u)
{
    float *time = arena_floats(chunk->arena, chunk->rows.n);
    for (int r = 0; r < chunk->rows.n; r++)
        time[r] = (float)u[r];
    return time;
}

Tensor *chunk_student(Chunk *chunk)
{
    const Lab *lab = chunk->lab;
    NetMore more = {.condition = chunk->condition};
    if (lab->student.spec.conditioning && !chunk->condition) {
        float *condition = arena_floats(chunk->arena, chunk->rows.n);
        for (int r = 0; r < chunk->rows.n; r++)
            condition[r] =
                (float)lab->method->condition(lab, lab->teacher.guidance, lab->grid.steps);
        more.condition = condition;
    }
    return chunk_v_more(chunk, &lab->student, chunk->rows.z, chunk->rows.u, chunk->rows.label,
                        &more);
}

Tensor *chunk_student_x0(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    Batch *rows = &chunk->rows;
    int dims = lab->data.dims;
    float *scale = arena_floats(chunk->arena, rows->n),
          *shift = arena_floats(chunk->arena, rows->n * dims);
    Noises noises = {.schedule = lab->schedule};
    for (int r = 0; r < rows->n; r++) {
        Noise t = noises_at(&noises, rows->u[r]);
        scale[r] = (float)-t.sigma;
        for (int k = r * dims; k < (r + 1) * dims; k++)
            shift[k] = (float)(t.alpha * (double)rows->z[k]);
    }
    Tensor *x0 = op_affine(&chunk->tape, chunk_student(chunk), scale, shift);
    if (!threshold_acts(&lab->threshold, SITE_L))
        return x0;
    float *inside = arena_floats(chunk->arena, rows->n * dims);
    memcpy(inside, x0->x, sizeof *inside * (size_t)(rows->n * dims));
    for (int r = 0; r < rows->n; r++)
        threshold_apply(&lab->threshold, SITE_L, dims, rows->u[r], inside + (size_t)r * dims,
                        &chunk->clipped[SITE_L]);
    return op_replace_straight(&chunk->tape, x0, inside);
}
