/* Owns arrays of numpy as data sets: pictures or points, with labels beside them
 * or without. */
#include "engine/base/npy.h"
#include "engine/data/labels.h"
#include "engine/data/points.h"
#include "engine/data/stage.h"
#include "engine/nets/net_spec.h"
#include "engine/picture/shrink.h"
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

static Status stage_rows(Reading *reading, Stage *stage, Error *error)
{
    Status status = STATUS_OK;
    for (int r = 0; r < reading->file.n && !status; r++) {
        status = npy_take(&reading->file, (size_t)reading->file.d, reading->number, error);
        if (status)
            break;
        to_bytes(reading);
        if (reading->side)
            shrink_bytes(reading->bytes, reading->height, reading->width, reading->channels,
                         reading->side, reading->row);
        stage_add(stage, reading->side ? reading->row : reading->bytes, reading->label[r],
                  PART_BY_CONTENT);
    }
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

static Status read_points(Reading *reading, Dataset *dataset, const DatasetFiles *files,
                          Arena *arena, Error *error)
{
    NpyFile *file = &reading->file;
    Points points = {0};
    double at[2];
    if (file->d != 2)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s: points of %d numbers; expected (n, 2): networks and views of "
                    "points know the plane only; give two of the columns, or a projection",
                    file->path, file->d);
    reading->label = need(calloc((size_t)file->n, sizeof *reading->label));
    Status status = STATUS_OK;
    if (*files->labels)
        status = labels_read(files->labels, file->n, reading->label, error);
    for (int r = 0; r < file->n && !status; r++) {
        status = npy_take(file, 2, at, error);
        if (!status)
            points_add(&points, at[0], at[1], reading->label[r]);
    }
    free(reading->label);
    if (!status)
        status = points_law(&points, files, dataset, arena, error);
    points_done(&points);
    return status;
}

static Status open_pictures(Reading *reading, Dataset *dataset, const DatasetFiles *files,
                            Arena *arena, Error *error)
{
    Prepared prepared;
    Status status = check_pictures(reading, files, error);
    prepared_at(&prepared, files);
    prepared_add_file(&prepared, files->path);
    prepared_add_file(&prepared, files->labels);
    if (status || prepared_map(&prepared, dataset, arena))
        return status;
    return read_pictures(reading, dataset, files, &prepared, arena, error);
}

static Status open_npy(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    static const NpyWish wish = {"|u1 <f4 <f8", 2, 4, "(n, h, w), (n, h, w, channels) or (n, 2)"};
    Reading reading = {0};
    Error inner;
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: data.name = npy needs the .npy file with pictures or points here");
    Status status = npy_open_as(&reading.file, files->path, &wish, &inner);
    if (status)
        return fail(error, status, "data.path: %s", inner.text);
    status = (reading.file.axes == 2 ? read_points : open_pictures)(&reading, dataset, files, arena,
                                                                    error);
    npy_close(&reading.file);
    return status;
}

static bool owns(const char *path) { return file_ends(path, ".npy"); }

const DatasetKind dataset_npy = {
    .name = "npy",
    .help =
        "pictures (n, h, w[, c]) or points (n, 2) in the NPY file data.path; labels in data.labels",
    .conditional_default = 1,
    .open = open_npy,
    .owns = owns,
};
