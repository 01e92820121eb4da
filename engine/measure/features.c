/* Owns the feature space of pictures. May call nets and data. */
#include "engine/measure/features.h"
#include "engine/nets/classifier.h"
#include "engine/nets/weights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* How far above chance, of what there is above it. */
static const double LEAST_ABOVE_CHANCE = 0.2;

/* ---- Turns ---- */

int features_turns(const Dataset *data)
{
    if (data->classes > 1)
        return 0;
    return data->height == data->width ? 4 : 2;
}

/* Where pixel (x, y) of a picture turned by `quarters` was. */
static size_t was_at(const Dataset *data, int quarters, int x, int y)
{
    int right = data->width - 1, below = data->height - 1;
    const int column[] = {x, y, right - x, right - y}, row[] = {y, below - x, below - y, x};
    return (size_t)row[quarters] * (size_t)data->width + (size_t)column[quarters];
}

void features_turn(const Dataset *data, const float *from, int turn, float *to)
{
    size_t c = (size_t)data->channels;
    int quarters = features_turns(data) == 2 ? 2 * turn : turn;
    for (int y = 0; y < data->height; y++)
        for (int x = 0; x < data->width; x++, to += c)
            memcpy(to, from + c * was_at(data, quarters, x, y), c * sizeof *to);
}

static int answers(const Dataset *data)
{
    int turns = features_turns(data);
    return turns ? turns : data->classes;
}

char *features_kept(const Dataset *data, char path[PATH_SIZE])
{
    char folder[PATH_SIZE], name[64];
    snprintf(name, sizeof name, "features-%08lx.safetensors", dataset_checksum(data));
    *path = 0;
    return *file_cache_folder(folder) ? file_join(path, folder, name) : path;
}

/* ---- Looking at pictures ---- */

typedef struct Looking {
    const Features *features;
    const float *x;
    float *feature;
    int *named;
} Looking;

static int largest(int n, const float *score)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (score[k] > score[best])
            best = k;
    return best;
}

static void look_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)chunk;
    const Looking *looking = context;
    const NetSpec *spec = &looking->features->spec;
    Tape tape;
    Tensor *feature;
    tape_begin(&tape, arena, false);
    Tensor *x = tape_input(&tape, end - begin, spec->height, spec->width, spec->channels,
                           looking->x + (size_t)begin * net_dims(spec));
    Tensor *score = classifier_forward(spec, &tape, looking->features->weights, NULL, x, &feature);
    memcpy(looking->feature + (size_t)begin * spec->embed, feature->x,
           sizeof(float) * tensor_size(feature));
    for (int r = begin; r < end; r++)
        looking->named[r] = largest(spec->classes, score->x + (size_t)(r - begin) * spec->classes);
}

void features_of(const Features *features, Crew *crew, int n, const float *x, float *feature,
                 int *named)
{
    Looking looking = {features, x, feature, named};
    crew_map(crew, n, features->spec.chunk, look_chunk, &looking);
}

/* ---- Opening ---- */

static Status check_spec(const char *path, const NetSpec *spec, const Dataset *data, Error *error)
{
    if (!spec->kind->classifies)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: a network of kind %s; features come from a classifier", path,
                    spec->kind->name);
    if (spec->height != data->height || spec->width != data->width ||
        spec->channels != data->channels || spec->classes != answers(data))
        return fail(
            error, STATUS_BAD_INPUT,
            "%s: for pictures of %d x %d x %d in %d classes; the data are %d x %d x %d in %d", path,
            spec->height, spec->width, spec->channels, spec->classes, data->height, data->width,
            data->channels, answers(data));
    return STATUS_OK;
}

static Status load(Features *features, const char *path, Error *error)
{
    const char *slash = strrchr(path, '/');
    size_t size = net_size(&features->spec);
    float *weights = arena_floats(&features->arena, size);
    Status status = weights_load(path, &features->spec, weights, error);
    if (status)
        return status;
    snprintf(features->file, sizeof features->file, "%s", slash ? slash + 1 : path);
    features->weights = weights;
    features->checksum =
        (uint32_t)crc32(0, (const unsigned char *)weights, (unsigned)(size * sizeof *weights));
    features->d = features->spec.embed;
    return STATUS_OK;
}

/* A network of other pictures may name these well enough: that is told. */
static void note_other(Features *features, const char *path, const Dataset *data)
{
    char theirs[16], own[16];
    if (weights_meta(path, "data_checksum", theirs, sizeof theirs, NULL) || !*theirs)
        return;
    snprintf(own, sizeof own, "%08lx", dataset_checksum(data));
    if (strcmp(theirs, own) != 0)
        snprintf(features->other, sizeof features->other,
                 "%s was trained on pictures of other content (checksum %.8s, here %s)",
                 features->file, theirs, own);
}

/* Held-out pictures at..at+n-1 as numbers; turned, the r-th by r modulo the turns. */
static void take_held_out(const Dataset *data, int at, int n, bool turned, float *x)
{
    size_t d = (size_t)data->dims;
    float *upright = need(malloc(sizeof *upright * d));
    for (int r = 0; r < n; r++) {
        dataset_row(data, data->test, at + r, turned ? upright : x + (size_t)r * d);
        if (turned)
            features_turn(data, upright, (at + r) % features_turns(data), x + (size_t)r * d);
    }
    free(upright);
}

static void look_in_pieces(const Features *features, const Dataset *data, bool turned, Crew *crew,
                           float *feature, int *named)
{
    enum { PIECE = 512 };
    size_t d = (size_t)data->dims;
    float *x = need(malloc(sizeof *x * PIECE * d));
    for (int at = 0; at < data->n_test; at += PIECE) {
        int n = data->n_test - at < PIECE ? data->n_test - at : PIECE;
        take_held_out(data, at, n, turned, x);
        features_of(features, crew, n, x, feature + (size_t)at * features->d, named + at);
    }
    free(x);
}

static Status look_at_held_out(Features *features, const char *path, const Dataset *data,
                               Crew *crew, Error *error)
{
    int n = data->n_test, right = 0, turns = features_turns(data);
    float *feature = arena_floats(&features->arena, (size_t)n * features->d);
    int *named = arena_new(&features->arena, int, n);
    look_in_pieces(features, data, turns > 0, crew, feature, named);
    for (int r = 0; r < n; r++)
        right += named[r] == (turns ? r % turns : data->test_label[r]);
    if (turns)
        look_in_pieces(features, data, false, crew, feature, named);
    features->held_out = feature;
    features->named = named;
    features->accuracy = (double)right / n;
    double chance = 1.0 / answers(data);
    if (features->accuracy >= chance + LEAST_ABOVE_CHANCE * (1 - chance))
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: names only %.0f %% of the held-out pictures right: a network for other data",
                path, 100 * features->accuracy);
}

Status features_open(Features **made, const char *path, const Dataset *data, Crew *crew,
                     Error *error)
{
    NetSpec spec;
    *made = NULL;
    if (!data->n_test)
        return fail(error, STATUS_BAD_INPUT, "%s: the data hold no pictures to look at", path);
    Status status = weights_spec(path, &spec, error);
    if (!status)
        status = check_spec(path, &spec, data, error);
    if (status)
        return status;
    Features *features = calloc(1, sizeof *features);
    need(features);
    features->spec = spec;
    arena_init(&features->arena,
               sizeof(float) * (net_size(&spec) + (size_t)data->n_test * (size_t)(spec.embed + 1)) +
                   4096);
    status = load(features, path, error);
    if (!status)
        note_other(features, path, data);
    if (!status)
        status = look_at_held_out(features, path, data, crew, error);
    if (status)
        features_close(features);
    else
        *made = features;
    return status;
}

void features_close(Features *features)
{
    if (!features)
        return;
    arena_done(&features->arena);
    free(features);
}
