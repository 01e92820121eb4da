/* Owns Fashion-MNIST, from its four IDX files. */
#include "engine/data/dataset.h"
#include "engine/data/idx_pair.h"
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
    Status status = half_open(train, folder, file_names, REMEDY, error);
    if (!status)
        status = half_open(test, folder, file_names + 2, REMEDY, error);
    if (!status)
        status = half_match(train, test, error);
    if (!status)
        status = half_read(train, FASHION_CLASSES, error);
    if (!status)
        status = half_read(test, FASHION_CLASSES, error);
    return status ? status : half_match(train, test, error);
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
