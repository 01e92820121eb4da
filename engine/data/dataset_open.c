/* Owns the table of data sets, and what the distiller may see of one (keep and limit). */
#include "engine/data/dataset_open.h"
#include <stdio.h>
#include <string.h>

const DatasetKind *const dataset_kinds[] = {
    &dataset_ring,    &dataset_grid,    &dataset_moons,    &dataset_spiral, &dataset_checkerboard,
    &dataset_fashion, &dataset_folder,  &dataset_npy,      &dataset_csv,    &dataset_idx,
    &dataset_drawn,   &dataset_cifar10, &dataset_cifar100,
};
const int dataset_kind_count = sizeof dataset_kinds / sizeof *dataset_kinds;

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

static void see_draws(Dataset *dataset, int limit, uint64_t seed, Arena *arena)
{
    float *x = arena_floats(arena, (size_t)limit * (size_t)dataset->dims);
    int *label = arena_new(arena, int, limit);
    for (int r = 0; r < limit; r++) {
        Rng rng = rng_at(seed, STREAM_LIMIT, (uint64_t)r);
        dataset_draw_law(dataset, dataset->keep, &rng, x + (size_t)r * (size_t)dataset->dims,
                         label + r);
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

/* ---- Opening ---- */

const DatasetKind *dataset_recognise(const char *path)
{
    const DatasetKind *found = NULL;
    for (int k = 0; k < dataset_kind_count; k++)
        if (dataset_kinds[k]->owns && dataset_kinds[k]->owns(path) &&
            (!found || found == &dataset_folder))
            found = dataset_kinds[k];
    return found;
}

const DatasetKind *dataset_kind(const char *name)
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
    dataset->kind = dataset_kind(options->name);
    if (!dataset->kind)
        return fail_unknown(options->name, error);
    DatasetFiles files = options->files;
    files.path = files.path ? files.path : "";
    files.labels = files.labels ? files.labels : "";
    files.drawn = files.drawn ? files.drawn : "";
    Status status = dataset->kind->open(dataset, &files, arena, error);
    if (status != STATUS_OK)
        return status;
    must(dataset->classes <= DATASET_CLASSES_MAX);
    int usual = dataset->kind->conditional_default && dataset->classes > 1;
    dataset->conditional = options->conditional < 0 ? usual : options->conditional;
    return restrict_view(dataset, options, arena, error);
}
