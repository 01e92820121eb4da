/* Owns Fashion-MNIST, from its four IDX files: unpacked into memory, or into a file that is mapped.
 */
#include "engine/data/idx_pair.h"
#include "engine/data/prepared.h"
#include <string.h>

enum { FASHION_CLASSES = 10 };

static const char REMEDY[] =
    "apt-get install dataset-fashion-mnist, or set data.path to the folder that has it";

static const char *const fashion_names[FASHION_CLASSES] = {
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot",
};

static const char *const fashion_folders[] = {
    "/usr/share/datasets/fashion-mnist",
    "data/fashion-mnist",
};

static const char *const file_names[] = {
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
};

/* The first default folder that has any of the files; the first of all when none has. */
static const char *find_folder(void)
{
    char path[PATH_SIZE];
    for (size_t f = 0; f < sizeof fashion_folders / sizeof *fashion_folders; f++)
        for (int k = 0; k < 4; k++)
            if (idx_find(fashion_folders[f], file_names[k], path))
                return fashion_folders[f];
    return fashion_folders[0];
}

static Status open_halves(Half half[2], const char *folder, Error *error)
{
    Status status = STATUS_OK;
    for (int h = 0; h < 2 && !status; h++)
        status = half_open(&half[h], folder, file_names + 2 * h, REMEDY, error);
    if (!status)
        status = half_match(&half[0], &half[1], error);
    for (int h = 0; h < 2 && !status; h++)
        status = half_labels(&half[h], FASHION_CLASSES, error);
    return status;
}

static int *labels_of(const Half *half, Arena *arena)
{
    int n = half->labels.size[0], *label = arena_new(arena, int, n);
    for (int r = 0; r < n; r++)
        label[r] = half->labels.bytes[r];
    return label;
}

/* Everything but the rows. */
static void describe(Dataset *dataset, const Half half[2], Arena *arena)
{
    const int *size = half[0].images.size;
    dataset->classes = FASHION_CLASSES;
    dataset->n = size[0];
    dataset->height = size[1];
    dataset->width = size[2];
    dataset->channels = 1;
    dataset->dims = size[1] * size[2];
    dataset->low = -1;
    dataset->high = 1;
    dataset->label = labels_of(&half[0], arena);
    dataset->n_test = half[1].images.size[0];
    dataset->test_label = labels_of(&half[1], arena);
    dataset->left_out = "";
}

/* ---- Rows in memory ---- */

typedef struct Rows {
    size_t size; /* of one */
    uint8_t *at;
    FILE *stream;
} Rows;

static void keep_row(void *context, int r, const uint8_t *row)
{
    const Rows *rows = context;
    memcpy(rows->at + (size_t)r * rows->size, row, rows->size);
}

static Status read_rows(Dataset *dataset, const Half half[2], Arena *arena, Error *error)
{
    const uint8_t **part[] = {&dataset->x, &dataset->test};
    Status status = STATUS_OK;
    for (int h = 0; h < 2 && !status; h++) {
        Rows rows = {.size = (size_t)dataset->dims};
        *part[h] = rows.at = arena_alloc(arena, (size_t)half[h].images.size[0] * rows.size);
        status = half_rows(&half[h], keep_row, &rows, error);
    }
    return status;
}

/* ---- Rows in a file ---- */

/* What the system brought is not ours to write beside. */
static void prepare(Prepared *prepared, const DatasetFiles *files, const char *folder)
{
    char path[PATH_SIZE];
    DatasetFiles here = *files;
    here.path = folder;
    prepared_at(prepared, &here);
    if (!*files->path)
        *prepared->path[PREPARED_BESIDE] = 0;
    for (int k = 0; k < 4; k++)
        if (idx_find(folder, file_names[k], path))
            prepared_add_file(prepared, path);
}

static void write_row(void *context, int r, const uint8_t *row)
{
    (void)r;
    const Rows *rows = context;
    fwrite(row, 1, rows->size, rows->stream);
}

/* False: there is no place to write to, or no reading; the data set is as it was. */
static bool write_rows(const Prepared *prepared, const Half half[2], Dataset *dataset, Arena *arena)
{
    NewFile file;
    int place;
    FILE *scratch = prepared_scratch(prepared, &place);
    if (scratch)
        fclose(scratch);
    if (!scratch || prepared_begin(prepared, place, dataset, &file, NULL))
        return false;
    Rows rows = {.size = (size_t)dataset->dims, .stream = file.stream};
    if (half_rows(&half[0], write_row, &rows, NULL) ||
        half_rows(&half[1], write_row, &rows, NULL)) {
        newfile_abandon(&file);
        return false;
    }
    return !newfile_commit(&file, NULL) && prepared_map_new(prepared, place, dataset, arena);
}

static Status open_fashion(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    Half half[2] = {0};
    Prepared prepared;
    const char *folder = *files->path ? files->path : find_folder();
    if (files->sparing)
        prepare(&prepared, files, folder);
    if (files->sparing && prepared_map(&prepared, dataset, arena))
        return STATUS_OK;
    Status status = open_halves(half, folder, error);
    if (!status) {
        describe(dataset, half, arena);
        if (!files->sparing || !write_rows(&prepared, half, dataset, arena))
            status = read_rows(dataset, half, arena, error);
    }
    half_done(&half[1]);
    half_done(&half[0]);
    return status;
}

const DatasetKind dataset_fashion = {
    .name = "fashion",
    .help = "Fashion-MNIST, 28 x 28 grey, ten garments; from IDX files, packed or plain",
    .class_name = fashion_names,
    .named = FASHION_CLASSES,
    .conditional_default = 1,
    .open = open_fashion,
};
