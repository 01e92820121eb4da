/* Owns labelled image sets in the four IDX files of the MNIST family: found, checked
 * against each other, and taken as rows. May call base and idx. */
#include "engine/base/file.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/nets/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FASHION_CLASSES = 10 };

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

/* Packed or plain, with a hyphen or a dot before "idx"; false when the folder has none of them. */
static bool find_file(const char *folder, const char *name, char path[PATH_SIZE])
{
    char spelt[64];
    for (int form = 0; form < 4; form++) {
        snprintf(spelt, sizeof spelt, "%s%s", name, form % 2 ? "" : ".gz");
        if (form >= 2)
            *(strstr(spelt, "-idx")) = '.';
        if (file_exists(file_join(path, folder, spelt)))
            return true;
    }
    return false;
}

/* The first default folder that has any of the files; the first of all when none has. */
static const char *find_folder(void)
{
    char path[PATH_SIZE];
    for (size_t f = 0; f < sizeof fashion_folders / sizeof *fashion_folders; f++)
        for (int k = 0; k < 4; k++)
            if (find_file(fashion_folders[f], file_names[k], path))
                return fashion_folders[f];
    return fashion_folders[0];
}

static Status find_or_say(const char *folder, const char *name, char path[PATH_SIZE], Error *error)
{
    if (!find_file(folder, name, path))
        return fail(error, STATUS_BAD_INPUT,
                    "there is no %s (or %s.gz) in %s: apt-get install "
                    "dataset-fashion-mnist, or set "
                    "data.path to the folder that has it",
                    name, name, folder);
    return STATUS_OK;
}

/* One half of a data set: pictures and their labels. */
typedef struct Half {
    Idx images, labels;
    char image_path[PATH_SIZE], label_path[PATH_SIZE];
} Half;

static void half_done(Half *half)
{
    free(half->images.bytes);
    free(half->labels.bytes);
}

/* Finds the two files: the pictures' and the labels'. */
static Status half_find(Half *half, const char *folder, const char *const names[2], Error *error)
{
    *half = (Half){0};
    Status status = find_or_say(folder, names[0], half->image_path, error);
    return status ? status : find_or_say(folder, names[1], half->label_path, error);
}

typedef Status ReadIdx(const char *path, int rank, Idx *idx, Error *error);

static Status read_both(Half *half, ReadIdx *read, Error *error)
{
    Status status = read(half->image_path, 3, &half->images, error);
    return status ? status : read(half->label_path, 1, &half->labels, error);
}

static Status check_shape(const Half *half, Error *error)
{
    const int *size = half->images.size;
    if (size[1] % 4 || size[2] % 4 || (long)size[1] * size[2] > NET_DIMS_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: pictures of %d x %d; height and width must be multiples of 4, "
                    "with at most "
                    "%d pixels",
                    half->image_path, size[1], size[2], (int)NET_DIMS_MAX);
    if (half->labels.size[0] != size[0])
        return fail(error, STATUS_BAD_INPUT,
                    "%s: %d labels; expected %d, one for each picture in %s", half->label_path,
                    half->labels.size[0], size[0], half->image_path);
    return STATUS_OK;
}

static Status check_labels(const Half *half, int classes, Error *error)
{
    for (int r = 0; r < half->labels.size[0]; r++)
        if (half->labels.bytes[r] >= classes)
            return fail(error, STATUS_BAD_INPUT, "%s: label %d in row %d; expected 0 to %d",
                        half->label_path, half->labels.bytes[r], r, classes - 1);
    return STATUS_OK;
}

/* The headers of both files, checked against each other: no numbers yet. */
static Status half_open(Half *half, const char *folder, const char *const names[2], Error *error)
{
    Status status = half_find(half, folder, names, error);
    if (!status)
        status = read_both(half, idx_sizes, error);
    return status ? status : check_shape(half, error);
}

static Status half_read(Half *half, int classes, Error *error)
{
    Status status = read_both(half, idx_read, error);
    if (!status)
        status = check_shape(half, error);
    return status ? status : check_labels(half, classes, error);
}

static uint8_t *rows_of(const Half *half, Arena *arena)
{
    const int *size = half->images.size;
    size_t n = (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
    return memcpy(arena_alloc(arena, n), half->images.bytes, n);
}

static int *labels_of(const Half *half, Arena *arena)
{
    int n = half->labels.size[0], *label = arena_new(arena, int, n);
    for (int r = 0; r < n; r++)
        label[r] = half->labels.bytes[r];
    return label;
}

static Status check_match(const Half *train, const Half *test, Error *error)
{
    for (int k = 1; k < 3; k++)
        if (train->images.size[k] != test->images.size[k])
            return fail(error, STATUS_BAD_INPUT,
                        "%s: pictures of %d x %d; expected %d x %d as in %s", test->image_path,
                        test->images.size[1], test->images.size[2], train->images.size[1],
                        train->images.size[2], train->image_path);
    return STATUS_OK;
}

static void fill_images(Dataset *dataset, const Half *train, const Half *test, Arena *arena)
{
    dataset->n = train->images.size[0];
    dataset->height = train->images.size[1];
    dataset->width = train->images.size[2];
    dataset->channels = 1;
    dataset->dims = dataset->height * dataset->width;
    dataset->low = -1;
    dataset->high = 1;
    dataset->x = rows_of(train, arena);
    dataset->label = labels_of(train, arena);
    dataset->n_test = test->images.size[0];
    dataset->test = rows_of(test, arena);
    dataset->test_label = labels_of(test, arena);
}

static Status read_halves(Half *train, Half *test, const char *folder, Error *error)
{
    Status status = half_open(train, folder, file_names, error);
    if (!status)
        status = half_open(test, folder, file_names + 2, error);
    if (!status)
        status = check_match(train, test, error);
    if (!status)
        status = half_read(train, FASHION_CLASSES, error);
    if (!status)
        status = half_read(test, FASHION_CLASSES, error);
    return status ? status : check_match(train, test, error);
}

static Status open_fashion(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    Half train = {0}, test = {0};
    Status status = read_halves(&train, &test, *files->path ? files->path : find_folder(), error);
    if (!status) {
        dataset->classes = FASHION_CLASSES;
        fill_images(dataset, &train, &test, arena);
    }
    half_done(&test);
    half_done(&train);
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
