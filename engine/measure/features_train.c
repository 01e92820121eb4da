/* Owns the training of the network whose features pictures are judged by. May call nets and data.
 */
#include "engine/measure/features.h"
#include "engine/nets/classifier.h"
#include "engine/nets/weights.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 128, WARMUP = 100, SHIFT = 1 /* pictures move by up to so many pixels */ };

static const AdamSettings adam = {
    .lr = 2e-3,
    .beta1 = 0.9,
    .beta2 = 0.999,
    .epsilon = 1e-8,
    .weight_decay = 0.05,
    .clip = 1,
    .ema = 0.998,
};

/* Forty times through the pictures, within bounds. */
static long usual_steps(const Dataset *data)
{
    enum { PASSES = 40, LEAST = 500, MOST = 4000 };
    long steps = (long)data->n * PASSES / BATCH;
    if (steps > MOST)
        return MOST;
    return steps < LEAST ? LEAST : steps;
}

Status feature_training_begin(FeatureTraining *training, const Dataset *data, Crew *crew,
                              long steps, uint64_t seed, Error *error)
{
    if (!data->n_test)
        return fail(error, STATUS_BAD_INPUT, "features: \"%s\" is no set of pictures",
                    data->kind->name);
    int turns = features_turns(data);
    NetSpec spec = {.kind = &net_classifier,
                    .height = data->height,
                    .width = data->width,
                    .channels = data->channels,
                    .classes = turns ? turns : data->classes};
    Status status = net_spec_complete(&spec, error);
    if (status)
        return status;
    *training = (FeatureTraining){
        .data = data, .crew = crew, .steps = steps ? steps : usual_steps(data), .seed = seed};
    arena_init(&training->arena, (size_t)1 << 30);
    model_init(&training->model, &spec, seed, &training->arena);
    training->gradient = arena_floats(&training->arena, training->model.size);
    return STATUS_OK;
}

/* The picture moved by (dx, dy); what comes in is background. */
static void move(const Dataset *data, const float *from, int dx, int dy, float *to)
{
    for (int y = 0; y < data->height; y++)
        for (int x = 0; x < data->width; x++) {
            int sx = x - dx, sy = y - dy;
            bool inside = sx >= 0 && sx < data->width && sy >= 0 && sy < data->height;
            for (int c = 0; c < data->channels; c++)
                *to++ = inside ? from[((size_t)sy * data->width + (size_t)sx) * data->channels + c]
                               : (float)data->low;
        }
}

typedef struct Step {
    FeatureTraining *training;
    long index;
    double loss[BATCH];
} Step;

static void draw(const Step *step, Arena *arena, int row, float *x, int *label)
{
    const FeatureTraining *training = step->training;
    float *whole = arena_floats(arena, training->data->dims);
    Rng rng = rng_at(training->seed, STREAM_BATCH, (uint64_t)step->index * BATCH + (uint64_t)row);
    dataset_draw_all(training->data, &rng, whole, label);
    int dx = (int)rng_below(&rng, 2 * SHIFT + 1) - SHIFT,
        dy = (int)rng_below(&rng, 2 * SHIFT + 1) - SHIFT;
    int turns = features_turns(training->data);
    move(training->data, whole, dx, dy, x);
    if (!turns)
        return;
    *label = (int)rng_below(&rng, (uint32_t)turns);
    memcpy(whole, x, sizeof *whole * (size_t)training->data->dims);
    features_turn(training->data, whole, *label, x);
}

static void step_chunk(void *context, Arena *arena, int begin, int end, int chunk, float *gradient)
{
    (void)chunk;
    Step *step = context;
    const NetSpec *spec = &step->training->model.spec;
    int n = end - begin, dims = net_dims(spec);
    float *x = arena_floats(arena, (size_t)n * dims), *weight = arena_floats(arena, n),
          *each = arena_floats(arena, n);
    int *label = arena_new(arena, int, n);
    for (int r = 0; r < n; r++) {
        draw(step, arena, begin + r, x + (size_t)r * dims, &label[r]);
        weight[r] = 1.0f / BATCH;
    }
    Tape tape;
    tape_begin(&tape, arena, true);
    tape_block(&tape, gradient, step->training->model.size);
    Tensor *input = tape_input(&tape, n, spec->height, spec->width, spec->channels, x);
    Tensor *score =
        classifier_forward(spec, &tape, step->training->model.weights, gradient, input, NULL);
    tape_backward(&tape, op_cross_entropy(&tape, score, label, weight, each));
    for (int r = 0; r < n; r++)
        step->loss[begin + r] = (double)each[r];
}

double feature_training_step(FeatureTraining *training, long index)
{
    Step step = {.training = training, .index = index};
    const Model *model = &training->model;
    crew_map_gradient(training->crew, BATCH, model->spec.chunk, model->size, training->gradient,
                      step_chunk, &step);
    AdamSettings now = adam;
    now.lr *= fmin((double)(index + 1) / WARMUP, 1) * (1 - (double)index / (double)training->steps);
    model_update(&training->model, training->gradient, &now);
    double sum = 0;
    for (int r = 0; r < BATCH; r++)
        sum += step.loss[r];
    return sum / BATCH;
}

Status feature_training_save(const FeatureTraining *training, const char *path, Error *error)
{
    char checksum[16], steps[24], seed[24];
    snprintf(checksum, sizeof checksum, "%08lx", dataset_checksum(training->data));
    snprintf(steps, sizeof steps, "%ld", training->steps);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)training->seed);
    const char *const meta[] = {"data_checksum", checksum, "steps", steps, "seed", seed, NULL};
    return weights_save(path, &training->model.spec, training->model.ema, meta, error);
}

void feature_training_end(FeatureTraining *training) { arena_done(&training->arena); }
