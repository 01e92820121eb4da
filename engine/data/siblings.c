/* Owns the siblings of MNIST: sets in four IDX files, whatever stands before "train-images" in
 * their names. EMNIST's pictures lie on their side there and are turned; its letters count from 1.
 */
#include "engine/data/idx_pair.h"
#include "engine/data/stage.h"
#include "engine/picture/shrink.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_SIZE = 200 };

/* The names of a set's files: "emnist-letters-" and "test", or "" and "t10k". */
typedef struct Family {
    char folder[PATH_SIZE], prefix[NAME_MAX_SIZE];
    char name[4][NAME_MAX_SIZE + 40]; /* training pictures, labels; held-out pictures, labels */
} Family;

/* What stands before "train-images" in a file's name; false: it is none of ours. */
static bool prefix_of(const char *name, char prefix[NAME_MAX_SIZE])
{
    const char *at = strstr(name, "train-images");
    if (!at || strncmp(at + 13, "idx3-ubyte", 10) != 0 || at - name >= NAME_MAX_SIZE)
        return false;
    snprintf(prefix, NAME_MAX_SIZE, "%.*s", (int)(at - name), name);
    return true;
}

/* The one set that lies in a folder. */
static Status search(Family *family, Error *error)
{
    DIR *open = opendir(family->folder);
    char prefix[NAME_MAX_SIZE] = "", other[NAME_MAX_SIZE];
    int found = 0;
    for (struct dirent *entry = open ? readdir(open) : NULL; entry; entry = readdir(open))
        if (prefix_of(entry->d_name, other) && (!found || strcmp(other, prefix) != 0)) {
            if (found++)
                snprintf(family->prefix, sizeof family->prefix, "%s", prefix);
            snprintf(prefix, sizeof prefix, "%s", other);
        }
    if (open)
        closedir(open);
    if (found == 0)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: there is no train-images-idx3-ubyte[.gz], whatever stands before "
                    "it, in %s",
                    family->folder);
    if (found > 1)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s has several sets, as %s... and %s...; add the beginning of one: "
                    "%s/%s",
                    family->folder, family->prefix, prefix, family->folder, prefix);
    strcpy(family->prefix, prefix);
    return STATUS_OK;
}

/* A path is a folder, or a folder and the beginning of names. */
static Status look_for(Family *family, const char *path, Error *error)
{
    DIR *folder = opendir(path);
    snprintf(family->folder, PATH_SIZE, "%s", path);
    *family->prefix = 0;
    if (folder) {
        closedir(folder);
        return search(family, error);
    }
    char *slash = strrchr(family->folder, '/');
    const char *last = slash ? slash + 1 : path;
    const char *dash = *last && last[strlen(last) - 1] != '-' ? "-" : "";
    snprintf(family->prefix, NAME_MAX_SIZE, "%.*s%s", NAME_MAX_SIZE - 2, last, dash);
    if (slash)
        *slash = 0;
    else
        strcpy(family->folder, ".");
    return STATUS_OK;
}

static void name_files(Family *family)
{
    static const char *const parts[] = {"images-idx3-ubyte", "labels-idx1-ubyte"};
    char path[PATH_SIZE], test[NAME_MAX_SIZE + 40];
    snprintf(test, sizeof test, "%stest-images-idx3-ubyte", family->prefix);
    const char *held = idx_find(family->folder, test, path) ? "test" : "t10k";
    for (int k = 0; k < 4; k++)
        snprintf(family->name[k], sizeof family->name[k], "%s%s-%s", family->prefix,
                 k < 2 ? "train" : held, parts[k % 2]);
}

/* ---- Rows ---- */

static void transpose(int height, int width, const uint8_t *from, uint8_t *to)
{
    for (int y = 0; y < width; y++)
        for (int x = 0; x < height; x++)
            *to++ = from[(size_t)x * (size_t)width + (size_t)y];
}

typedef struct Form {
    int height, width; /* upright */
    bool turned;
    int side; /* 0: as they are */
} Form;

/* Pictures of a half on their way into a stage. */
typedef struct Staging {
    Stage *stage;
    const Half *half;
    const Form *form;
    Part part;
    uint8_t *upright; /* room for one */
} Staging;

static void stage_row(void *context, int r, const uint8_t *row)
{
    const Staging *staging = context;
    const Form *form = staging->form;
    uint8_t small[SHRINK_SIDE_MAX * SHRINK_SIDE_MAX];
    if (form->turned) {
        transpose(form->width, form->height, row, staging->upright);
        row = staging->upright;
    }
    if (form->side)
        shrink_bytes(row, form->height, form->width, 1, form->side, small);
    stage_add(staging->stage, form->side ? small : row, staging->half->labels.bytes[r],
              staging->part);
}

static Status stage_halves(Stage *stage, const Half half[2], const Form *form, Error *error)
{
    Status status = STATUS_OK;
    uint8_t *upright = need(malloc((size_t)form->height * (size_t)form->width));
    for (int h = 0; h < 2 && !status; h++) {
        Staging staging = {stage, &half[h], form, h ? PART_TEST : PART_TRAIN, upright};
        status = half_rows(&half[h], stage_row, &staging, error);
    }
    free(upright);
    return status;
}

static void name_classes(Stage *stage)
{
    char text[DATASET_CLASSES_MAX][4];
    const char *name[DATASET_CLASSES_MAX];
    for (int c = 0; c < DATASET_CLASSES_MAX; c++) {
        snprintf(text[c], sizeof text[c], "%d", c % 1000);
        name[c] = text[c];
    }
    stage_name_classes(stage, DATASET_CLASSES_MAX, name);
}

static Status stage_set(Half half[2], const Family *family, const DatasetFiles *files,
                        const Prepared *prepared, Dataset *dataset, Arena *arena, Error *error)
{
    bool turned = strstr(family->prefix, "emnist");
    const int *size = half[0].images.size;
    Form form = {turned ? size[2] : size[1], turned ? size[1] : size[2], turned, files->size};
    Stage *stage = stage_open(prepared, form.side ? form.side : form.height,
                              form.side ? form.side : form.width, 1);
    name_classes(stage);
    Status status = stage_halves(stage, half, &form, error);
    if (!status)
        status = stage_finish(stage, files->path, files->channels, dataset, arena, error);
    stage_free(stage);
    return status;
}

static Status read_set(const Family *family, Half half[2], Error *error)
{
    static const char REMEDY[] = "data.path is the folder, and the beginning of the names where "
                                 "several sets lie there";
    Status status = STATUS_OK;
    for (int h = 0; h < 2 && !status; h++) {
        const char *const names[] = {family->name[2 * h], family->name[2 * h + 1]};
        status = half_open(&half[h], family->folder, names, REMEDY, error);
    }
    if (!status)
        status = half_match(&half[0], &half[1], error);
    for (int h = 0; h < 2 && !status; h++)
        status = half_labels(&half[h], DATASET_CLASSES_MAX, error);
    return status;
}

static Status open_idx(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    Family family;
    Prepared prepared;
    Half half[2] = {0};
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: data.name = idx needs the folder with the four IDX files here");
    Status status = look_for(&family, files->path, error);
    if (status)
        return status;
    name_files(&family);
    prepared_at(&prepared, files);
    for (int k = 0; k < 4; k++) {
        char path[PATH_SIZE];
        if (idx_find(family.folder, family.name[k], path))
            prepared_add_file(&prepared, path);
    }
    if (prepared_map(&prepared, dataset, arena))
        return STATUS_OK;
    status = read_set(&family, half, error);
    if (!status)
        status = stage_set(half, &family, files, &prepared, dataset, arena, error);
    half_done(&half[1]);
    half_done(&half[0]);
    return status;
}

static bool owns(const char *path)
{
    Family family;
    char file[PATH_SIZE];
    if (strlen(path) + NAME_MAX_SIZE > PATH_SIZE || look_for(&family, path, NULL))
        return false;
    name_files(&family);
    return idx_find(family.folder, family.name[0], file);
}

const DatasetKind dataset_idx = {
    .name = "idx",
    .help = "a sibling of MNIST (EMNIST, KMNIST) in four IDX files, packed or plain",
    .conditional_default = 1,
    .open = open_idx,
    .owns = owns,
};
