/* Owns CIFAR-10 and CIFAR-100 in their binary versions: records of labels and 32 x 32 pictures,
 * red, green and blue one after the other. */
#include "engine/base/file.h"
#include "engine/data/dataset.h"
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE, ROW = 3 * PIXELS };

typedef struct Form {
    int labels, which, classes; /* bytes of labels before a picture, which of them, of how many */
    int n_train;                /* the first so many files are trained on, the last is held out */
    const char *const *file;
} Form;

static const char *const files10[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                      "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
static const char *const files100[] = {"train.bin", "test.bin"};
static const Form form10 = {1, 0, 10, 5, files10}, form100 = {2, 1, 100, 1, files100};

static const char *const names10[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};

/* How many records the file holds, by its size. */
static Status count(const OldFile *file, const Form *form, int *n, Error *error)
{
    size_t record = (size_t)form->labels + ROW, most = 1000000;
    *n = (int)(file->size / record);
    if (file->size % record == 0 && file->size > 0 && file->size / record <= most)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "data.path: %s has %zu bytes; expected records of %zu, at most %zu of them: fetch "
                "the binary version again",
                file->path, file->size, record, most);
}

static void interleave(const uint8_t *plane, uint8_t *pixel)
{
    for (int k = 0; k < PIXELS; k++)
        for (int c = 0; c < 3; c++)
            *pixel++ = plane[c * PIXELS + k];
}

static Status read_records(OldFile *file, const Form *form, int n, uint8_t *rows, int *label,
                           Error *error)
{
    uint8_t record[2 + ROW];
    Status status = STATUS_OK;
    for (int r = 0; r < n && !status; r++) {
        status = oldfile_take(file, record, (size_t)form->labels + ROW, error);
        label[r] = record[form->which];
        if (!status && label[r] >= form->classes)
            status = fail(error, STATUS_BAD_INPUT,
                          "data.path: %s: label %d in record %d; expected 0 to %d", file->path,
                          label[r], r, form->classes - 1);
        interleave(record + form->labels, rows + (size_t)r * ROW);
    }
    return status;
}

typedef struct Half {
    int n;
    uint8_t *rows;
    int *label;
} Half;

/* Files of one half, one behind the other; `rows` NULL: only counted. */
static Status take_files(const char *folder, const Form *form, int begin, int end, Half *half,
                         Error *error)
{
    Status status = STATUS_OK;
    int at = 0;
    for (int f = begin; f < end && !status; f++) {
        OldFile file;
        char path[PATH_SIZE];
        int n = 0;
        status = oldfile_open(&file, file_join(path, folder, form->file[f]), error);
        if (status)
            return status;
        status = count(&file, form, &n, error);
        if (!status && half->rows && n > half->n - at)
            status = fail(error, STATUS_BAD_INPUT, "data.path: %s grew while it was read", path);
        if (!status && half->rows)
            status = read_records(&file, form, n, half->rows + (size_t)at * ROW, half->label + at,
                                  error);
        oldfile_close(&file);
        at += n;
    }
    half->n = at;
    return status;
}

static Status read_half(const char *folder, const Form *form, int begin, int end, Half *half,
                        Arena *arena, Error *error)
{
    *half = (Half){0};
    Status status = take_files(folder, form, begin, end, half, error);
    if (status)
        return status;
    half->rows = arena_alloc(arena, (size_t)half->n * ROW);
    half->label = arena_new(arena, int, half->n);
    return take_files(folder, form, begin, end, half, error);
}

static Status open_form(Dataset *dataset, const Form *form, const DatasetFiles *files, Arena *arena,
                        Error *error)
{
    Half train, test;
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: needs the folder that has %s here (the binary version)",
                    form->file[0]);
    Status status = read_half(files->path, form, 0, form->n_train, &train, arena, error);
    if (!status)
        status =
            read_half(files->path, form, form->n_train, form->n_train + 1, &test, arena, error);
    if (status)
        return status;
    dataset->height = dataset->width = SIDE;
    dataset->channels = 3;
    dataset->dims = ROW;
    dataset->classes = form->classes;
    dataset->low = -1, dataset->high = 1;
    dataset->n = train.n, dataset->x = train.rows, dataset->label = train.label;
    dataset->n_test = test.n, dataset->test = test.rows, dataset->test_label = test.label;
    return STATUS_OK;
}

static Status open10(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    return open_form(dataset, &form10, files, arena, error);
}

static Status open100(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    return open_form(dataset, &form100, files, arena, error);
}

const DatasetKind dataset_cifar10 = {
    .name = "cifar10",
    .help = "CIFAR-10, 32 x 32 in colour, ten classes; the binary version in data.path",
    .class_name = names10,
    .named = 10,
    .conditional_default = 1,
    .open = open10,
};

const DatasetKind dataset_cifar100 = {
    .name = "cifar100",
    .help = "CIFAR-100, 32 x 32 in colour, 100 fine classes; the binary version in data.path",
    .conditional_default = 1,
    .open = open100,
};
