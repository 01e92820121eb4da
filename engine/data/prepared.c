/* Owns the form of prepared pictures: a head, texts, labels as bytes, rows. It is written and read
 * on one machine, so numbers are as they lie in memory; nothing in it is believed before its sizes
 * and its checksum agree. */
#include "engine/data/prepared.h"
#include "engine/base/hash.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALIGN = 64, TEXT_MAX = 1 << 20 };

typedef struct Head {
    char magic[8];
    uint64_t key, check; /* check: of texts and labels */
    int height, width, channels, classes, named, n, n_test, text;
    DatasetTally tally;
} Head;

static const char MAGIC[8] = "DDILROW2";

/* ---- Where ---- */

/* The folder that the data are, or are in. */
static void folder_beside(const char *path, char folder[PATH_SIZE])
{
    struct stat info;
    snprintf(folder, PATH_SIZE, "%s", path);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return;
    char *slash = strrchr(folder, '/');
    if (!slash)
        strcpy(folder, ".");
    else
        slash[slash == folder] = 0;
}

void prepared_at(Prepared *prepared, const DatasetFiles *files)
{
    char folder[PATH_SIZE], name[64];
    char *whole = realpath(files->path, NULL);
    int numbers[] = {files->size, files->channels};
    uint64_t source = hash_bytes(0, whole ? whole : "", whole ? strlen(whole) : 0);
    source = hash_bytes(hash_bytes(source, files->labels, strlen(files->labels)), numbers,
                        sizeof numbers);
    free(whole);
    snprintf(name, sizeof name, ".ddil-%016llx.rows", (unsigned long long)source);
    *prepared = (Prepared){.key = source, .sparing = files->sparing};
    folder_beside(files->path, folder);
    if (strlen(folder) + sizeof name < PATH_SIZE)
        file_join(prepared->path[PREPARED_BESIDE], folder, name);
    file_cache_folder(folder);
    if (*folder)
        file_join(prepared->path[PREPARED_CACHE], folder, name);
    const char *passing = getenv("TMPDIR");
    if (!passing || *passing != '/' || strlen(passing) + sizeof name >= PATH_SIZE)
        passing = "/tmp";
    snprintf(prepared->path[PREPARED_PASSING], PATH_SIZE, "%s/%s-%ld", passing, name,
             (long)getpid());
}

void prepared_add(Prepared *prepared, const char *name, int64_t size, int64_t ns)
{
    int64_t numbers[] = {size, ns};
    prepared->key =
        hash_bytes(hash_bytes(prepared->key, name, strlen(name)), numbers, sizeof numbers);
    if (ns > prepared->newest_ns)
        prepared->newest_ns = ns;
}

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void prepared_add_file(Prepared *prepared, const char *path)
{
    struct stat info;
    if (*path && stat(path, &info) == 0)
        prepared_add(prepared, path, info.st_size, ns_of(info.st_ctim));
}

/* ---- Reading ---- */

static size_t rows_at(const Head *head)
{
    size_t end = sizeof *head + (size_t)head->text + (size_t)head->n + (size_t)head->n_test;
    return (end + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t bytes_of(const Head *head, int rows)
{
    return (size_t)rows * (size_t)head->height * (size_t)head->width * (size_t)head->channels;
}

static bool in(int value, int low, int high) { return value >= low && value <= high; }

static bool fits(const Head *head, uint64_t key, size_t size)
{
    return !memcmp(head->magic, MAGIC, sizeof MAGIC) && head->key == key &&
           in(head->height, 1, 64) && in(head->width, 1, 64) &&
           (head->channels == 1 || head->channels == 3) &&
           in(head->classes, 1, DATASET_CLASSES_MAX) && in(head->named, 0, 1) &&
           in(head->n, 1, 1 << 24) && in(head->n_test, 1, 1 << 24) && in(head->text, 1, TEXT_MAX) &&
           size == rows_at(head) + bytes_of(head, head->n) + bytes_of(head, head->n_test);
}

/* The texts, each ended by a zero byte: the classes' names, if they have any, and what was left
 * out. */
static bool take_texts(const Head *head, const char *text, Dataset *dataset, Arena *arena)
{
    const char **name = arena_new(arena, const char *, head->classes), *end = text + head->text;
    for (int c = 0; c < (head->named ? head->classes : 0); c++) {
        name[c] = text;
        text = memchr(text, 0, (size_t)(end - text));
        if (!text || ++text == end)
            return false;
    }
    dataset->class_name = head->named ? name : NULL;
    dataset->left_out = text;
    return end[-1] == 0;
}

static const int *take_labels(const Head *head, const uint8_t *label, int n, Arena *arena)
{
    int *out = arena_new(arena, int, n);
    for (int r = 0; r < n; r++) {
        if (label[r] >= head->classes)
            return NULL;
        out[r] = label[r];
    }
    return out;
}

static bool fill(const Head *head, Dataset *dataset, Arena *arena)
{
    const char *text = (const char *)(head + 1);
    const uint8_t *label = (const uint8_t *)text + head->text;
    const uint8_t *rows = (const uint8_t *)head + rows_at(head);
    if (hash_bytes(0, text, (size_t)(head->text + head->n + head->n_test)) != head->check ||
        !take_texts(head, text, dataset, arena))
        return false;
    dataset->height = head->height;
    dataset->width = head->width;
    dataset->channels = head->channels;
    dataset->dims = head->height * head->width * head->channels;
    dataset->classes = head->classes;
    dataset->low = -1;
    dataset->high = 1;
    dataset->tally = head->tally;
    dataset->n = head->n;
    dataset->n_test = head->n_test;
    dataset->x = rows;
    dataset->test = rows + bytes_of(head, head->n);
    dataset->label = take_labels(head, label, head->n, arena);
    dataset->test_label = take_labels(head, label + head->n, head->n_test, arena);
    return dataset->label && dataset->test_label;
}

static bool map_file(const Prepared *prepared, int place, Dataset *dataset, Arena *arena)
{
    OldFile file;
    Head head = {0};
    size_t mark = arena_mark(arena);
    Dataset filled = *dataset;
    filled.sparing = prepared->sparing;
    if (oldfile_open(&file, prepared->path[place], NULL))
        return false;
    bool done =
        !oldfile_take(&file, &head, sizeof head, NULL) && fits(&head, prepared->key, file.size);
    const Head *mapped = done ? arena_map(arena, file.descriptor, file.size) : NULL;
    done = mapped && fill(mapped, &filled, arena);
    oldfile_close(&file);
    if (done)
        *dataset = filled;
    else
        arena_rewind(arena, mark);
    return done;
}

/* A file's time moves in steps: what changed in the same step as we wrote may have changed after.
 */
static bool is_younger(const char *path, int64_t newest_ns)
{
    static const int64_t slack_ns = 1000000000;
    struct stat info;
    return *path && stat(path, &info) == 0 && ns_of(info.st_mtim) > newest_ns + slack_ns;
}

bool prepared_map(const Prepared *prepared, Dataset *dataset, Arena *arena)
{
    for (int k = PREPARED_BESIDE; k <= PREPARED_CACHE; k++)
        if (is_younger(prepared->path[k], prepared->newest_ns) &&
            map_file(prepared, k, dataset, arena))
            return true;
    return false;
}

bool prepared_map_new(const Prepared *prepared, int place, Dataset *dataset, Arena *arena)
{
    bool done = map_file(prepared, place, dataset, arena);
    if (place == PREPARED_PASSING)
        unlink(prepared->path[place]);
    return done;
}

/* ---- Writing ---- */

/* In the folder of `path`, made where it is the cache's. */
static FILE *open_scratch(const char *path, int place)
{
    char name[PATH_SIZE];
    if (!*path || snprintf(name, sizeof name, "%s.%ld", path, (long)getpid()) >= PATH_SIZE)
        return NULL;
    if (place == PREPARED_CACHE) {
        char folder[PATH_SIZE];
        file_cache_folder(folder);
        file_make_folder(folder, NULL);
    }
    int descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return NULL;
    unlink(name);
    FILE *stream = fdopen(descriptor, "w+b");
    if (!stream)
        close(descriptor);
    return stream;
}

FILE *prepared_scratch(const Prepared *prepared, int *place)
{
    FILE *stream = NULL;
    for (*place = 0; *place < PREPARED_PLACES; ++*place) {
        stream = open_scratch(prepared->path[*place], *place);
        if (stream)
            break;
    }
    return stream;
}

static size_t add_text(char *texts, size_t used, const char *text)
{
    size_t size = strlen(text) + 1;
    must(used + size <= TEXT_MAX);
    memcpy(texts + used, text, size);
    return used + size;
}

/* Texts and labels, as they stand in the file; malloc'd. */
static char *middle_of(const Dataset *dataset, Head *head)
{
    char *middle = need(malloc(TEXT_MAX + (size_t)head->n + (size_t)head->n_test));
    size_t used = 0;
    for (int c = 0; c < (head->named ? head->classes : 0); c++)
        used = add_text(middle, used, dataset->class_name[c]);
    used = add_text(middle, used, dataset->left_out);
    head->text = (int)used;
    for (int r = 0; r < head->n; r++)
        middle[used++] = (char)dataset->label[r];
    for (int r = 0; r < head->n_test; r++)
        middle[used++] = (char)dataset->test_label[r];
    head->check = hash_bytes(0, middle, used);
    return middle;
}

Status prepared_begin(const Prepared *prepared, int place, const Dataset *dataset, NewFile *file,
                      Error *error)
{
    static const char zeros[ALIGN] = {0};
    Head head;
    memset(&head, 0, sizeof head); /* gaps too */
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    head.key = prepared->key;
    head.height = dataset->height, head.width = dataset->width, head.channels = dataset->channels;
    head.classes = dataset->classes, head.named = !!dataset->class_name;
    head.n = dataset->n, head.n_test = dataset->n_test, head.tally = dataset->tally;
    char *middle = middle_of(dataset, &head);
    size_t size = (size_t)head.text + (size_t)head.n + (size_t)head.n_test;
    Status status = newfile_open(file, prepared->path[place], error);
    if (!status) {
        fwrite(&head, sizeof head, 1, file->stream);
        fwrite(middle, 1, size, file->stream);
        fwrite(zeros, 1, rows_at(&head) - sizeof head - size, file->stream);
    }
    free(middle);
    return status;
}
