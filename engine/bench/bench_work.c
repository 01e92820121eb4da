/* Owns what the named steps do: plain training and sampling of the two reference networks
 * on random data, and one step of a distiller on the ring. May call all of the engine. */
#include "engine/bench/bench_work.h"
#include "engine/distill/lab_open.h"
#include "engine/distill/params.h"
#include "engine/distill/train.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <stdio.h>

/* Network evaluations to flops: a forward pass of one sample is one evaluation. */
static double flops_of(const NetSpec *spec, double evaluations)
{
    return evaluations * net_flops(spec) / 3;
}

static void open_model(Work *work, const NetSpec *shape, int batch)
{
    NetSpec spec = *shape;
    must(net_spec_complete(&spec, NULL) == STATUS_OK);
    model_init(&work->model, &spec, 1, &work->keep);
    work->batch = batch;
    work->turn = 1;
    work->warmup = 3;
}

/* ---- Training ---- */

/* A row of v prediction on normal data: z = alpha x + sigma noise, v = alpha noise -
 * sigma x. */
static void draw_row(Rng *rng, int dims, float u, float *z, float *v)
{
    Noise t = noise_at(SCHEDULE_COSINE, (double)u);
    float alpha = (float)t.alpha, sigma = (float)t.sigma;
    rng_normals(rng, dims, z);
    rng_normals(rng, dims, v);
    for (int k = 0; k < dims; k++) {
        float x = z[k], noise = v[k];
        z[k] = alpha * x + sigma * noise;
        v[k] = alpha * noise - sigma * x;
    }
}

static void train_chunk(void *context, Arena *arena, int begin, int end, int chunk, float *gradient)
{
    (void)chunk;
    const Work *work = context;
    const NetSpec *spec = &work->model.spec;
    int n = end - begin, dims = net_dims(spec);
    float *z = arena_floats(arena, n * dims), *v = arena_floats(arena, n * dims);
    float *u = arena_floats(arena, n), *weight = arena_floats(arena, n);
    int *label = arena_new(arena, int, n);
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(1, STREAM_BATCH, (uint64_t)(work->steps * work->batch + begin + r));
        u[r] = (float)rng_uniform(&rng);
        weight[r] = 1.0f / (float)work->batch;
        label[r] = spec->classes ? (int)rng_below(&rng, (uint32_t)spec->classes) : -1;
        draw_row(&rng, dims, u[r], z + (size_t)r * dims, v + (size_t)r * dims);
    }
    Tape tape;
    tape_begin(&tape, arena, true);
    tape_block(&tape, gradient, work->model.size);
    Tensor *in = tape_input(&tape, n, spec->height, spec->width, spec->channels, z);
    Tensor *out = net_forward(spec, &tape, work->model.weights, gradient, in, u, label);
    tape_backward(&tape, op_mse(&tape, out, v, weight, NULL));
}

static void train_step(Work *work)
{
    static const AdamSettings adam = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip = 1, .ema = 0.999};
    Model *model = &work->model;
    crew_map_gradient(work->crew, work->batch, model->spec.chunk, model->size, work->gradient,
                      train_chunk, work);
    model_update_by(work->crew, model, work->gradient, &adam);
    work->flops += flops_of(&model->spec, 3.0 * work->batch);
}

void work_train(Work *work, const NetSpec *spec, int batch)
{
    open_model(work, spec, batch);
    work->gradient = arena_floats(&work->keep, work->model.size);
    work->run = train_step;
}

/* ---- Sampling ---- */

static void sample_step(Work *work)
{
    const Policy *policy = &work->policy;
    size_t mark = arena_mark(&work->step);
    int n = work->batch, dims = net_dims(&policy->denoiser.spec);
    float *noise = arena_floats(&work->step, n * dims);
    float *states = arena_floats(&work->step, (policy->steps + 1) * n * dims);
    int *label = arena_new(&work->step, int, n);
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(1, STREAM_SAMPLE, (uint64_t)(work->steps * n + r));
        rng_normals(&rng, dims, noise + (size_t)r * dims);
        label[r] = r % policy->denoiser.spec.classes;
    }
    Rollout r = {.policy = policy,
                 .seed = 1,
                 .stream = STREAM_SAMPLE,
                 .n = n,
                 .noise = noise,
                 .label = label,
                 .states = states};
    work->flops += flops_of(&policy->denoiser.spec, (double)rollout(work->crew, &r));
    arena_rewind(&work->step, mark);
}

void work_sample(Work *work, const NetSpec *spec, int batch, int steps)
{
    open_model(work, spec, batch);
    Denoiser denoiser = {.spec = work->model.spec,
                         .weights = work->model.weights,
                         .guidance = 1,
                         .schedule = SCHEDULE_COSINE};
    work->policy = (Policy){.denoiser = denoiser, .steps = steps, .substeps = 1, .rule = RULE_DDIM};
    work->run = sample_step;
}

/* ---- Distilling ---- */

/* The experiment of the presets ring-METHOD-ddil, at work from the first step. Roll-outs
 * are renewed every fourth step, so four steps are one turn. */
enum { RENEWED_EVERY = 4 };
static const char ring[] = "[run]\nmethod = %s\nsteps = 1000000\nbatch = 256\n"
                           "[data]\nname = ring\nkeep = 0,1,2\n"
                           "[net]\nkind = mlp\nwidth = 96\ndepth = 3\nfeatures = 16\n"
                           "[teacher]\nkind = exact\n"
                           "[student]\nsteps = 4\ninit = random\n"
                           "[source]\nbeta_data = 0.5\nbeta_teacher = 0.25\n"
                           "beta_student = 0.25\nwarmup = 0\nteacher_substeps = 8\n"
                           "capacity = 512\nteacher_capacity = 512\nrefresh = 128\n"
                           "refresh_every = %d\n";

/* Network evaluations so far; an exact teacher is a formula, not a network. */
static double evaluations(const Lab *lab)
{
    return lab->cost.student + lab->cost.critic + (lab->teacher.mixture ? 0 : lab->cost.teacher);
}

static void lab_work_step(Work *work)
{
    StepReport report;
    double before = evaluations(work->lab);
    lab_step(work->lab, work->steps, &report);
    must(!report.broken);
    work->flops += flops_of(&work->model.spec, evaluations(work->lab) - before);
}

Status work_lab(Work *work, const char *method, Error *error)
{
    Config *config = arena_new(&work->keep, Config, 1);
    char text[sizeof ring + 64];
    snprintf(text, sizeof text, ring, method, RENEWED_EVERY);
    lab_config_init(config);
    Status status = config_read_text(config, "bench", text, error);
    if (status)
        return status;
    work->lab = arena_new(&work->keep, Lab, 1);
    status = lab_open(work->lab, config, work->crew, &work->keep, &work->step, error);
    if (status)
        return status;
    lab_pretrain_done(work->lab);
    work->model = work->lab->student;
    work->batch = work->lab->batch;
    work->turn = RENEWED_EVERY;
    work->warmup = 8; /* the replay rings fill in half of that */
    work->run = lab_work_step;
    return STATUS_OK;
}
