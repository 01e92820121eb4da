/* Folders of pictures as data sets: PNG and JPEG of every kind, labels, what is left out, and what
 * is kept for the next time. */
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "engine/measure/features.h"
#include "engine/picture/decode.h"
#include "tests/near.h"
#include "tests/picture_files.h"
#include "tests/place.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- Folders ---- */

static void fill_folder(const char *folder, const char *below, int n, unsigned base)
{
    char name[64];
    for (int k = 0; k < n; k++) {
        snprintf(name, sizeof name, "%s%03d.png", below, k);
        put_plain_png(folder, name, 20 + k % 5, base + (unsigned)k);
    }
}

static void test_folder_classes(void **state)
{
    Place *place = *state;
    fill_folder(place->path, "b/", 15, 0x204060);
    fill_folder(place->path, "a/deep/", 15, 0x804020);
    fill_folder(place->path, "", 3, 0x0000f0);
    put_file(place->path, "a/notes.txt", "no picture", 10);
    put_file(place->path, ".hidden.png", "x", 1);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->classes, 3);
    assert_string_equal(data->class_name[0], ".");
    assert_string_equal(data->class_name[1], "a");
    assert_string_equal(data->class_name[2], "b");
    assert_int_equal(data->height, 32);
    assert_int_equal(data->channels, 3);
    assert_int_equal(data->n + data->n_test, 33);
    for (int r = 0; r < data->n; r++) {
        const uint8_t *x = data->x + (size_t)r * 3072;
        static const uint8_t red[] = {0, 0x80, 0x20};
        assert_int_equal(x[0], red[data->label[r]]);
        assert_memory_equal(x, x + 3, 3069);
    }
}

/* A folder's pictures, of every kind that PNG and JPEG have, are what they look like. */
static void test_folder_kinds(void **state)
{
    Place *place = *state;
    static const PngForm forms[] = {
        {PNG_RGB, 8, 0, 0},     {PNG_RGB, 16, 1, 0},       {PNG_RGB_ALPHA, 8, 1, 0},
        {PNG_GREY, 1, 0, 0},    {PNG_GREY, 16, 0, 0},      {PNG_GREY_ALPHA, 16, 0, 0},
        {PNG_GREY, 4, 1, 0},    {PNG_RGB_ALPHA, 16, 0, 0}, {PNG_PALETTE, 8, 0, 0},
        {PNG_PALETTE, 4, 1, 0},
    };
    enum { KINDS = sizeof forms / sizeof *forms, SIDE = 16 };
    uint8_t rgba[SIDE * SIDE * 4];
    for (int k = 0; k < KINDS; k++) {
        char name[32];
        size_t size;
        bool alpha = forms[k].type & PNG_ALPHA || forms[k].type == PNG_PALETTE;
        for (int i = 0; i < SIDE * SIDE; i++) { /* bright left, dark right, one corner clear */
            bool clear = alpha && i == 0;
            memset(rgba + 4 * i, i % SIDE < SIDE / 2 ? 255 : 0, 3);
            rgba[4 * i + 1] = forms[k].type & PNG_COLOUR ? 255 : rgba[4 * i];
            rgba[4 * i] = i == SIDE ? (uint8_t)(forms[k].depth == 1 ? 0 : k << 4) : rgba[4 * i];
            rgba[4 * i + 3] = clear ? 0 : 255;
        }
        uint8_t *png = png_make(&forms[k], SIDE, SIDE, rgba, &size);
        snprintf(name, sizeof name, "%c.png", 'a' + k);
        put_file(place->path, name, png, size);
        free(png);
    }
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){.size = 16}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->n + data->n_test, KINDS);
    assert_int_equal(data->tally.left_out, 0);
    for (int r = 0; r < data->n; r++) {
        const uint8_t *x = data->x + (size_t)r * SIDE * SIDE * 3;
        bool colour = x[3 * 15 + 1] == 255;
        assert_int_equal(x[0], 255); /* clear is white */
        assert_int_equal(x[3 * 15], 0);
        assert_int_equal(x[3 * 15 + 2], 0);
        assert_int_equal(x[3 * 7], 255);
        assert_true(colour || x[3 * 15 + 1] == 0);
    }
}

/* Whatever way up the camera was held. */
static void test_pictures_are_upright(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    /* which corner of the file's square shows up top left, and which top right, by orientation */
    static const int corner[9][2] = {{0, 1}, {0, 1}, {1, 0}, {3, 2}, {2, 3},
                                     {0, 2}, {2, 0}, {3, 1}, {1, 3}};
    static const uint8_t shade[4] = {0, 80, 160, 240};
    uint8_t rgba[SIDE * SIDE * 4], rgb[SIDE * SIDE * 3], out[SIDE * SIDE * 3];
    for (int i = 0; i < SIDE * SIDE; i++) {
        int at = i % SIDE / (SIDE / 2) + i / SIDE / (SIDE / 2) * 2;
        memset(rgba + 4 * i, shade[at], 3);
        memset(rgb + 3 * i, shade[at], 3);
        rgba[4 * i + 3] = 255;
    }
    for (int turn = 1; turn <= 8; turn++)
        for (int jpeg = 0; jpeg < 2; jpeg++) {
            size_t size;
            PngForm form = {PNG_RGB, 8, 0, turn};
            uint8_t *file = jpeg ? jpeg_make(3, SIDE, SIDE, rgb, 100, turn % 2, turn, &size)
                                 : png_make(&form, SIDE, SIDE, rgba, &size);
            assert_int_equal(decode_picture(file, size, SIDE, out, NULL), STATUS_OK);
            assert_in_range(out[0] + 4, shade[corner[turn][0]] + 2, shade[corner[turn][0]] + 6);
            assert_in_range(out[3 * 15] + 4, shade[corner[turn][1]] + 2,
                            shade[corner[turn][1]] + 6);
            free(file);
        }
}

/* The middle square, averaged over areas, of pictures of any shape. */
static void test_pictures_are_averaged(void **state)
{
    (void)state;
    enum { WIDE = 100, HIGH = 60, SIDE = 16 };
    static uint8_t rgba[WIDE * HIGH * 4];
    uint8_t out[SIDE * SIDE * 3];
    size_t size;
    for (int i = 0; i < WIDE * HIGH; i++) {
        memset(rgba + 4 * i, i % WIDE < 20 || i % WIDE >= 80 ? 0 : (i % WIDE + i / WIDE) % 2 * 200,
               3);
        rgba[4 * i + 3] = 255;
    }
    PngForm form = {PNG_RGB, 8, 0, 0};
    uint8_t *png = png_make(&form, WIDE, HIGH, rgba, &size);
    assert_int_equal(decode_picture(png, size, SIDE, out, NULL), STATUS_OK);
    for (int k = 0; k < SIDE * SIDE * 3; k++)
        assert_in_range(out[k], 90, 110); /* the border is cut off */
    free(png);
    png = png_make(&form, 1, 1, rgba + 4 * 21, &size);
    assert_int_equal(decode_picture(png, size, SIDE, out, NULL), STATUS_OK);
    for (int k = 0; k < SIDE * SIDE * 3; k++)
        assert_int_equal(out[k], 200);
    free(png);
}

/* No picture is cut short without a word, wherever it ends. */
static void test_pictures_cut_short(void **state)
{
    (void)state;
    enum { SIDE = 24 };
    static uint8_t rgba[SIDE * SIDE * 4];
    uint8_t out[16 * 16 * 3];
    for (int i = 0; i < SIDE * SIDE * 4; i++)
        rgba[i] = i % 4 == 3 ? 255 : (uint8_t)(i * 7919 >> 3);
    for (int kind = 0; kind < 3; kind++) {
        size_t size;
        Error error;
        PngForm form = {PNG_RGB, 8, 1, 1};
        uint8_t *file = kind == 0 ? png_make(&form, SIDE, SIDE, rgba, &size)
                                  : jpeg_make(3, SIDE, SIDE, rgba, 80, kind - 1, 6, &size);
        for (size_t cut = 0; cut + 2 < size; cut++)
            assert_int_equal(decode_picture(file, cut, 16, out, &error), STATUS_BAD_INPUT);
        assert_int_equal(decode_picture(file, size, 16, out, &error), STATUS_OK);
        free(file);
    }
}

static void test_pictures_refused(void **state)
{
    (void)state;
    static uint8_t cmyk[16 * 16 * 4], out[16 * 16 * 3];
    static uint8_t wide[20000 * 4];
    size_t size;
    Error error;
    uint8_t *file = jpeg_make(4, 16, 16, cmyk, 90, 0, 0, &size);
    assert_int_equal(decode_picture(file, size, 16, out, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "CMYK"));
    free(file);
    PngForm form = {PNG_RGB, 8, 0, 0};
    file = png_make(&form, 20000, 1, wide, &size);
    assert_int_equal(decode_picture(file, size, 16, out, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "20000 x 1 pixels"));
    free(file);
    assert_int_equal(decode_picture((const uint8_t *)"GIF89a", 6, 16, out, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "neither PNG nor JPEG"));
    assert_int_equal(decode_check(16384, 16384, 0, &error), STATUS_BAD_INPUT);
    assert_int_equal(decode_check(8000, 8000, 0, &error), STATUS_OK);
    assert_int_equal(decode_check(8000, 8000, 1, &error), STATUS_BAD_INPUT);
}

/* What is no picture is left out by name, links are not followed, equal pictures count once. */
static void test_folder_leaves_out(void **state)
{
    Place *place = *state;
    char path[PATH_SIZE];
    fill_folder(place->path, "", 12, 0x204060);
    put_plain_png(place->path, "again.png", 9, 0x204060); /* as 000.png when made 32 x 32 */
    put_file(place->path, "empty.png", "", 0);
    put_file(place->path, "bell\a\x1b[31m.png", "GIF89a", 6);
    put_file(place->path, "secret.png", "x", 1);
    chmod(file_join(path, place->path, "secret.png"), 0);
    assert_int_equal(symlink(".", file_join(path, place->path, "round")), 0);
    assert_int_equal(symlink("000.png", file_join(path, place->path, "link.png")), 0);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->n + data->n_test, 12);
    assert_int_equal(data->tally.files, 16);
    assert_int_equal(data->tally.equal, 1);
    assert_int_equal(data->tally.links, 2);
    assert_int_equal(data->tally.left_out, 3);
    assert_non_null(strstr(data->left_out, "empty.png: an empty file\n"));
    assert_non_null(strstr(data->left_out, "bell??[31m.png: neither PNG nor JPEG\n"));
}

static void test_folders_refused(void **state)
{
    Place *place = *state;
    fill_folder(place->path, "one/", 1, 0x204060);
    refuses(place, "folder", "one", (DatasetFiles){0}, "1 different picture;");
    fill_folder(place->path, "two/a/", 1, 0x204060);
    fill_folder(place->path, "two/b/", 1, 0x406080);
    refuses(place, "folder", "two", (DatasetFiles){0}, "2 different pictures;");
    put_file(place->path, "none/a.txt", "text", 4);
    refuses(place, "folder", "none", (DatasetFiles){0}, "the first is a.txt: neither");
    refuses(place, "folder", "nowhere", (DatasetFiles){0}, "No such file");
    refuses(place, "folder", "none/a.txt", (DatasetFiles){0}, "Not a directory");
}

static void test_labels_by_name(void **state)
{
    Place *place = *state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"file,label\n000.png,cat\n0x0.png,dog\n", "labels.csv:3: there is no file 0x0.png"},
        {"000.png,cat\n", "no label for 001.png"},
        {"000.png\n", "labels.csv:1: expected FILE,LABEL"},
        {"000.png,\n", "labels.csv:1: expected FILE,LABEL"},
        {"000.png,a\n\n000.png,b\n", "lines 1 and 3 both name 000.png"},
    };
    char text[2048] = "file,label\n", path[PATH_SIZE];
    fill_folder(place->path, "p/", 12, 0x204060);
    for (int k = 0; k < 12; k++)
        snprintf(text + strlen(text), 64, "\"%03d.png\",%d\r\n", k, 10 - k % 3);
    put_file(place->path, "p/labels.csv", text, strlen(text));
    assert_int_equal(open_set(place, "folder", "p", (DatasetFiles){0}), STATUS_OK);
    assert_int_equal(place->data.classes, 3);
    assert_string_equal(place->data.class_name[0], "8");
    assert_string_equal(place->data.class_name[2], "10");
    assert_int_equal(place->data.tally.left_out, 0);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        put_file(place->path, "p/labels.csv", wrong[k].text, strlen(wrong[k].text));
        refuses(place, "folder", "p", (DatasetFiles){0}, wrong[k].says);
    }
    remove(file_join(path, place->path, "p/labels.csv"));
    assert_int_equal(open_set(place, "folder", "p", (DatasetFiles){0}), STATUS_OK);
    assert_int_equal(place->data.classes, 1);
}

/* ---- Kept for the next time ---- */

static void set_age(const char *folder, const char *name, long seconds)
{
    char path[PATH_SIZE];
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += seconds;
    times[0] = times[1] = now;
    assert_int_equal(utimensat(AT_FDCWD, file_join(path, folder, name), times, 0), 0);
}

/* The name of the prepared file in a folder, or false. */
static bool find_prepared(const char *folder, char name[64])
{
    DIR *open = opendir(folder);
    bool found = false;
    assert_non_null(open);
    for (struct dirent *entry = readdir(open); entry && !found; entry = readdir(open)) {
        found = !strncmp(entry->d_name, ".ddil-", 6);
        if (found)
            snprintf(name, 64, "%.60s", entry->d_name);
    }
    closedir(open);
    return found;
}

/* Opened again it is the file that was made, until a picture changes, or the file is damaged. */
static void test_prepared_is_opened_again(void **state)
{
    Place *place = *state;
    char name[64], path[PATH_SIZE];
    fill_folder(place->path, "a/", 12, 0x204060);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    unsigned long sum = dataset_checksum(&place->data);
    assert_true(find_prepared(place->path, name));
    set_age(place->path, name, 5); /* younger than the pictures, beyond doubt */
    FILE *file = fopen(file_join(path, place->path, name), "r+b");
    assert_non_null(file);
    fseek(file, -1, SEEK_END); /* its last byte tells it apart */
    int last = fgetc(file);
    fseek(file, -1, SEEK_END);
    fputc(last ^ 1, file);
    fclose(file);
    set_age(place->path, name, 5);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    assert_int_not_equal(dataset_checksum(&place->data), sum);
    assert_string_equal(place->data.class_name[0], "a");
    assert_int_equal(truncate(path, 4000), 0);
    set_age(place->path, name, 5);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    assert_int_equal(dataset_checksum(&place->data), sum);
    set_age(place->path, name, 5);
    put_plain_png(place->path, "a/000.png", 20, 0xff0000);
    assert_int_equal(open_set(place, "folder", "", (DatasetFiles){0}), STATUS_OK);
    assert_int_not_equal(dataset_checksum(&place->data), sum);
    assert_int_equal(place->data.n + place->data.n_test, 12);
}

/* Where the data cannot be written to, the cache folder has it. */
static void test_prepared_of_read_only_data(void **state)
{
    Place *place = *state;
    char name[64], cache[PATH_SIZE], path[PATH_SIZE];
    bool root = geteuid() == 0; /* who may write anywhere: as nobody */
    fill_folder(place->path, "p/", 12, 0x204060);
    setenv("XDG_CACHE_HOME", file_join(cache, place->path, "cache"), 1);
    assert_int_equal(chmod(place->path, 0777), 0);
    assert_int_equal(chmod(file_join(path, place->path, "p"), 0555), 0);
    assert_true(!root || seteuid(65534) == 0);
    assert_int_equal(open_set(place, "folder", "p", (DatasetFiles){0}), STATUS_OK);
    assert_true(!root || seteuid(0) == 0);
    assert_false(find_prepared(path, name));
    assert_true(find_prepared(file_join(path, cache, "ddil"), name));
}

/* ---- Features where there are no classes ---- */

/* Pictures that are bright on top: their turns can be told apart, and the network is found again by
 * what it was trained on. */
static void test_features_of_turns(void **state)
{
    Place *place = *state;
    enum { N = 200, SIDE = 16, STEPS = 30 };
    static uint8_t rows[N * SIDE * SIDE];
    char path[PATH_SIZE];
    for (int k = 0; k < N * SIDE * SIDE; k++)
        rows[k] = (uint8_t)(200 - k / SIDE % SIDE * 10 + k / (SIDE * SIDE) * 7 % 40 + k % 3);
    put_npy(place->path, "a.npy", "|u1", "(200, 16, 16)", rows, sizeof rows);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(features_turns(data), 4);
    float upright[SIDE * SIDE], turned[SIDE * SIDE], again[SIDE * SIDE];
    int label;
    dataset_held_out(data, 0, upright, &label);
    features_turn(data, upright, 1, turned);
    assert_memory_not_equal(upright, turned, sizeof turned);
    features_turn(data, turned, 3, again);
    assert_memory_equal(upright, again, sizeof again);
    Crew *crew = crew_new(2);
    FeatureTraining training;
    assert_int_equal(feature_training_begin(&training, data, crew, STEPS, 1, NULL), STATUS_OK);
    for (long i = 0; i < STEPS; i++)
        feature_training_step(&training, i);
    setenv("XDG_CACHE_HOME", place->path, 1);
    features_kept(data, path);
    assert_non_null(strstr(path, "/ddil/features-"));
    assert_int_equal(file_make_folder(file_cache_folder(place->labels), NULL), STATUS_OK);
    assert_int_equal(feature_training_save(&training, path, NULL), STATUS_OK);
    feature_training_end(&training);
    Features *features;
    assert_int_equal(features_open(&features, path, data, crew, &place->error), STATUS_OK);
    assert_true(features->accuracy > 0.4);
    features_close(features);
    crew_free(crew);
    unsetenv("XDG_CACHE_HOME");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        CASE(test_folder_classes),
        CASE(test_folder_kinds),
        CASE(test_pictures_are_upright),
        CASE(test_pictures_are_averaged),
        CASE(test_pictures_cut_short),
        CASE(test_pictures_refused),
        CASE(test_folder_leaves_out),
        CASE(test_folders_refused),
        CASE(test_labels_by_name),
        CASE(test_prepared_is_opened_again),
        CASE(test_prepared_of_read_only_data),
        CASE(test_features_of_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
