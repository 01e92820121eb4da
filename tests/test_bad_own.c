/* Data of one's own that are odd or wrong, a row each: pictures that are taken all the same, files
 * that are left out by name, sets that are refused with file, value and remedy. Nothing is left
 * behind, and no memory asked for that the files do not fill. Teachers: test_own_run.sh. */
#include "tests/near.h"
#include "tests/picture_files.h"
#include "tests/place.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { GOOD = 12, SIDE = 16, RED = 0xe02010, BLUE = 0x1020e0 };

typedef struct Row {
    const char *item; /* of the list */
    void (*put)(const char *folder);
    const char *left_out; /* the line there is about it; "": it is a picture like others */
    const char *refused;  /* instead: what the whole set is refused with */
    DatasetFiles files;
    const char *kind, *file; /* NULL: a folder of twelve good pictures, and what `put` adds */
    bool as_nobody;          /* without root's rights */
} Row;

/* ---- Files ---- */

static uint8_t *plain_png(int side, unsigned rgb, PngForm form, size_t *size)
{
    uint8_t *rgba = malloc((size_t)side * (size_t)side * 4);
    for (int k = 0; k < side * side; k++)
        for (int c = 0; c < 4; c++)
            rgba[4 * k + c] = c == 3 ? 255 : (uint8_t)(rgb >> (16 - 8 * c));
    uint8_t *png = png_make(&form, side, side, rgba, size);
    free(rgba);
    return png;
}

static uint8_t *plain_jpeg(int channels, size_t *size)
{
    static uint8_t grey[SIDE * SIDE * 4];
    memset(grey, 90, sizeof grey);
    return jpeg_make(channels, SIDE, SIDE, grey, 90, 0, 0, size);
}

static void put_png(const char *folder, const char *name, PngForm form, size_t less)
{
    size_t size;
    uint8_t *png = plain_png(SIDE, RED, form, &size);
    put_file(folder, name, png, size - less);
    free(png);
}

static void put_jpeg(const char *folder, const char *name, int channels, size_t less)
{
    size_t size;
    uint8_t *jpeg = plain_jpeg(channels, &size);
    put_file(folder, name, jpeg, size - less);
    free(jpeg);
}

static void put_cut_png(const char *f) { put_png(f, "x.png", (PngForm){PNG_RGB, 8, 0, 0}, 30); }
static void put_cut_jpeg(const char *f) { put_jpeg(f, "x.jpg", 3, 30); }
static void put_empty(const char *f) { put_file(f, "x.png", "", 0); }
static void put_cmyk(const char *f) { put_jpeg(f, "x.jpg", 4, 0); }
static void put_interlaced(const char *f) { put_png(f, "x.png", (PngForm){PNG_RGB, 8, 1, 0}, 0); }
static void put_grey(const char *f) { put_png(f, "x.png", (PngForm){PNG_GREY, 8, 0, 0}, 0); }
static void put_pixel(const char *f) { put_plain_png(f, "x.png", 1, RED); }
static void put_jpeg_as_png(const char *f) { put_jpeg(f, "x.png", 3, 0); }
static void put_png_as_jpeg(const char *f) { put_plain_png(f, "x.jpg", SIDE, RED); }
static void put_text_as_png(const char *f) { put_file(f, "x.png", "text", 4); }
static void put_gif(const char *f) { put_file(f, "x.gif", "GIF89a", 6); }
static void put_odd_name(const char *f) { put_file(f, "x\a\x1b[31m.png", "text", 4); }

/* A small file whose header says 20000 x 20000. */
static void put_large_png(const char *folder)
{
    static const uint8_t side[4] = {0, 0, 0x4e, 0x20};
    size_t size;
    uint8_t *png = plain_png(SIDE, RED, (PngForm){PNG_RGB, 8, 0, 0}, &size);
    memcpy(png + 16, side, 4);
    memcpy(png + 20, side, 4);
    unsigned long sum = crc32(0, png + 12, 17);
    for (int k = 0; k < 4; k++)
        png[29 + k] = (uint8_t)(sum >> (24 - 8 * k));
    put_file(folder, "x.png", png, size);
    free(png);
}

static void put_large_jpeg(const char *folder)
{
    static const uint8_t sides[4] = {0x4e, 0x20, 0x4e, 0x20};
    size_t size, at = 0;
    uint8_t *jpeg = plain_jpeg(3, &size);
    while (jpeg[at] != 0xff || jpeg[at + 1] != 0xc0) /* the frame's header */
        assert_true(++at + 9 < size);
    memcpy(jpeg + at + 5, sides, 4);
    put_file(folder, "x.jpg", jpeg, size);
    free(jpeg);
}

static size_t add_chunk(uint8_t *to, const char *kind, const uint8_t *data, size_t size)
{
    memcpy(to + 4, kind, 4);
    memcpy(to + 8, data, size);
    unsigned long sum = crc32(0, to + 4, (unsigned)size + 4);
    for (int k = 0; k < 4; k++) {
        to[k] = (uint8_t)(size >> (24 - 8 * k));
        to[8 + size + (size_t)k] = (uint8_t)(sum >> (24 - 8 * k));
    }
    return size + 12;
}

/* Red, then blue. */
static void put_animated(const char *folder)
{
    enum { HEAD = 33, TAIL = 12 }; /* magic and IHDR; IEND */
    static const uint8_t frames[8] = {0, 0, 0, 2};
    uint8_t frame[26] = {0, 0, 0, 0, 0, 0, 0, SIDE, 0, 0, 0, SIDE, [21] = 1, [23] = 10};
    size_t size, next, n = HEAD;
    uint8_t *png = plain_png(SIDE, RED, (PngForm){PNG_RGB, 8, 0, 0}, &size),
            *second = plain_png(SIDE, BLUE, (PngForm){PNG_RGB, 8, 0, 0}, &next),
            *all = malloc(size + next + 200), *row = malloc(next);
    memcpy(all, png, HEAD);
    n += add_chunk(all + n, "acTL", frames, sizeof frames);
    n += add_chunk(all + n, "fcTL", frame, sizeof frame);
    memcpy(all + n, png + HEAD, size - HEAD - TAIL);
    n += size - HEAD - TAIL;
    frame[3] = 1;
    n += add_chunk(all + n, "fcTL", frame, sizeof frame);
    size_t data = next - HEAD - 2 * TAIL; /* the one IDAT's */
    memcpy(row, (uint8_t[]){0, 0, 0, 2}, 4);
    memcpy(row + 4, second + HEAD + 8, data);
    n += add_chunk(all + n, "fdAT", row, data + 4);
    memcpy(all + n, png + size - TAIL, TAIL);
    put_file(folder, "x.png", all, n + TAIL);
    free(row);
    free(all);
    free(second);
    free(png);
}

static void put_links(const char *folder)
{
    char path[PATH_SIZE];
    assert_int_equal(symlink(".", file_join(path, folder, "round")), 0);
    assert_int_equal(symlink("../..", file_join(path, folder, "up")), 0);
    assert_int_equal(symlink("self", file_join(path, folder, "self")), 0);
    put_plain_png(folder, "x.png", SIDE, RED);
}

static void put_secret(const char *folder)
{
    char path[PATH_SIZE];
    put_plain_png(folder, "x.png", SIDE, RED);
    assert_int_equal(chmod(file_join(path, folder, "x.png"), 0), 0);
}

static void put_secret_folder(const char *folder)
{
    char path[PATH_SIZE];
    put_plain_png(folder, "deep/x.png", SIDE, RED);
    assert_int_equal(chmod(file_join(path, folder, "deep"), 0), 0);
}

static void put_label_rows(const char *folder, int n, const char *more)
{
    char text[1024] = "file,label\n";
    for (int k = 0; k < n; k++)
        snprintf(text + strlen(text), 32, "%03d.png,%d\n", k, k % 2);
    strcat(text, more);
    put_file(folder, "labels.csv", text, strlen(text));
}

static void put_few_labels(const char *folder) { put_label_rows(folder, GOOD - 1, ""); }
static void put_more_labels(const char *folder) { put_label_rows(folder, GOOD, "none.png,1\n"); }
static void put_half_labels(const char *folder) { put_label_rows(folder, GOOD, "000.png\n"); }

/* ---- Sets ---- */

static void put_one(const char *folder) { put_plain_png(folder, "set/x.png", SIDE, RED); }

static void put_two(const char *folder)
{
    put_plain_png(folder, "set/a/x.png", SIDE, RED);
    put_plain_png(folder, "set/b/x.png", SIDE, BLUE);
}

static void put_array(const char *folder, const char *type, const char *shape, size_t size)
{
    static uint8_t zero[GOOD * SIDE * SIDE * 8];
    for (size_t k = 0; k < sizeof zero; k++)
        zero[k] = (uint8_t)(k / (SIDE * SIDE) + k % 3);
    put_npy(folder, "a.npy", type, shape, zero, size);
}

enum { BYTES = GOOD * SIDE * SIDE };
#define SHAPE "(12, 16, 16)"

static void put_bytes(const char *f) { put_array(f, "|u1", SHAPE, BYTES); }
static void put_big_endian(const char *f) { put_array(f, ">f4", SHAPE, 4 * (size_t)BYTES); }
static void put_bool(const char *f) { put_array(f, "|b1", SHAPE, BYTES); }
static void put_none(const char *f) { put_array(f, "|u1", "(0, 16, 16)", 0); }
static void put_number(const char *f) { put_array(f, "|u1", "()", 1); }
static void put_object(const char *f) { put_array(f, "|O", SHAPE, 8 * (size_t)BYTES); }
static void put_cut_array(const char *f) { put_array(f, "|u1", SHAPE, BYTES - 1); }
static void put_solid(const char *f) { put_array(f, "|u1", "(12, 16)", (size_t)GOOD * SIDE); }

static void put_fortran(const char *folder)
{
    char path[PATH_SIZE], head[128] = "";
    put_bytes(folder);
    FILE *file = fopen(file_join(path, folder, "a.npy"), "r+b");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, 100, file), 100);
    for (size_t k = 10; k < 90; k++)
        if (!memcmp(head + k, "False", 5)) {
            fseek(file, (long)k, SEEK_SET);
            fputs("True ", file);
        }
    fclose(file);
}

static void put_label_lines(const char *folder, int n, const char *last)
{
    char text[128] = "";
    for (int k = 0; k < n; k++)
        strcat(text, k % 2 ? "1\n" : "0\n");
    strcat(text, last);
    put_bytes(folder);
    put_file(folder, "l.txt", text, strlen(text));
}

static void put_labels_short(const char *folder) { put_label_lines(folder, GOOD - 1, ""); }
static void put_labels_long(const char *folder) { put_label_lines(folder, GOOD, "1\n"); }
static void put_labels_words(const char *folder) { put_label_lines(folder, 2, "cat\n"); }

/* clang-format off */
static const Row rows[] = {
    {"a PNG cut short",                   put_cut_png,       .left_out = "x.png: damaged PNG (it is cut short)"},
    {"a JPEG cut short",                  put_cut_jpeg,      .left_out = "x.jpg: damaged JPEG"},
    {"zero bytes",                        put_empty,         .left_out = "x.png: an empty file"},
    {"CMYK",                              put_cmyk,          .left_out = "x.jpg: a JPEG of CMYK, whose colours depend on the ink; save it as RGB"},
    {"interlaced",                        put_interlaced,    .left_out = ""},
    {"1 x 1",                             put_pixel,         .left_out = ""},
    {"20000 x 20000, PNG",                put_large_png,     .left_out = "x.png: 20000 x 20000 pixels; at most 16384 a side"},
    {"20000 x 20000, JPEG",               put_large_jpeg,    .left_out = "x.jpg: 20000 x 20000 pixels; at most 16384 a side"},
    {"an animated PNG",                   put_animated,      .left_out = ""},
    {"an animated GIF",                   put_gif,           .left_out = "x.gif: neither PNG nor JPEG"},
    {"a JPEG called .png",                put_jpeg_as_png,   .left_out = ""},
    {"a PNG called .jpg",                 put_png_as_jpeg,   .left_out = ""},
    {"a text called .png",                put_text_as_png,   .left_out = "x.png: neither PNG nor JPEG"},
    {"grey among colours",                put_grey,          .left_out = ""},
    {"links in circles",                  put_links,         .left_out = ""},
    {"control characters in a name",      put_odd_name,      .left_out = "x??[31m.png: neither PNG nor JPEG"},
    {"a file without permission",         put_secret,        .left_out = "Permission denied", .as_nobody = true},
    {"a folder without permission",       put_secret_folder, .refused = "deep: Permission denied", .as_nobody = true},
    {"a folder of one picture",           put_one,           .refused = "1 different picture; at least 10", .kind = "folder", .file = "set"},
    {"two classes of one picture",        put_two,           .refused = "2 different pictures; at least 10", .kind = "folder", .file = "set"},
    {"a folder that is not there",        put_one,           .refused = "No such file", .kind = "folder", .file = "none"},
    {"labels.csv that misses a picture",  put_few_labels,    .refused = "no label for 011.png; add a line, or take the file out"},
    {"labels.csv of other pictures",      put_more_labels,   .refused = "labels.csv:14: there is no file none.png"},
    {"labels.csv without a label",        put_half_labels,   .refused = "labels.csv:14: expected FILE,LABEL; here is \"000.png\""},
    {"NPY in Fortran's order",            put_fortran,       .refused = "Fortran order", .kind = "npy", .file = "a.npy"},
    {"NPY, big-endian",                   put_big_endian,    .refused = "big-endian", .kind = "npy", .file = "a.npy"},
    {"NPY of truth values",               put_bool,          .refused = "truth values", .kind = "npy", .file = "a.npy"},
    {"NPY, empty",                        put_none,          .refused = "from 1 to", .kind = "npy", .file = "a.npy"},
    {"NPY without an axis",               put_number,        .refused = "(n, h, w)", .kind = "npy", .file = "a.npy"},
    {"NPY of objects",                    put_object,        .refused = "objects", .kind = "npy", .file = "a.npy"},
    {"NPY cut short",                     put_cut_array,     .refused = "needs 3072", .kind = "npy", .file = "a.npy"},
    {"NPY of points in more dimensions",  put_solid,         .refused = "points of 16 numbers", .kind = "npy", .file = "a.npy"},
    {"labels missing",                    put_labels_short,  .refused = "fewer labels for 12 rows; give one for each", .files = {.labels = "l.txt"}, .kind = "npy", .file = "a.npy"},
    {"labels too many",                   put_labels_long,   .refused = "more labels for 12 rows; give one for each", .files = {.labels = "l.txt"}, .kind = "npy", .file = "a.npy"},
    {"labels that are no numbers",        put_labels_words,  .refused = "l.txt:3: \"cat\" is no label; expected a whole number", .files = {.labels = "l.txt"}, .kind = "npy", .file = "a.npy"},
    {"a file of labels that is not there", put_bytes,        .refused = "No such file", .files = {.labels = "l.txt"}, .kind = "npy", .file = "a.npy"},
};
/* clang-format on */

/* ---- Each row ---- */

static void put_good(const char *folder)
{
    char name[16];
    for (int k = 0; k < GOOD; k++) {
        snprintf(name, sizeof name, "%03d.png", k);
        put_plain_png(folder, name, SIDE, 0x204060 + (unsigned)k);
    }
}

/* What was begun beside the data and not finished, or kept though the set was refused. */
static int left_behind(const char *folder)
{
    int n = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (struct dirent *entry = readdir(open); entry; entry = readdir(open))
        n += !strncmp(entry->d_name, ".ddil-", 6);
    closedir(open);
    return n;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void assert_taken(const Place *place, const Row *row)
{
    const Dataset *data = &place->data;
    bool picture = !*row->left_out;
    assert_int_equal(data->n + data->n_test, GOOD + picture);
    assert_int_equal(data->tally.left_out, !picture);
    assert_int_equal(data->channels, 3);
    if (!strstr(data->left_out, row->left_out))
        print_error("%s\n  should say: %s\n", data->left_out, row->left_out);
    assert_non_null(strstr(data->left_out, row->left_out));
    if (row->put == put_links)
        assert_int_equal(data->tally.links, 3);
    for (int r = 0; row->put == put_animated && r < data->n; r++) /* its first frame */
        assert_in_range(data->x[(size_t)r * (size_t)data->dims + 2], 0, 0x70);
}

static void test_row(void **state)
{
    const Row *row = *state;
    void *made;
    assert_int_equal(make_place(&made), 0);
    Place *place = made;
    const char *kind = row->kind ? row->kind : "folder", *file = row->file ? row->file : "";
    long before = peak_kib();
    bool drop = row->as_nobody && geteuid() == 0;
    if (!row->kind)
        put_good(place->path);
    row->put(place->path);
    assert_int_equal(chmod(place->path, 0777), 0);
    if (drop)
        assert_int_equal(seteuid(65534), 0);
    if (row->refused)
        refuses(place, kind, file, row->files, row->refused);
    else
        assert_int_equal(open_set(place, kind, file, row->files), STATUS_OK);
    if (drop)
        assert_int_equal(seteuid(0), 0);
    if (!row->refused)
        assert_taken(place, row);
    assert_int_equal(left_behind(place->path), !row->refused);
    assert_in_range(peak_kib() - before, 0, 64 << 10);
    assert_int_equal(remove_place(&made), 0);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[ROWS];
    for (int k = 0; k < ROWS; k++)
        tests[k] =
            (struct CMUnitTest){rows[k].item, test_row, NULL, NULL, (void *)(size_t)&rows[k]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
