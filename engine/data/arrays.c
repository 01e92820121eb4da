/* Owns arrays of numpy as data sets: pictures, with labels beside them or without. */
#include "engine/base/npy.h"
#include "engine/data/labels.h"
#include "engine/data/shrink.h"
#include "engine/data/stage.h"
#include "engine/nets/net_spec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SIDE = 4, MOST_SIDE = 16384 };

/* What the numbers mean: value = offset + scale * number, a byte. */
typedef struct Range {
    double offset, scale;
} Range;

typedef struct Reading {
    NpyFile file;
    int height, width, channels; /* of a picture in the file */
    int side;                    /* 0: as they are */
    Range range;
    int *label;
    double *number; /* of one picture */
    uint8_t *bytes, *row;
} Reading;

static Status check_pictures(Reading *reading, const DatasetFiles *files, Error *error)
{
    const NpyFile *file = &reading->file;
    int channels = file->axes == 4 ? file->axis[3] : 1, least = files->size ? 1 : LEAST_SIDE,
        step = files->size ? 1 : 4;
    long most = files->size ? MOST_SIDE : 64;
    reading->height = file->axis[1], reading->width = file->axis[2], reading->channels = channels;
    reading->side = files->size;
    if (channels != 1 && channels != 3)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s: pictures with %d channels; expected (n, h, w), (n, h, w, 1) or "
                    "(n, h, w, 3), channels last: numpy.moveaxis",
                    file->path, channels);
    if (reading->height < least || reading->width < least || reading->height > most ||
        reading->width > most || reading->height % step || reading->width % step)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s: pictures of %d x %d; height and width must be multiples of 4 "
                    "from %d to 64, or set data.size",
                    file->path, reading->height, reading->width, (int)LEAST_SIDE);
    return STATUS_OK;
}

/* Numbers in [0, 255] that are no fractions of 1, in [0, 1], or in [-1, 1]. */
static Status find_range(Reading *reading, Error *error)
{
    NpyFile *file = &reading->file;
    double low = INFINITY, high = -INFINITY;
    Status status = STATUS_OK;
    reading->range = (Range){0, 1};
    if (file->letter != 'f')
        return STATUS_OK;
    for (int r = 0; r < file->n && !status; r++) {
        status = npy_take(file, (size_t)file->d, reading->number, error);
        for (int k = 0; k < file->d && !status; k++) {
            low = fmin(low, reading->number[k]);
            high = fmax(high, reading->number[k]);
        }
    }
    if (!status && (low < -1 || high > (low < 0 ? 1 : 255)))
        status = fail(error, STATUS_BAD_INPUT,
                      "data.path: %s: numbers from %g to %g; expected -1 to 1, 0 to 1 or 0 to 255",
                      file->path, low, high);
    if (low < 0)
        reading->range = (Range){127.5, 127.5};
    else if (high <= 1)
        reading->range = (Range){0, 255};
    return status ? status : npy_rewind(file, error);
}

static void to_bytes(const Reading *reading)
{
    for (int k = 0; k < reading->file.d; k++)
        reading->bytes[k] =
            (uint8_t)(reading->range.offset + reading->range.scale * reading->number[k] + 0.5);
}

/* The middle square, through the colours that averaging knows. */
static void shrink(const Reading *reading, Shrink *work)
{
    size_t w = (size_t)reading->width, c = (size_t)reading->channels;
    uint8_t rgb[SHRINK_SIDE_MAX * SHRINK_SIDE_MAX * 3], *line = need(malloc(w * 3));
    shrink_begin(work, reading->width, reading->height, reading->side);
    for (int y = 0; y < reading->height; y++) {
        const uint8_t *from = reading->bytes + (size_t)y * w * c;
        for (size_t k = 0; k < 3 * w; k++)
            line[k] = from[c == 3 ? k : k / 3];
        shrink_row(work, line, 3);
    }
    shrink_end(work, rgb);
    free(line);
    for (size_t k = 0, n = (size_t)reading->side * (size_t)reading->side * c; k < n; k++)
        reading->row[k] = rgb[c == 3 ? k : 3 * k];
}

static Status stage_rows(Reading *reading, Stage *stage, Error *error)
{
    Shrink *work = reading->side ? need(malloc(sizeof *work)) : NULL;
    Status status = STATUS_OK;
    for (int r = 0; r < reading->file.n && !status; r++) {
        status = npy_take(&reading->file, (size_t)reading->file.d, reading->number, error);
        if (status)
            break;
        to_bytes(reading);
        if (work)
            shrink(reading, work);
        stage_add(stage, work ? reading->row : reading->bytes, reading->label[r], PART_BY_CONTENT);
    }
    free(work);
    return status;
}

static Status read_pictures(Reading *reading, Dataset *dataset, const DatasetFiles *files,
                            const Prepared *prepared, Arena *arena, Error *error)
{
    size_t d = (size_t)reading->file.d;
    int side = reading->side;
    reading->number = need(malloc(d * sizeof *reading->number));
    reading->bytes = need(malloc(d));
    reading->row = need(malloc(3 * SHRINK_SIDE_MAX * SHRINK_SIDE_MAX));
    reading->label = need(calloc((size_t)reading->file.n, sizeof *reading->label));
    Stage *stage = stage_open(prepared, side ? side : reading->height, side ? side : reading->width,
                              reading->channels);
    Status status = STATUS_OK;
    if (*files->labels)
        status = labels_read(files->labels, reading->file.n, reading->label, error);
    if (!status)
        status = find_range(reading, error);
    if (!status)
        status = stage_rows(reading, stage, error);
    if (!status)
        status = stage_finish(stage, files->path, files->channels, dataset, arena, error);
    stage_free(stage);
    free(reading->label);
    free(reading->row);
    free(reading->bytes);
    free(reading->number);
    return status;
}

static Status open_npy(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    static const NpyWish wish = {"|u1 <f4 <f8", 3, 4, "(n, h, w) or (n, h, w, channels)"};
    Reading reading = {0};
    Error inner;
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: data.name = npy needs the .npy file with the pictures here");
    Status status = npy_open_as(&reading.file, files->path, &wish, &inner);
    if (status)
        return fail(error, status, "data.path: %s", inner.text);
    status = check_pictures(&reading, files, error);
    Prepared prepared;
    prepared_at(&prepared, files);
    prepared_add_file(&prepared, files->path);
    prepared_add_file(&prepared, files->labels);
    if (!status && !prepared_map(&prepared, dataset, arena))
        status = read_pictures(&reading, dataset, files, &prepared, arena, error);
    npy_close(&reading.file);
    return status;
}

const DatasetKind dataset_npy = {
    .name = "npy",
    .help = "pictures (n, h, w[, c]) in the NPY file data.path; labels in data.labels",
    .conditional_default = 1,
    .open = open_npy,
};
