/* Owns CIFAR-10 and CIFAR-100 in their binary versions: records of labels and 32 x 32 pictures,
 * red, green and blue one after the other. */
#include "engine/base/file.h"
#include "engine/data/stage.h"
#include <string.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE, ROW = 3 * PIXELS };

typedef struct Form {
    int labels, which, classes; /* bytes of labels before a picture, which of them, of how many */
    int n_train;                /* the first so many files are trained on, the last is held out */
    const char *const *file, *const *name;
} Form;

static const char *const files10[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                      "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
static const char *const files100[] = {"train.bin", "test.bin"};
static const char *const names10[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};

static const Form form10 = {1, 0, 10, 5, files10, names10},
                  form100 = {2, 1, 100, 1, files100, NULL};

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

static Status stage_records(Stage *stage, OldFile *file, const Form *form, Part part, Error *error)
{
    uint8_t record[2 + ROW], row[ROW];
    int n = 0;
    Status status = count(file, form, &n, error);
    for (int r = 0; r < n && !status; r++) {
        status = oldfile_take(file, record, (size_t)form->labels + ROW, error);
        int label = record[form->which];
        if (!status && label >= form->classes)
            status = fail(error, STATUS_BAD_INPUT,
                          "data.path: %s: label %d in record %d; expected 0 to %d", file->path,
                          label, r, form->classes - 1);
        if (status)
            break;
        interleave(record + form->labels, row);
        stage_add(stage, row, label, part);
    }
    return status;
}

static Status stage_files(Stage *stage, const char *folder, const Form *form, Error *error)
{
    Status status = STATUS_OK;
    for (int f = 0; f <= form->n_train && !status; f++) {
        OldFile file;
        char path[PATH_SIZE];
        status = oldfile_open(&file, file_join(path, folder, form->file[f]), error);
        if (status)
            break;
        status =
            stage_records(stage, &file, form, f < form->n_train ? PART_TRAIN : PART_TEST, error);
        oldfile_close(&file);
    }
    return status;
}

static Status prepare(Dataset *dataset, const Form *form, const DatasetFiles *files,
                      const Prepared *prepared, Arena *arena, Error *error)
{
    Stage *stage = stage_open(prepared, SIDE, SIDE, 3);
    Status status = stage_files(stage, files->path, form, error);
    if (form->name)
        stage_name_classes(stage, form->classes, form->name);
    if (!status)
        status = stage_finish(stage, files->path, files->channels, dataset, arena, error);
    stage_free(stage);
    return status;
}

static Status open_form(Dataset *dataset, const Form *form, const DatasetFiles *files, Arena *arena,
                        Error *error)
{
    Prepared prepared;
    char path[PATH_SIZE];
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: needs the folder that has %s here (the binary version)",
                    form->file[0]);
    if (files->size && files->size != SIDE)
        return fail(error, STATUS_BAD_INPUT, "data.size: %d; these pictures are 32 x 32: auto",
                    files->size);
    prepared_at(&prepared, files);
    for (int f = 0; f <= form->n_train; f++)
        prepared_add_file(&prepared, file_join(path, files->path, form->file[f]));
    if (prepared_map(&prepared, dataset, arena))
        return STATUS_OK;
    return prepare(dataset, form, files, &prepared, arena, error);
}

static Status open10(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    return open_form(dataset, &form10, files, arena, error);
}

static Status open100(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    return open_form(dataset, &form100, files, arena, error);
}

static bool has_files(const char *path, const Form *form)
{
    char file[PATH_SIZE];
    for (int f = 0; f <= form->n_train; f++)
        if (strlen(path) + 32 > sizeof file || !file_exists(file_join(file, path, form->file[f])))
            return false;
    return true;
}

static bool owns10(const char *path) { return has_files(path, &form10); }
static bool owns100(const char *path) { return has_files(path, &form100); }

const DatasetKind dataset_cifar10 = {
    .name = "cifar10",
    .help = "CIFAR-10, 32 x 32 in colour, ten classes; the binary version in data.path",
    .class_name = names10,
    .named = 10,
    .conditional_default = 1,
    .open = open10,
    .owns = owns10,
};

const DatasetKind dataset_cifar100 = {
    .name = "cifar100",
    .help = "CIFAR-100, 32 x 32 in colour, 100 fine classes; the binary version in data.path",
    .conditional_default = 1,
    .open = open100,
    .owns = owns100,
};
