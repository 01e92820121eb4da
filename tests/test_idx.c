/* IDX files good and bad, and the image sets made of them. */
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "engine/data/idx.h"
#include "tests/near.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const size_t gib = (size_t)1 << 30;

/* ---- IDX files ---- */

typedef struct Folder {
    char path[64];
} Folder;

static int make_folder(void **state)
{
    static Folder folder;
    strcpy(folder.path, "/tmp/ddil-test-data-XXXXXX");
    *state = &folder;
    return mkdtemp(folder.path) ? 0 : -1;
}

static const char *const idx_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "one"};

static int remove_folder(void **state)
{
    Folder *folder = *state;
    char path[PATH_SIZE], name[64];
    for (size_t k = 0; k < sizeof idx_names / sizeof *idx_names; k++) {
        remove(file_join(path, folder->path, idx_names[k]));
        snprintf(name, sizeof name, "%s.gz", idx_names[k]);
        remove(file_join(path, folder->path, name));
    }
    return rmdir(folder->path);
}

/* An IDX file in memory: header of `rank` sizes, then the product of them in bytes k %
 * modulo. */
static size_t make_idx(int rank, const int *size, int modulo, unsigned char *out)
{
    size_t n = 0, total = 1;
    unsigned char magic[] = {0, 0, 8, (unsigned char)rank};
    memcpy(out, magic, 4);
    n = 4;
    for (int k = 0; k < rank; k++) {
        for (int b = 24; b >= 0; b -= 8)
            out[n++] = (unsigned char)(size[k] >> b);
        total *= (size_t)size[k];
    }
    for (size_t k = 0; k < total; k++)
        out[n++] = (unsigned char)(k % (size_t)modulo);
    return n;
}

static void write_plain(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_packed(const char *path, const void *data, size_t size)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, data, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_part(Folder *folder, int which, bool packed, int rank, const int *size,
                       int modulo)
{
    unsigned char bytes[4096];
    size_t n = make_idx(rank, size, modulo, bytes);
    char path[PATH_SIZE], name[64];
    snprintf(name, sizeof name, "%s%s", idx_names[which], packed ? ".gz" : "");
    file_join(path, folder->path, name);
    (packed ? write_packed : write_plain)(path, bytes, n);
}

static void test_idx_reads(void **state)
{
    unsigned char bytes[256];
    size_t n = make_idx(3, (int[]){5, 4, 3}, 251, bytes);
    char path[PATH_SIZE];
    file_join(path, ((Folder *)*state)->path, "one");
    for (int packed = 0; packed < 2; packed++) {
        (packed ? write_packed : write_plain)(path, bytes, n);
        Idx idx;
        assert_int_equal(idx_read(path, 3, &idx, NULL), STATUS_OK);
        assert_int_equal(idx.rank, 3);
        assert_int_equal(idx.size[0], 5);
        assert_int_equal(idx.size[2], 3);
        for (int k = 0; k < 60; k++)
            assert_int_equal(idx.bytes[k], k);
        free(idx.bytes);
    }
}

static void expect_refused(const char *path, int rank, const char *because)
{
    Idx idx;
    Error error;
    assert_int_equal(idx_read(path, rank, &idx, &error), STATUS_BAD_INPUT);
    assert_null(idx.bytes);
    assert_non_null(strstr(error.text, path));
    if (because && !strstr(error.text, because))
        fail_msg("'%s' should mention '%s'", error.text, because);
}

/* Every shorter file, plain or packed, is refused; so is every longer one. */
static void test_idx_truncated_anywhere(void **state)
{
    unsigned char bytes[256], packed[512];
    size_t n = make_idx(3, (int[]){5, 4, 3}, 251, bytes);
    char path[PATH_SIZE];
    file_join(path, ((Folder *)*state)->path, "one");
    for (size_t cut = 0; cut < n; cut++) {
        write_plain(path, bytes, cut);
        expect_refused(path, 3, NULL);
    }
    write_plain(path, bytes, n + 1);
    expect_refused(path, 3, "goes on after the 60 bytes");

    write_packed(path, bytes, n);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    for (size_t cut = 2; cut < size; cut++) {
        write_plain(path, packed, cut);
        expect_refused(path, 3, "cut short");
    }
    packed[size] = 'x';
    write_plain(path, packed, size + 1);
    expect_refused(path, 3, "goes on after");
    packed[size - 6] ^= 1; /* the checksum */
    write_plain(path, packed, size);
    expect_refused(path, 3, "damaged gzip");
}

/* gzip files may be put one behind the other. */
static void test_idx_of_several_members(void **state)
{
    unsigned char bytes[256], packed[1024];
    size_t n = make_idx(3, (int[]){5, 4, 3}, 251, bytes), size = 0;
    char path[PATH_SIZE];
    Idx idx;
    file_join(path, ((Folder *)*state)->path, "one");
    for (size_t begin = 0; begin < n; begin += 19) {
        write_packed(path, bytes + begin, n - begin < 19 ? n - begin : 19);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size += fread(packed + size, 1, sizeof packed - size, file);
        fclose(file);
    }
    write_plain(path, packed, size);
    assert_int_equal(idx_read(path, 3, &idx, NULL), STATUS_OK);
    assert_memory_equal(idx.bytes, bytes + 16, 60);
    free(idx.bytes);
    assert_int_equal(idx_sizes(path, 3, &idx, NULL), STATUS_OK);
    assert_int_equal(idx.size[0], 5);
    write_plain(path, packed, size - 1);
    expect_refused(path, 3, "cut short");
    packed[size] = 0;
    write_plain(path, packed, size + 1);
    expect_refused(path, 3, "goes on after");
}

static void test_idx_foreign(void **state)
{
    unsigned char bytes[256];
    char path[PATH_SIZE];
    file_join(path, ((Folder *)*state)->path, "one");
    write_plain(path, "\x89PNG\r\n\x1a\n and more", 18);
    expect_refused(path, 3, "0x89504e47; expected 0x00000803");
    size_t n = make_idx(1, (int[]){9}, 10, bytes);
    write_plain(path, bytes, n);
    expect_refused(path, 3, "0x00000801; expected 0x00000803");
    bytes[2] = 0x0d; /* floats */
    write_plain(path, bytes, n);
    expect_refused(path, 1, "0x00000d01");
    n = make_idx(3, (int[]){5, 0, 3}, 10, bytes);
    write_plain(path, bytes, n);
    expect_refused(path, 3, "size 2 is 0");
    make_idx(1, (int[]){1}, 10, bytes);
    memset(bytes + 4, 0xff, 4);
    write_packed(path, bytes, 9);
    expect_refused(path, 1, "size 1 is 4294967295");
    bytes[4] = 0x3f; /* allowed by number, but no file of this size holds it: no memory is
                        asked for */
    write_packed(path, bytes, 9);
    expect_refused(path, 1, "more than a file of");
    remove(path);
    expect_refused(path, 1, NULL);
}

/* ---- Image sets ---- */

static const int images_size[] = {12, 8, 4}, tests_size[] = {7, 8, 4}, labels_size[] = {12},
                 test_labels_size[] = {7};

static void write_set(Folder *folder)
{
    write_part(folder, 0, true, 3, images_size, 256);
    write_part(folder, 1, true, 1, labels_size, 3);
    write_part(folder, 2, false, 3, tests_size, 255);
    write_part(folder, 3, false, 1, test_labels_size, 10);
}

static Status open_images(const Folder *folder, const int *keep, int n_keep, int limit,
                          Arena *arena, Dataset *dataset, Error *error)
{
    DatasetOptions options = {.name = "fashion",
                              .files = {.path = folder->path},
                              .conditional = -1,
                              .keep = keep,
                              .n_keep = n_keep,
                              .limit = limit,
                              .seed = 5};
    arena_rewind(arena, 0);
    return dataset_open(dataset, &options, arena, error);
}

static void test_images_packed_and_plain(void **state)
{
    Folder *folder = *state;
    write_set(folder);
    Arena arena;
    arena_init(&arena, gib);
    Dataset set;
    Error error;
    assert_int_equal(open_images(folder, NULL, 0, 0, &arena, &set, &error), STATUS_OK);
    assert_int_equal(set.n, 12);
    assert_int_equal(set.n_test, 7);
    assert_int_equal(set.height, 8);
    assert_int_equal(set.width, 4);
    assert_int_equal(set.dims, 32);
    assert_int_equal(set.n_seen, 12);
    assert_int_equal(set.conditional, 1);
    assert_string_equal(set.kind->class_name[9], "Boot");
    float x[32];
    int label;
    for (int r = 0; r < 8; r++) {
        dataset_row(&set, set.x, r, x);
        for (int k = 0; k < 32; k++)
            assert_near(x[k], (32 * r + k) / 127.5 - 1, 1e-7);
    }
    dataset_held_out(&set, 7 + 3, x, &label);
    assert_int_equal(label, 3);
    assert_near(x[1], 97 / 127.5 - 1, 1e-6);
    arena_done(&arena);
}

/* As some copies of these files are called. */
static void test_names_with_a_dot(void **state)
{
    static const char *const NAME[] = {"train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz",
                                       "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"};
    Folder *folder = *state;
    char from[PATH_SIZE], to[PATH_SIZE], name[64];
    Dataset set;
    Arena arena;
    arena_init(&arena, gib);
    write_set(folder);
    for (int k = 0; k < 4; k++) {
        snprintf(name, sizeof name, "%s%s", idx_names[k], k < 2 ? ".gz" : "");
        file_join(from, folder->path, name);
        assert_int_equal(rename(from, file_join(to, folder->path, NAME[k])), 0);
    }
    assert_int_equal(open_images(folder, NULL, 0, 0, &arena, &set, NULL), STATUS_OK);
    assert_int_equal(set.n, 12);
    for (int k = 0; k < 4; k++)
        remove(file_join(to, folder->path, NAME[k]));
    arena_done(&arena);
}

static void test_images_keep_and_limit(void **state)
{
    Folder *folder = *state;
    write_set(folder);
    static const int keep[] = {0, 2}, absent[] = {7};
    Arena arena;
    arena_init(&arena, gib);
    Dataset set;
    Error error;
    assert_int_equal(open_images(folder, keep, 2, 0, &arena, &set, &error), STATUS_OK);
    assert_int_equal(set.n_seen, 8);
    for (int k = 0; k < set.n_seen; k++)
        assert_true(set.label[set.seen[k]] != 1);
    assert_int_equal(open_images(folder, keep, 2, 5, &arena, &set, &error), STATUS_OK);
    assert_int_equal(set.n_seen, 5);
    int first[5], times[12] = {0};
    memcpy(first, set.seen, sizeof first);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(times[first[k]]++, 0);
        assert_int_not_equal(set.label[first[k]], 1);
    }
    assert_int_equal(open_images(folder, keep, 2, 5, &arena, &set, &error), STATUS_OK);
    assert_memory_equal(first, set.seen, sizeof first);
    assert_int_equal(open_images(folder, keep, 2, 100, &arena, &set, &error), STATUS_OK);
    assert_int_equal(set.n_seen, 8);
    assert_int_equal(open_images(folder, absent, 1, 0, &arena, &set, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "no row"));
    arena_done(&arena);
}

static void expect_set_refused(const Folder *folder, const char *file, const char *because)
{
    Arena arena;
    arena_init(&arena, gib);
    Dataset set;
    Error error;
    assert_int_equal(open_images(folder, NULL, 0, 0, &arena, &set, &error), STATUS_BAD_INPUT);
    if (!strstr(error.text, file) || !strstr(error.text, because))
        fail_msg("'%s' should mention '%s' and '%s'", error.text, file, because);
    arena_done(&arena);
}

static void test_images_that_do_not_fit(void **state)
{
    Folder *folder = *state;
    write_set(folder);
    write_part(folder, 1, true, 1, (int[]){11}, 3);
    expect_set_refused(folder, idx_names[1], "11 labels; expected 12");
    write_part(folder, 1, true, 1, labels_size, 11);
    expect_set_refused(folder, idx_names[1], "label 10 in row 10; expected 0 to 9");
    write_set(folder);
    write_part(folder, 0, true, 3, (int[]){12, 6, 4}, 256);
    expect_set_refused(folder, idx_names[0], "6 x 4");
    write_part(folder, 0, true, 3, (int[]){12, 4, 4}, 256);
    expect_set_refused(folder, idx_names[2], "8 x 4; expected 4 x 4");
}

static void test_images_missing(void **state)
{
    Folder *folder = *state;
    write_set(folder);
    char path[PATH_SIZE];
    remove(file_join(path, folder->path, idx_names[3]));
    expect_set_refused(folder, idx_names[3], "apt-get install dataset-fashion-mnist");
    expect_set_refused(folder, folder->path, "data.path");
}

/* KiB of the mapped file of rows that this process holds; -1 where the system does not tell. */
static int held_of_rows(void)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[1024];
    int held = -1;
    bool ours = false;
    while (maps && held < 0 && fgets(line, sizeof line, maps)) {
        ours = ours || strstr(line, ".rows");
        if (ours)
            (void)sscanf(line, "Rss: %d", &held);
    }
    if (maps)
        fclose(maps);
    return held;
}

/* Rows that stay in a file are the rows of memory, and leave nothing behind in it. */
static void test_images_that_stay_in_a_file(void **state)
{
    Folder *folder = *state;
    Arena arena[2];
    Dataset plain, sparing;
    float a[32], b[32];
    glob_t made;
    write_set(folder);
    for (int k = 0; k < 2; k++)
        arena_init(&arena[k], gib);
    assert_int_equal(open_images(folder, NULL, 0, 0, &arena[0], &plain, NULL), STATUS_OK);
    DatasetOptions options = {
        .name = "fashion", .files = {.path = folder->path, .sparing = true}, .conditional = -1};
    assert_int_equal(dataset_open(&sparing, &options, &arena[1], NULL), STATUS_OK);
    assert_false(plain.sparing);
    assert_true(sparing.sparing);
    assert_int_equal(dataset_checksum(&plain), dataset_checksum(&sparing));
    for (long r = 0; r < 12; r++) {
        int label[2];
        Rng one = rng_at(1, STREAM_BATCH, (uint64_t)r), two = one;
        dataset_draw(&plain, &one, a, &label[0]);
        dataset_draw(&sparing, &two, b, &label[1]);
        assert_memory_equal(a, b, sizeof a);
        assert_int_equal(label[0], label[1]);
        dataset_held_out(&plain, r, a, &label[0]);
        dataset_held_out(&sparing, r, b, &label[1]);
        assert_memory_equal(a, b, sizeof a);
        assert_int_equal(label[0], label[1]);
    }
    assert_true(held_of_rows() <= 0);
    assert_int_equal(
        glob(file_join((char[PATH_SIZE]){0}, folder->path, ".ddil-*.rows"), 0, NULL, &made), 0);
    assert_int_equal(made.gl_pathc, 1);
    assert_int_equal(remove(made.gl_pathv[0]), 0);
    globfree(&made);
    for (int k = 0; k < 2; k++)
        arena_done(&arena[k]);
}

static void test_fashion_itself(void **state)
{
    (void)state;
    if (!file_exists("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"))
        skip();
    Arena arena;
    arena_init(&arena, gib);
    Dataset fashion;
    Error error;
    DatasetOptions options = {.name = "fashion", .conditional = -1};
    assert_int_equal(dataset_open(&fashion, &options, &arena, &error), STATUS_OK);
    assert_int_equal(fashion.n, 60000);
    assert_int_equal(fashion.n_test, 10000);
    assert_int_equal(fashion.dims, 784);
    int count[10] = {0};
    double mean = 0;
    for (int r = 0; r < fashion.n; r++)
        count[fashion.label[r]]++;
    for (int c = 0; c < 10; c++)
        assert_int_equal(count[c], 6000);
    for (size_t k = 0; k < (size_t)60000 * 784; k++)
        mean += fashion.x[k];
    /* The published pixel mean of the training files is 0.2860 on [0, 1]. */
    assert_near(mean / (60000.0 * 784 * 255), 0.2860406, 1e-6);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_idx_reads, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_idx_truncated_anywhere, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_idx_foreign, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_idx_of_several_members, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_names_with_a_dot, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_packed_and_plain, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_keep_and_limit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_that_do_not_fit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_missing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_that_stay_in_a_file, make_folder,
                                        remove_folder),
        cmocka_unit_test(test_fashion_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
