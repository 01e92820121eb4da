/* Owns the table of data sets, what the distiller may see of one (keep and limit), and
 * draws. A data set is immutable once open: any thread may draw. */
#include "engine/data/dataset.h"
#include "engine/data/kinds.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const DatasetKind *const dataset_kinds[] = {
    &dataset_ring,   &dataset_grid,         &dataset_moons,
    &dataset_spiral, &dataset_checkerboard, &dataset_fashion,
};
const int dataset_kind_count = sizeof dataset_kinds / sizeof *dataset_kinds;

/* The held-out reference is the same in every run. */
static const uint64_t reference_seed = 0x5EED0F7E57;

/* ---- Parts shared by procedural sets ---- */

void dataset_fill_points(Dataset *dataset, int classes, double reach)
{
    dataset->height = dataset->width = 1;
    dataset->channels = dataset->dims = 2;
    dataset->classes = classes;
    dataset->high = 1.15 * reach;
    dataset->low = -dataset->high;
}

static void centre(Mixture *mixture)
{
    for (int c = 0; c < 2; c++) {
        double mean = 0;
        for (int k = 0; k < mixture->n; k++)
            mean += mixture->mean[k][c] / mixture->n;
        for (int k = 0; k < mixture->n; k++)
            mixture->mean[k][c] -= mean;
    }
}

void dataset_fill_mixture(Dataset *dataset, Mixture *mixture)
{
    must(mixture->n >= 1 && mixture->n <= MIXTURE_MAX);
    centre(mixture);
    double square = 2 * mixture->deviation * mixture->deviation, reach = 0;
    for (int k = 0; k < mixture->n; k++) {
        mixture->weight[k] = 1.0 / mixture->n;
        square += (pow(mixture->mean[k][0], 2) + pow(mixture->mean[k][1], 2)) / mixture->n;
    }
    double rms = sqrt(square / 2);
    mixture->deviation /= rms;
    for (int k = 0; k < mixture->n; k++)
        for (int c = 0; c < 2; c++) {
            mixture->mean[k][c] /= rms;
            reach = fmax(reach, fabs(mixture->mean[k][c]) + 3 * mixture->deviation);
        }
    dataset->mixture = mixture;
    dataset_fill_points(dataset, mixture->labels, reach);
}

/* ---- What the distiller may see ---- */

static Status apply_keep(Dataset *dataset, const DatasetOptions *options, Error *error)
{
    for (int c = 0; c < dataset->classes; c++)
        dataset->keep[c] = options->n_keep == 0;
    for (int k = 0; k < options->n_keep; k++) {
        int label = options->keep[k];
        if (label < 0 || label >= dataset->classes)
            return fail(error, STATUS_BAD_INPUT,
                        "data.keep: there is no label %d in '%s'; its labels are 0 to %d", label,
                        dataset->kind->name, dataset->classes - 1);
        dataset->keep[label] = 1;
    }
    return STATUS_OK;
}

/* The first `limit` places of a shuffle that depends on the seed alone. */
static void shuffle(int n, int limit, uint64_t seed, int *row)
{
    Rng rng = rng_at(seed, STREAM_LIMIT, 0);
    for (int k = 0; k < limit; k++) {
        int other = k + (int)rng_below(&rng, (uint32_t)(n - k)), swap = row[k];
        row[k] = row[other];
        row[other] = swap;
    }
}

static Status see_rows(Dataset *dataset, int limit, uint64_t seed, Arena *arena, Error *error)
{
    int *seen = arena_new(arena, int, dataset->n), n = 0;
    for (int r = 0; r < dataset->n; r++)
        if (dataset->keep[dataset->label[r]])
            seen[n++] = r;
    if (n == 0)
        return fail(error, STATUS_BAD_INPUT,
                    "data.keep: no row of '%s' has a label that is kept; keep a label "
                    "that occurs",
                    dataset->kind->name);
    if (limit > 0 && limit < n) {
        shuffle(n, limit, seed, seen);
        n = limit;
    }
    dataset->seen = seen;
    dataset->n_seen = n;
    return STATUS_OK;
}

static void draw_law(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x,
                     int *label)
{
    if (dataset->mixture)
        mixture_draw(dataset->mixture, keep, rng, x, label);
    else
        dataset->kind->draw(dataset, keep, rng, x, label);
}

static void see_draws(Dataset *dataset, int limit, uint64_t seed, Arena *arena)
{
    float *x = arena_floats(arena, (size_t)limit * (size_t)dataset->dims);
    int *label = arena_new(arena, int, limit);
    for (int r = 0; r < limit; r++) {
        Rng rng = rng_at(seed, STREAM_LIMIT, (uint64_t)r);
        draw_law(dataset, dataset->keep, &rng, x + (size_t)r * (size_t)dataset->dims, label + r);
    }
    dataset->seen_x = x;
    dataset->seen_label = label;
    dataset->n_seen = limit;
}

static Status restrict_view(Dataset *dataset, const DatasetOptions *options, Arena *arena,
                            Error *error)
{
    Status status = apply_keep(dataset, options, error);
    if (status != STATUS_OK)
        return status;
    if (options->limit < 0)
        return fail(error, STATUS_BAD_INPUT,
                    "data.limit: %d rows; give 0 for all or a number above", options->limit);
    dataset->limit = options->limit;
    if (dataset->x)
        return see_rows(dataset, options->limit, options->seed, arena, error);
    if (options->limit > 0)
        see_draws(dataset, options->limit, options->seed, arena);
    return STATUS_OK;
}

/* ---- Opening and drawing ---- */

static const DatasetKind *find_kind(const char *name)
{
    for (int k = 0; k < dataset_kind_count; k++)
        if (strcmp(dataset_kinds[k]->name, name) == 0)
            return dataset_kinds[k];
    return NULL;
}

static Status fail_unknown(const char *name, Error *error)
{
    char names[256] = "";
    for (int k = 0; k < dataset_kind_count; k++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", k ? ", " : "", dataset_kinds[k]->name);
    }
    return fail(error, STATUS_BAD_INPUT, "data.name: there is no data set '%s'; there are %s", name,
                names);
}

Status dataset_open(Dataset *dataset, const DatasetOptions *options, Arena *arena, Error *error)
{
    memset(dataset, 0, sizeof *dataset);
    dataset->kind = find_kind(options->name);
    if (!dataset->kind)
        return fail_unknown(options->name, error);
    const char *path = options->path ? options->path : "";
    Status status = dataset->kind->open(dataset, path, arena, error);
    if (status != STATUS_OK)
        return status;
    must(dataset->classes <= DATASET_CLASSES_MAX);
    dataset->conditional =
        options->conditional < 0 ? dataset->kind->conditional_default : options->conditional;
    return restrict_view(dataset, options, arena, error);
}

static void copy_row(const Dataset *dataset, const float *x, const int *label, int row, float *out,
                     int *out_label)
{
    size_t d = (size_t)dataset->dims;
    memcpy(out, x + (size_t)row * d, sizeof(float) * d);
    *out_label = label[row];
}

bool dataset_is_points(const Dataset *dataset)
{
    return dataset->height == 1 && dataset->width == 1;
}

int dataset_label(const Dataset *dataset, Rng *rng)
{
    return dataset->conditional ? (int)rng_below(rng, (uint32_t)dataset->classes) : 0;
}

void dataset_draw(const Dataset *dataset, Rng *rng, float *x, int *label)
{
    int row = dataset->n_seen > 0 ? (int)rng_below(rng, (uint32_t)dataset->n_seen) : 0;
    if (dataset->seen)
        copy_row(dataset, dataset->x, dataset->label, dataset->seen[row], x, label);
    else if (dataset->seen_x)
        copy_row(dataset, dataset->seen_x, dataset->seen_label, row, x, label);
    else
        draw_law(dataset, dataset->keep, rng, x, label);
}

void dataset_draw_all(const Dataset *dataset, Rng *rng, float *x, int *label)
{
    if (dataset->x)
        copy_row(dataset, dataset->x, dataset->label, (int)rng_below(rng, (uint32_t)dataset->n), x,
                 label);
    else
        draw_law(dataset, NULL, rng, x, label);
}

void dataset_held_out(const Dataset *dataset, long r, float *x, int *label)
{
    must(r >= 0);
    if (dataset->test) {
        copy_row(dataset, dataset->test, dataset->test_label, (int)(r % dataset->n_test), x, label);
        return;
    }
    Rng rng = rng_at(reference_seed, STREAM_REFERENCE, (uint64_t)r);
    draw_law(dataset, NULL, &rng, x, label);
}
