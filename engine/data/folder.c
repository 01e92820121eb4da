/* Owns a folder of PNG and JPEG files as a data set: which files, their classes, and what is done
 * with those that are no pictures. */
#include "engine/base/file.h"
#include "engine/base/pool.h"
#include "engine/data/classes.h"
#include "engine/data/labels.h"
#include "engine/data/listing.h"
#include "engine/data/stage.h"
#include "engine/picture/decode.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { USUAL_SIDE = 32, BLOCK = 256 };
static const char LABELS[] = "labels.csv";

/* Files being decoded side by side: places of a block are numbered as in the listing. */
typedef struct Block {
    const Listing *listing;
    const char *folder;
    int side, begin;
    uint8_t *rgb; /* BLOCK pictures */
    Status status[BLOCK];
    Error error[BLOCK];
} Block;

static Status decode_file(const char *path, int side, uint8_t *rgb, Error *error)
{
    char *bytes;
    size_t size;
    Status status = file_read(path, DECODE_FILE_MAX, &bytes, &size, error);
    if (status)
        return status;
    status = decode_picture((const uint8_t *)bytes, size, side, rgb, error);
    free(bytes);
    return status;
}

static void decode_one(void *context, int k, int worker)
{
    (void)worker;
    Block *block = context;
    char path[PATH_SIZE];
    const char *name = block->listing->file[block->begin + k].name;
    size_t dims = 3 * (size_t)block->side * (size_t)block->side;
    if (strlen(block->folder) + strlen(name) + 2 > sizeof path)
        block->status[k] = fail(&block->error[k], STATUS_BAD_INPUT, "its path is too long");
    else
        block->status[k] = decode_file(file_join(path, block->folder, name), block->side,
                                       block->rgb + dims * (size_t)k, &block->error[k]);
}

/* ---- Classes ---- */

typedef struct Labelling {
    NamedLabels named;
    char *text;        /* the names, one behind the other */
    const char **word; /* the class of each file: its name */
    int *label;        /* its number */
    Classes classes;
} Labelling;

static void labelling_close(Labelling *labelling)
{
    classes_close(&labelling->classes);
    free(labelling->label);
    free(labelling->word);
    free(labelling->text);
    named_labels_close(&labelling->named);
}

/* The sub-folder that a file is in, or ".". */
static void words_of_folders(const Listing *listing, Labelling *labelling)
{
    size_t size = 0;
    for (int k = 0; k < listing->n; k++)
        size += strlen(listing->file[k].name) + 2;
    char *at = labelling->text = need(malloc(size + 1));
    for (int k = 0; k < listing->n; k++) {
        const char *name = listing->file[k].name;
        size_t length = strcspn(name, "/");
        const char *word = name[length] ? name : ".";
        length = name[length] ? length : 1;
        memcpy(at, word, length);
        at[length] = 0;
        labelling->word[k] = at;
        at += length + 1;
    }
}

static Status words_of_file(const Listing *listing, const char *path, Labelling *labelling,
                            Error *error)
{
    Status status = named_labels_open(&labelling->named, path, error);
    for (int k = 0; k < labelling->named.n && !status; k++)
        if (!listing_has(listing, labelling->named.row[k].file))
            status = fail(error, STATUS_BAD_INPUT,
                          "data.labels: %s:%d: there is no file %.200s; names are as seen from the "
                          "folder",
                          path, labelling->named.row[k].line, labelling->named.row[k].file);
    for (int k = 0; k < listing->n && !status; k++) {
        const Named *row = named_labels_find(&labelling->named, listing->file[k].name);
        labelling->word[k] = row ? row->label : "";
    }
    return status;
}

static Status label_files(const Listing *listing, const DatasetFiles *files, Labelling *labelling,
                          Error *error)
{
    char path[PATH_SIZE];
    size_t n = (size_t)listing->n + 1;
    *labelling = (Labelling){.word = need(calloc(n, sizeof *labelling->word)),
                             .label = need(calloc(n, sizeof *labelling->label))};
    bool found = *files->labels || file_exists(file_join(path, files->path, LABELS));
    Status status = STATUS_OK;
    if (found)
        status = words_of_file(listing, *files->labels ? files->labels : path, labelling, error);
    else
        words_of_folders(listing, labelling);
    if (status)
        labelling_close(labelling);
    else
        classes_open(&labelling->classes, listing->n, labelling->word, labelling->label);
    return status;
}

/* ---- All of it ---- */

static Status stage_block(Stage *stage, const Block *block, int n, const Labelling *labelling,
                          Error *error)
{
    size_t dims = 3 * (size_t)block->side * (size_t)block->side;
    for (int k = 0; k < n; k++) {
        int file = block->begin + k;
        if (!strcmp(block->listing->file[file].name, LABELS))
            continue;
        if (block->status[k]) {
            stage_leave_out(stage, block->listing->file[file].name, block->error[k].text);
            continue;
        }
        if (!*labelling->word[file])
            return fail(error, STATUS_BAD_INPUT,
                        "data.labels: there is no label for %s; add a line, or take the file out "
                        "of the folder",
                        block->listing->file[file].name);
        stage_add(stage, block->rgb + dims * (size_t)k, labelling->label[file], PART_BY_CONTENT);
    }
    return STATUS_OK;
}

static Status stage_all(Stage *stage, Block *block, Pool *pool, const Labelling *labelling,
                        Error *error)
{
    Status status = STATUS_OK;
    for (int begin = 0; begin < block->listing->n && !status; begin += BLOCK) {
        int n = block->listing->n - begin < BLOCK ? block->listing->n - begin : BLOCK;
        block->begin = begin;
        pool_run(pool, n, decode_one, block);
        status = stage_block(stage, block, n, labelling, error);
    }
    return status;
}

static Status stage_listing(Stage *stage, const DatasetFiles *files, const Listing *listing,
                            int side, Error *error)
{
    Labelling labelling;
    Status status = label_files(listing, files, &labelling, error);
    if (status)
        return status;
    Pool *pool = pool_new(pool_cores());
    Block *block = need(calloc(1, sizeof *block));
    *block = (Block){.listing = listing, .folder = files->path, .side = side};
    block->rgb = need(malloc(3 * (size_t)side * (size_t)side * BLOCK));
    status = stage_all(stage, block, pool, &labelling, error);
    stage_name_classes(stage, labelling.classes.n, labelling.classes.name);
    free(block->rgb);
    free(block);
    pool_free(pool);
    labelling_close(&labelling);
    return status;
}

static Status prepare(Dataset *dataset, const DatasetFiles *files, const Listing *listing,
                      const Prepared *prepared, Arena *arena, Error *error)
{
    int side = files->size ? files->size : USUAL_SIDE;
    Stage *stage = stage_open(prepared, side, side, 3);
    stage_count_links(stage, listing->links);
    Status status = stage_listing(stage, files, listing, side, error);
    if (!status)
        status = stage_finish(stage, files->path, files->channels, dataset, arena, error);
    stage_free(stage);
    return status;
}

/* What to do about a folder that is not there. */
static Status fail_unread(const char *path, const Error *why, Error *error)
{
    static const char *const packages[][2] = {{"/gems/gemojione-", "ruby-gemojione"}};
    for (size_t k = 0; k < sizeof packages / sizeof *packages; k++)
        if (strstr(path, packages[k][0]))
            return fail(error, STATUS_BAD_INPUT,
                        "%s; apt-get install %s, or set data.path to where its pictures are",
                        why->text, packages[k][1]);
    return fail(error, STATUS_BAD_INPUT, "%s; set data.path to a folder of PNG and JPEG files",
                why->text);
}

static Status open_folder(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    Listing listing;
    Prepared prepared;
    Error why;
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: data.name = folder needs the folder with the pictures: -s "
                    "data.path=FOLDER");
    Status status = listing_open(&listing, files->path, &why);
    if (status)
        return fail_unread(files->path, &why, error);
    prepared_at(&prepared, files);
    prepared_add_file(&prepared, files->labels);
    for (int k = 0; k < listing.n; k++)
        prepared_add(&prepared, listing.file[k].name, listing.file[k].size, listing.file[k].ns);
    if (!prepared_map(&prepared, dataset, arena))
        status = prepare(dataset, files, &listing, &prepared, arena, error);
    listing_close(&listing);
    return status;
}

static bool owns(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const DatasetKind dataset_folder = {
    .name = "folder",
    .help = "PNG and JPEG files below data.path; a class is a sub-folder, or a label in labels.csv",
    .conditional_default = 1,
    .open = open_folder,
    .owns = owns,
};
