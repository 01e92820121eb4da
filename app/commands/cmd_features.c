/* Owns features: trains the network whose features pictures are judged by. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/data/dataset_open.h"
#include "engine/measure/features.h"
#include <math.h>

enum { STEPS = 4000, SAY_EVERY = 100 };

static Status train(FeatureTraining *training, const Options *options, Error *error)
{
    double smooth = NAN;
    for (long i = 0; i < training->steps; i++) {
        double loss = feature_training_step(training, i);
        if (!isfinite(loss))
            return fail(error, STATUS_FAILED, "features: the loss is no longer finite at step %ld",
                        i + 1);
        smooth = isfinite(smooth) ? 0.98 * smooth + 0.02 * loss : loss;
        if (!options->quiet && (i + 1) % SAY_EVERY == 0)
            fprintf(stderr, "step %ld of %ld, loss %.4f\n", i + 1, training->steps, smooth);
    }
    return feature_training_save(training, options->output, error);
}

static Status report(const Dataset *data, Crew *crew, const char *path, Error *error)
{
    Features *features;
    Status status = features_open(&features, path, data, crew, error);
    if (status)
        return status;
    say(stdout, "%s: %d features, crc32 %08x, names %.2f %% of %d held-out pictures right\n", path,
        features->d, features->checksum, 100 * features->accuracy, data->n_test);
    features_close(features);
    return STATUS_OK;
}

static Status features(const Options *options, const Dataset *data, Crew *crew, Error *error)
{
    FeatureTraining training;
    long steps = options->steps > 0 ? options->steps : STEPS;
    uint64_t seed = options->seed >= 0 ? (uint64_t)options->seed : 1;
    Status status = feature_training_begin(&training, data, crew, steps, seed, error);
    if (status)
        return status;
    status = train(&training, options, error);
    feature_training_end(&training);
    return status ? status : report(data, crew, options->output, error);
}

Status cmd_features(const Options *options, Error *error)
{
    static const char *const endings[] = {".safetensors", NULL};
    if (!options->output)
        return fail(error, STATUS_BAD_INPUT,
                    "features: -o FILE.safetensors says where the network goes");
    Status status = check_ending(options->output, endings, error);
    if (!status)
        status = check_writable(options->output, error);
    if (status)
        return status;
    Arena arena;
    Dataset data;
    DatasetOptions wanted = {.name = options->argument[0], .conditional = -1};
    arena_init(&arena, (size_t)8 << 30);
    status = dataset_open(&data, &wanted, &arena, error);
    if (!status) {
        Crew *crew = crew_for(options);
        status = features(options, &data, crew, error);
        crew_free(crew);
    }
    arena_done(&arena);
    return status;
}
