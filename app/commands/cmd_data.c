/* Owns data and features: what a data set would be read as, and the network whose features its
 * pictures are judged by. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "engine/distill/lab_open.h"
#include "engine/distill/params.h"
#include "engine/measure/features.h"
#include <math.h>
#include <string.h>

static Status name_data(Config *config, const char *name, Error *error)
{
    char text[PATH_SIZE + 16], path[PATH_SIZE];
    const DatasetKind *kind = dataset_kind(name);
    if (!kind && strlen(name) < PATH_SIZE) {
        kind = dataset_recognise(name);
        snprintf(text, sizeof text, "data.path=%s", name);
        Status status = kind ? config_set(config, text, error) : STATUS_OK;
        if (status)
            return status;
    }
    if (!kind && lab_find_preset(name, path))
        return lab_config_preset(config, name, error);
    if (!kind)
        return fail(
            error, STATUS_BAD_INPUT,
            "%s is no data set: give a folder of pictures, a .npy or .csv file, a folder of "
            "IDX or CIFAR files, the name of a set, or a preset",
            name);
    snprintf(text, sizeof text, "data.name=%s", kind->name);
    return config_set(config, text, error);
}

Status data_open(const Options *options, Config *config, Dataset *data, Arena *arena, Error *error)
{
    lab_config_init(config);
    Status status = name_data(config, options->argument[0], error);
    for (int i = 0; i < options->sets && !status; i++)
        status = config_set(config, options->set[i], error);
    uint64_t seed = options->seed >= 0 ? (uint64_t)options->seed : 1;
    return status ? status : lab_open_data(config, seed, data, arena, error);
}

/* ---- In words ---- */

static void say_classes(const Dataset *data)
{
    long train[DATASET_CLASSES_MAX] = {0}, test[DATASET_CLASSES_MAX] = {0};
    for (int r = 0; r < data->n; r++)
        train[data->label[r]]++;
    for (int r = 0; r < data->n_test; r++)
        test[data->test_label[r]]++;
    for (int c = 0; c < data->classes; c++) {
        const char *name = dataset_class_name(data, c);
        if (!name && !data->n)
            continue;
        say(stdout, "  %-4d%s", c, name ? name : "");
        if (data->n)
            say(stdout, "%s%ld and %ld", name ? ": " : "", train[c], test[c]);
        say(stdout, "\n");
    }
}

static void say_lines(const char *text)
{
    while (text && *text) {
        int length = (int)strcspn(text, "\n");
        say(stdout, "  %.*s\n", length, text);
        text += length + (text[length] == '\n');
    }
}

static void say_data(const Dataset *data)
{
    const DatasetTally *tally = &data->tally;
    say(stdout, "kind      %s: %s\n", data->kind->name, data->kind->help);
    if (data->x)
        say(stdout, "pictures  %d to train on, %d held out, %d x %d, %s\n", data->n, data->n_test,
            data->height, data->width, data->channels == 3 ? "colour" : "grey");
    else
        say(stdout, "points    a law in the plane\n");
    if (data->mixture)
        say(stdout, "teacher   exact: %d kernels, deviation %.3g\n", data->mixture->n,
            data->mixture->deviation);
    if (tally->files)
        say(stdout, "read      %d; %d equal to one before, %d left out, %d links not followed\n",
            tally->files, tally->equal, tally->left_out, tally->links);
    say_lines(data->left_out);
    say(stdout, "classes   %d%s\n", data->classes,
        data->conditional ? ", told to the networks" : ", not told to the networks");
    say_classes(data);
    say(stdout, "checksum  %08lx\n", dataset_checksum(data));
}

Status cmd_data(const Options *options, Error *error)
{
    Arena arena;
    Dataset data;
    Config config;
    arena_init(&arena, (size_t)8 << 30);
    Status status = data_open(options, &config, &data, &arena, error);
    if (!status)
        say_data(&data);
    arena_done(&arena);
    return status;
}

/* ---- Features ---- */

enum { SAY_EVERY = 100 };

static Status train(FeatureTraining *training, const char *path, bool quiet, Error *error)
{
    double smooth = NAN;
    for (long i = 0; i < training->steps; i++) {
        double loss = feature_training_step(training, i);
        if (!isfinite(loss))
            return fail(error, STATUS_FAILED, "features: the loss is no longer finite at step %ld",
                        i + 1);
        smooth = isfinite(smooth) ? 0.98 * smooth + 0.02 * loss : loss;
        if (!quiet && (i + 1) % SAY_EVERY == 0)
            fprintf(stderr, "step %ld of %ld, loss %.4f\n", i + 1, training->steps, smooth);
    }
    return feature_training_save(training, path, error);
}

static Status report(const Dataset *data, Crew *crew, const char *path, Error *error)
{
    Features *features;
    Status status = features_open(&features, path, data, crew, error);
    if (status)
        return status;
    say(stdout, "%s: %d features, crc32 %08x, names %s of %.2f %% of %d held-out pictures right\n",
        path, features->d, features->checksum, features_turns(data) ? "the turn" : "the class",
        100 * features->accuracy, data->n_test);
    features_close(features);
    return STATUS_OK;
}

static Status features(const Options *options, const Dataset *data, const char *path, Crew *crew,
                       Error *error)
{
    FeatureTraining training;
    long steps = options->steps > 0 ? options->steps : 0;
    uint64_t seed = options->seed >= 0 ? (uint64_t)options->seed : 1;
    Status status = feature_training_begin(&training, data, crew, steps, seed, error);
    if (status)
        return status;
    status = train(&training, path, options->quiet, error);
    feature_training_end(&training);
    return status ? status : report(data, crew, path, error);
}

/* -o FILE, or where a run on these data looks. */
static Status choose_file(const Options *options, const Dataset *data, char path[PATH_SIZE],
                          Error *error)
{
    char folder[PATH_SIZE];
    if (options->output) {
        snprintf(path, PATH_SIZE, "%s", options->output);
        return STATUS_OK;
    }
    if (!*features_kept(data, path))
        return fail(error, STATUS_BAD_INPUT,
                    "features: neither $XDG_CACHE_HOME nor $HOME is set; -o FILE.safetensors says "
                    "where the network goes");
    return file_make_folder(file_cache_folder(folder), error);
}

static Status check_output(const Options *options, Error *error)
{
    static const char *const endings[] = {".safetensors", NULL};
    if (!options->output)
        return STATUS_OK;
    Status status = check_ending(options->output, endings, error);
    return status ? status : check_writable(options->output, error);
}

Status cmd_features(const Options *options, Error *error)
{
    Arena arena;
    Dataset data;
    Config config;
    char path[PATH_SIZE];
    Status status = must_be_alone("features", error);
    if (!status)
        status = check_output(options, error);
    if (status)
        return status;
    arena_init(&arena, (size_t)8 << 30);
    status = data_open(options, &config, &data, &arena, error);
    if (!status)
        status = choose_file(options, &data, path, error);
    if (!status) {
        Crew *crew = crew_for(options);
        status = features(options, &data, path, crew, error);
        crew_free(crew);
    }
    arena_done(&arena);
    return status;
}
