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

static void give_back(const Dataset *dataset, const uint8_t *bytes, size_t n)
{
    size_t all = ((size_t)dataset->n + (size_t)dataset->n_test) * (size_t)dataset->dims;
    if (dataset->sparing)
        arena_unmap_some(dataset->x, all, bytes, n);
}

void dataset_row(const Dataset *dataset, const uint8_t *bytes, int r, float *x)
{
    size_t d = (size_t)dataset->dims;
    bytes += (size_t)r * d;
    for (size_t k = 0; k < d; k++)
        x[k] = (float)(bytes[k] / 127.5 - 1);
    give_back(dataset, bytes, d);
}

bool dataset_is_points(const Dataset *dataset)
{
    return dataset->height == 1 && dataset->width == 1;
}

const char *dataset_class_name(const Dataset *dataset, int label)
{
    if (dataset->class_name)
        return dataset->class_name[label];
    return label < dataset->kind->named ? dataset->kind->class_name[label] : NULL;
}

int dataset_label(const Dataset *dataset, Rng *rng)
{
    return dataset->conditional ? (int)rng_below(rng, (uint32_t)dataset->classes) : 0;
}

void dataset_draw(const Dataset *dataset, Rng *rng, float *x, int *label)
{
    int row = dataset->n_seen > 0 ? (int)rng_below(rng, (uint32_t)dataset->n_seen) : 0;
    size_t d = (size_t)dataset->dims;
    if (dataset->seen) {
        dataset_row(dataset, dataset->x, dataset->seen[row], x);
        *label = dataset->label[dataset->seen[row]];
    } else if (dataset->seen_x) {
        memcpy(x, dataset->seen_x + (size_t)row * d, sizeof(float) * d);
        *label = dataset->seen_label[row];
    } else
        dataset_draw_law(dataset, dataset->keep, rng, x, label);
}

void dataset_draw_all(const Dataset *dataset, Rng *rng, float *x, int *label)
{
    if (!dataset->x) {
        dataset_draw_law(dataset, NULL, rng, x, label);
        return;
    }
    int row = (int)rng_below(rng, (uint32_t)dataset->n);
    dataset_row(dataset, dataset->x, row, x);
    *label = dataset->label[row];
}

void dataset_held_out(const Dataset *dataset, long r, float *x, int *label)
{
    must(r >= 0);
    if (dataset->test) {
        int row = (int)(r % dataset->n_test);
        dataset_row(dataset, dataset->test, row, x);
        *label = dataset->test_label[row];
        return;
    }
    Rng rng = rng_at(reference_seed, STREAM_REFERENCE, (uint64_t)r);
    dataset_draw_law(dataset, NULL, &rng, x, label);
}

static unsigned long add(unsigned long crc, const void *data, size_t size)
{
    return crc32_z(crc, data, size);
}

/* Of the numbers that the bytes stand for. */
static unsigned long add_rows(unsigned long crc, const Dataset *dataset, const uint8_t *bytes,
                              int n)
{
    enum { PIECE = 4096 };
    float value[256], piece[PIECE];
    size_t all = (size_t)n * (size_t)dataset->dims;
    for (int b = 0; b < 256; b++)
        value[b] = (float)(b / 127.5 - 1);
    for (size_t at = 0; at < all; at += PIECE) {
        size_t count = all - at < PIECE ? all - at : PIECE;
        for (size_t k = 0; k < count; k++)
            piece[k] = value[bytes[at + k]];
        give_back(dataset, bytes + at, count);
        crc = add(crc, piece, count * sizeof *piece);
    }
    return crc;
}

unsigned long dataset_checksum(const Dataset *dataset)
{
    enum { DRAWS = 512 };
    int sizes[] = {dataset->height, dataset->width, dataset->channels, dataset->classes};
    size_t n = (size_t)dataset->n, n_test = (size_t)dataset->n_test;
    unsigned long crc = add(0, sizes, sizeof sizes);
    if (dataset->x) {
        crc = add_rows(crc, dataset, dataset->x, dataset->n);
        crc = add(crc, dataset->label, n * sizeof(int));
        crc = add_rows(crc, dataset, dataset->test, dataset->n_test);
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
