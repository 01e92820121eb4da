/* Owns draws. A data set is immutable once open: any thread may draw. */
#include "engine/data/dataset.h"
#include <string.h>
#include <zlib.h>

/* The held-out reference is the same in every run. */
static const uint64_t reference_seed = 0x5EED0F7E57;

void dataset_draw_law(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x,
                      int *label)
{
    if (dataset->mixture)
        mixture_draw(dataset->mixture, keep, rng, x, label);
    else
        dataset->kind->draw(dataset, keep, rng, x, label);
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
        dataset_draw_law(dataset, dataset->keep, rng, x, label);
}

void dataset_draw_all(const Dataset *dataset, Rng *rng, float *x, int *label)
{
    if (dataset->x)
        copy_row(dataset, dataset->x, dataset->label, (int)rng_below(rng, (uint32_t)dataset->n), x,
                 label);
    else
        dataset_draw_law(dataset, NULL, rng, x, label);
}

void dataset_held_out(const Dataset *dataset, long r, float *x, int *label)
{
    must(r >= 0);
    if (dataset->test) {
        copy_row(dataset, dataset->test, dataset->test_label, (int)(r % dataset->n_test), x, label);
        return;
    }
    Rng rng = rng_at(reference_seed, STREAM_REFERENCE, (uint64_t)r);
    dataset_draw_law(dataset, NULL, &rng, x, label);
}

static unsigned long add(unsigned long crc, const void *data, size_t size)
{
    return crc32_z(crc, data, size);
}

unsigned long dataset_checksum(const Dataset *dataset)
{
    enum { DRAWS = 512 };
    int sizes[] = {dataset->height, dataset->width, dataset->channels, dataset->classes};
    size_t d = (size_t)dataset->dims, n = (size_t)dataset->n, n_test = (size_t)dataset->n_test;
    unsigned long crc = add(0, sizes, sizeof sizes);
    if (dataset->x) {
        crc = add(crc, dataset->x, n * d * sizeof(float));
        crc = add(crc, dataset->label, n * sizeof(int));
        crc = add(crc, dataset->test, n_test * d * sizeof(float));
        return add(crc, dataset->test_label, n_test * sizeof(int));
    }
    for (long r = 0; r < DRAWS; r++) {
        float x[2];
        int label;
        dataset_held_out(dataset, r, x, &label);
        crc = add(add(crc, x, sizeof x), &label, sizeof label);
    }
    return crc;
}
