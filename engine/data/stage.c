/* Owns what becomes of pictures between their files and the data set. May call base. */
#include "engine/data/stage.h"
#include "engine/base/plain.h"
#include <stdlib.h>
#include <string.h>

typedef struct Item {
    uint64_t hash;
    int label;
    Part part;
} Item;

struct Stage {
    int height, width, channels;
    size_t dims;
    int n, room; /* pictures; of item and bytes */
    Item *item;
    uint8_t *bytes;
    char **name; /* of labels 0 .. names - 1 */
    int names;
    int *slot, slots; /* open addressing by hash: picture + 1, or 0; a power of 2 */
};

Stage *stage_open(int height, int width, int channels)
{
    Stage *stage = need(calloc(1, sizeof *stage));
    *stage = (Stage){.height = height,
                     .width = width,
                     .channels = channels,
                     .dims = (size_t)height * (size_t)width * (size_t)channels};
    return stage;
}

void stage_free(Stage *stage)
{
    if (!stage)
        return;
    free(stage->item);
    free(stage->bytes);
    for (int c = 0; c < stage->names; c++)
        free(stage->name[c]);
    free(stage->name);
    free(stage->slot);
    free(stage);
}

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = size;
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        for (size_t k = at; k < at + 8 && k < size; k++)
            word |= (uint64_t)bytes[k] << 8 * (k - at);
        hash = mix(hash ^ word) + 0x9e3779b97f4a7c15u;
    }
    return mix(hash);
}

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
    stage->bytes = need(realloc(stage->bytes, stage->dims * (size_t)stage->room));
    free(stage->slot);
    stage->slots = 2 * stage->room;
    stage->slot = need(calloc((size_t)stage->slots, sizeof *stage->slot));
    for (int k = 0; k < stage->n; k++)
        *slot_of(stage, stage->item[k].hash) = k + 1;
}

bool stage_add(Stage *stage, const uint8_t *row, int label, Part part)
{
    if (stage->n == stage->room)
        grow(stage);
    uint64_t hash = hash_of(row, stage->dims);
    int *slot = slot_of(stage, hash);
    if (*slot)
        return false;
    memcpy(stage->bytes + stage->dims * (size_t)stage->n, row, stage->dims);
    stage->item[stage->n] = (Item){hash, label, part};
    *slot = ++stage->n;
    return true;
}

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

static bool is_grey(const Stage *stage)
{
    size_t pixels = stage->dims / 3 * (size_t)stage->n;
    const uint8_t *at = stage->bytes;
    for (size_t k = 0; k < pixels; k++, at += 3)
        if (at[0] != at[1] || at[1] != at[2])
            return false;
    return true;
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

/* The rows and labels of one part, in the order they came. */
static const uint8_t *gather(const Stage *stage, Part part, int channels, int n, Arena *arena,
                             const int **labels)
{
    size_t d = stage->dims / (size_t)stage->channels * (size_t)channels;
    uint8_t *rows = arena_alloc(arena, d * (size_t)n);
    int *label = arena_new(arena, int, n), r = 0;
    for (int k = 0; k < stage->n; k++)
        if (stage->item[k].part == part) {
            convert(stage, channels, stage->bytes + stage->dims * (size_t)k, rows + d * (size_t)r);
            label[r++] = stage->item[k].label;
        }
    must(r == n);
    *labels = label;
    return rows;
}

static void fill(const Stage *stage, int channels, Dataset *dataset, Arena *arena)
{
    int held = 0;
    for (int k = 0; k < stage->n; k++)
        held += stage->item[k].part == PART_TEST;
    dataset->height = stage->height;
    dataset->width = stage->width;
    dataset->channels = channels;
    dataset->dims = stage->height * stage->width * channels;
    dataset->low = -1;
    dataset->high = 1;
    dataset->n = stage->n - held;
    dataset->n_test = held;
    dataset->x = gather(stage, PART_TRAIN, channels, dataset->n, arena, &dataset->label);
    dataset->test = gather(stage, PART_TEST, channels, held, arena, &dataset->test_label);
}

Status stage_finish(Stage *stage, const char *name, int channels, Dataset *dataset, Arena *arena,
                    Error *error)
{
    if (stage->n < STAGE_LEAST)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s has %d different picture%s; at least %d are needed, of which "
                    "one in ten is held out",
                    name, stage->n, stage->n == 1 ? "" : "s", (int)STAGE_LEAST);
    if (!close_gaps(stage, dataset, arena))
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s has %d classes; at most %d: use fewer sub-folders or labels",
                    name, dataset->classes, (int)DATASET_CLASSES_MAX);
    divide(stage);
    if (!channels)
        channels = stage->channels == 3 && is_grey(stage) ? 1 : stage->channels;
    fill(stage, channels, dataset, arena);
    return STATUS_OK;
}
