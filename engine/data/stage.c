/* Owns what becomes of pictures between their files and the data set. May call base. */
#include "engine/data/stage.h"
#include "engine/base/hash.h"
#include "engine/base/plain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEFT_OUT_MAX = 1 << 16 /* bytes of names and reasons that are kept */ };

typedef struct Item {
    uint64_t hash;
    int label;
    Part part;
} Item;

struct Stage {
    const Prepared *prepared;
    int place;     /* where the file will be */
    FILE *scratch; /* rows, in the order they came; NULL: no place for one */
    bool failed;   /* to write there */
    bool grey;     /* every pixel so far */
    int height, width, channels;
    size_t dims;
    int n, room; /* pictures; of item */
    Item *item;
    char **name; /* of labels 0 .. names - 1 */
    int names;
    DatasetTally tally;
    char *left_out;
    size_t left_out_size;
    int *slot, slots; /* open addressing by hash: picture + 1, or 0; a power of 2 */
};

Stage *stage_open(const Prepared *prepared, int height, int width, int channels)
{
    Stage *stage = need(calloc(1, sizeof *stage));
    *stage = (Stage){.prepared = prepared,
                     .grey = true,
                     .height = height,
                     .width = width,
                     .channels = channels,
                     .dims = (size_t)height * (size_t)width * (size_t)channels,
                     .left_out = need(calloc(1, LEFT_OUT_MAX))};
    stage->scratch = prepared_scratch(prepared, &stage->place);
    return stage;
}

void stage_free(Stage *stage)
{
    if (stage->scratch)
        fclose(stage->scratch);
    for (int c = 0; c < stage->names; c++)
        free(stage->name[c]);
    free(stage->name);
    free(stage->left_out);
    free(stage->item);
    free(stage->slot);
    free(stage);
}

/* ---- Collecting ---- */

/* Where a picture of this hash is, or may go. */
static int *slot_of(Stage *stage, uint64_t hash)
{
    size_t mask = (size_t)stage->slots - 1, at = (size_t)hash & mask;
    while (stage->slot[at] && stage->item[stage->slot[at] - 1].hash != hash)
        at = (at + 1) & mask;
    return stage->slot + at;
}

static void grow(Stage *stage)
{
    enum { FIRST = 1024 };
    stage->room = stage->room ? 2 * stage->room : FIRST;
    stage->item = need(realloc(stage->item, sizeof *stage->item * (size_t)stage->room));
    free(stage->slot);
    stage->slots = 2 * stage->room;
    stage->slot = need(calloc((size_t)stage->slots, sizeof *stage->slot));
    for (int k = 0; k < stage->n; k++)
        *slot_of(stage, stage->item[k].hash) = k + 1;
}

static bool is_grey(const Stage *stage, const uint8_t *row)
{
    for (size_t k = 0; k < stage->dims; k += 3)
        if (row[k] != row[k + 1] || row[k + 1] != row[k + 2])
            return false;
    return true;
}

void stage_add(Stage *stage, const uint8_t *row, int label, Part part)
{
    if (stage->n == stage->room)
        grow(stage);
    uint64_t hash = hash_bytes(0, row, stage->dims);
    int *slot = slot_of(stage, hash);
    stage->tally.files++;
    if (*slot) {
        stage->tally.equal++;
        return;
    }
    if (!stage->scratch || fwrite(row, 1, stage->dims, stage->scratch) != stage->dims)
        stage->failed = true;
    if (stage->grey && stage->channels == 3)
        stage->grey = is_grey(stage, row);
    stage->item[stage->n] = (Item){hash, label, part};
    *slot = ++stage->n;
}

void stage_leave_out(Stage *stage, const char *name, const char *why)
{
    char line[2048];
    stage->tally.files++;
    stage->tally.left_out++;
    snprintf(line, sizeof line, "%s: %s", name, why);
    plain_text(line);
    size_t length = strlen(line), used = stage->left_out_size;
    if (used + length + 2 > LEFT_OUT_MAX)
        return;
    memcpy(stage->left_out + used, line, length);
    stage->left_out[used + length] = '\n';
    stage->left_out_size = used + length + 1;
}

void stage_count_links(Stage *stage, int links) { stage->tally.links += links; }

void stage_name_classes(Stage *stage, int n, const char *const *name)
{
    must(!stage->name);
    stage->name = need(malloc(sizeof *stage->name * ((size_t)n + 1)));
    for (stage->names = 0; stage->names < n; stage->names++)
        stage->name[stage->names] = plain_text(need(strdup(name[stage->names])));
}

/* ---- Finishing ---- */

/* Labels 0, 1, ... of those that occur, in their order, with their names; false when there are too
 * many. */
static bool close_gaps(Stage *stage, Dataset *dataset, Arena *arena)
{
    int most = 0, classes = 0;
    for (int k = 0; k < stage->n; k++)
        most = stage->item[k].label > most ? stage->item[k].label : most;
    int *number = need(calloc((size_t)most + 1, sizeof *number));
    for (int k = 0; k < stage->n; k++)
        number[stage->item[k].label] = 1;
    const char **name = arena_new(arena, const char *, DATASET_CLASSES_MAX);
    for (int c = 0; c <= most; c++) {
        if (!number[c])
            continue;
        if (c < stage->names && classes < DATASET_CLASSES_MAX)
            name[classes] = arena_text(arena, stage->name[c]);
        number[c] = classes++;
    }
    for (int k = 0; k < stage->n; k++)
        stage->item[k].label = number[stage->item[k].label];
    free(number);
    dataset->classes = classes;
    dataset->class_name = stage->names ? name : NULL;
    return classes <= DATASET_CLASSES_MAX;
}

/* Held out, were it for the hash alone. */
static bool drawn(const Item *item)
{
    enum { ONE_IN = 10 };
    return item->part == PART_BY_CONTENT && item->hash / ONE_IN % ONE_IN == 0;
}

/* The hash of each class's picture that stays whatever happens: its largest. */
static void divide(Stage *stage)
{
    uint64_t largest[DATASET_CLASSES_MAX] = {0}, least = UINT64_MAX;
    int held = 0, first = 0;
    for (int k = 0; k < stage->n; k++) {
        Item *item = &stage->item[k];
        if (item->part != PART_TEST && item->hash > largest[item->label])
            largest[item->label] = item->hash;
    }
    for (int k = 0; k < stage->n; k++) {
        Item *item = &stage->item[k];
        bool stays = item->hash == largest[item->label];
        if (!stays && item->hash < least)
            least = item->hash, first = k;
        if (item->part == PART_BY_CONTENT)
            item->part = drawn(item) && !stays ? PART_TEST : PART_TRAIN;
        held += item->part == PART_TEST;
    }
    if (held == 0)
        stage->item[first].part = PART_TEST;
}

/* Luma of BT.601, as libpng and PIL take it. */
static uint8_t grey_of(const uint8_t *rgb)
{
    return (uint8_t)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

static void convert(const Stage *stage, int channels, const uint8_t *from, uint8_t *to)
{
    size_t pixels = stage->dims / (size_t)stage->channels;
    if (channels == stage->channels)
        memcpy(to, from, stage->dims);
    else if (channels == 1)
        for (size_t k = 0; k < pixels; k++)
            to[k] = grey_of(from + 3 * k);
    else
        for (size_t k = 0; k < 3 * pixels; k++)
            to[k] = from[k / 3];
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = (*(const Item *const *)a)->hash, y = (*(const Item *const *)b)->hash;
    return (x > y) - (x < y);
}

/* The pictures of one part in the order in which they are kept; malloc'd. Held-out ones lie by
 * their hash, which is chance: names may say what is shown, and the first of them, or a half, must
 * be like the rest. */
static const Item **rows_of(const Stage *stage, Part part, int *n)
{
    const Item **row = need(malloc(sizeof *row * (size_t)stage->n));
    *n = 0;
    for (int k = 0; k < stage->n; k++)
        if (stage->item[k].part == part)
            row[(*n)++] = &stage->item[k];
    if (part == PART_TEST)
        qsort(row, (size_t)*n, sizeof *row, by_hash);
    return row;
}

static const int *labels_of(const Stage *stage, Part part, int *n, Arena *arena)
{
    const Item **row = rows_of(stage, part, n);
    int *label = arena_new(arena, int, *n);
    for (int k = 0; k < *n; k++)
        label[k] = row[k]->label;
    free(row);
    return label;
}

/* Everything but the rows. */
static void describe(const Stage *stage, int channels, Dataset *dataset, Arena *arena)
{
    dataset->height = stage->height;
    dataset->width = stage->width;
    dataset->channels = channels;
    dataset->tally = stage->tally;
    dataset->left_out = stage->left_out;
    dataset->label = labels_of(stage, PART_TRAIN, &dataset->n, arena);
    dataset->test_label = labels_of(stage, PART_TEST, &dataset->n_test, arena);
}

static bool copy_part(Stage *stage, Part part, int channels, FILE *to)
{
    size_t size = stage->dims / (size_t)stage->channels * (size_t)channels;
    uint8_t *from = need(malloc(stage->dims)), *row = need(malloc(size));
    int n;
    const Item **item = rows_of(stage, part, &n);
    bool fine = fflush(stage->scratch) == 0;
    for (int k = 0; k < n && fine; k++) {
        off_t at = (off_t)(item[k] - stage->item) * (off_t)stage->dims;
        fine = pread(fileno(stage->scratch), from, stage->dims, at) == (ssize_t)stage->dims;
        if (fine) {
            convert(stage, channels, from, row);
            fwrite(row, 1, size, to);
        }
    }
    free(item);
    free(row);
    free(from);
    return fine;
}

static Status write_rows(Stage *stage, const Dataset *dataset, Error *error)
{
    NewFile file;
    const char *path = stage->prepared->path[stage->place];
    Status status = prepared_begin(stage->prepared, stage->place, dataset, &file, error);
    if (status)
        return status;
    if (copy_part(stage, PART_TRAIN, dataset->channels, file.stream) &&
        copy_part(stage, PART_TEST, dataset->channels, file.stream))
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return fail(error, STATUS_FAILED, "cannot read what was written beside %s: %s", path,
                strerror(errno));
}

static Status check(const Stage *stage, const char *name, Error *error)
{
    if (!stage->scratch || stage->failed)
        return fail(error, STATUS_FAILED,
                    "there is no room for the pictures of %s made ready: neither beside them, nor "
                    "in the cache folder, nor in $TMPDIR",
                    name);
    int least = stage->n < STAGE_LEAST, first = (int)strcspn(stage->left_out, "\n");
    if (!least)
        return STATUS_OK;
    if (stage->tally.left_out)
        return fail(
            error, STATUS_BAD_INPUT,
            "data.path: %s has %d different pictures; at least %d are needed; %d files were "
            "left out, the first is %.*s",
            name, stage->n, (int)STAGE_LEAST, stage->tally.left_out, first, stage->left_out);
    return fail(error, STATUS_BAD_INPUT,
                "data.path: %s has %d different picture%s; at least %d are needed, of which one in "
                "ten is held out",
                name, stage->n, stage->n == 1 ? "" : "s", (int)STAGE_LEAST);
}

Status stage_finish(Stage *stage, const char *name, int channels, Dataset *dataset, Arena *arena,
                    Error *error)
{
    Status status = check(stage, name, error);
    if (status)
        return status;
    if (!close_gaps(stage, dataset, arena))
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s has %d classes; at most %d: use fewer sub-folders or labels",
                    name, dataset->classes, (int)DATASET_CLASSES_MAX);
    divide(stage);
    if (!channels)
        channels = stage->channels == 3 && stage->grey ? 1 : stage->channels;
    describe(stage, channels, dataset, arena);
    status = write_rows(stage, dataset, error);
    if (!status && !prepared_map_new(stage->prepared, stage->place, dataset, arena))
        status = fail(error, STATUS_FAILED, "cannot map %s", stage->prepared->path[stage->place]);
    return status;
}
