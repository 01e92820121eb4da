/* Data sets: the procedural laws by their moments, keep and limit, and IDX files good and
 * bad. */
#include "engine/base/file.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const size_t gib = (size_t)1 << 30;

static Status open_set(Dataset *dataset, const char *name, const int *keep, int n_keep,
                       int limit, Arena *arena, Error *error)
{
    DatasetOptions options = {.name = name,
                              .path = "",
                              .conditional = -1,
                              .keep = keep,
                              .n_keep = n_keep,
                              .limit = limit,
                              .seed = 7};
    return dataset_open(dataset, &options, arena, error);
}

/* ---- Procedural sets
 * ------------------------------------------------------------------------------ */

typedef struct Moments {
    double mean[2], square, reach;
    int count[DATASET_CLASSES_MAX];
} Moments;

static void moments_of(const Dataset *dataset, int n, bool all, Moments *m)
{
    memset(m, 0, sizeof *m);
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(3, STREAM_EVAL, (uint64_t)r);
        float x[2];
        int label = -1;
        (all ? dataset_draw_all : dataset_draw)(dataset, &rng, x, &label);
        assert_in_range(label, 0, dataset->classes - 1);
        m->count[label]++;
        for (int c = 0; c < 2; c++) {
            m->mean[c] += x[c] / n;
            m->square += x[c] * x[c] / (2.0 * n);
            m->reach = fmax(m->reach, fabs(x[c]));
        }
    }
}

/* Centred, unit RMS per coordinate, labels equally likely, all but rare draws inside the
 * box. */
static void test_procedural_laws(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int classes, conditional;
        double deviation;
    } sets[] = {
        {"ring",         8,  0, 0.1 / 1.41774},
        {"grid",         25, 0, 0.1 / 1.41774},
        {"moons",        2,  1, 0            },
        {"spiral",       2,  0, 0            },
        {"checkerboard", 8,  0, 0            },
    };
    Arena arena;
    arena_init(&arena, gib);
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        Dataset dataset;
        Error error;
        assert_int_equal(open_set(&dataset, sets[s].name, NULL, 0, 0, &arena, &error),
                         STATUS_OK);
        assert_int_equal(dataset.classes, sets[s].classes);
        assert_int_equal(dataset.conditional, sets[s].conditional);
        assert_int_equal(dataset.dims, 2);
        if (sets[s].deviation > 0)
            assert_near(dataset.mixture->deviation, sets[s].deviation, 1e-6);
        if (dataset.mixture)
            assert_true(dataset.mixture->deviation >= 0.05);
        enum { N = 40000 };
        Moments m;
        moments_of(&dataset, N, true, &m);
        assert_near(m.mean[0], 0, 4 / sqrt(N));
        assert_near(m.mean[1], 0, 4 / sqrt(N));
        assert_near(m.square, 1, 4 / sqrt(N));
        for (int c = 0; c < dataset.classes; c++) {
            double share = 1.0 / dataset.classes;
            assert_near((double)m.count[c] / N, share, 5 * sqrt(share / N));
        }
        assert_near(dataset.low, -dataset.high, 0);
        assert_in_range((long)(1000 * dataset.high / m.reach), 900, 1250);
    }
    arena_done(&arena);
}

/* cli.md fixes the ring: its first mode stands at 2 / 1.41774. */
static void test_ring_is_the_contract(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, gib);
    Dataset ring;
    assert_int_equal(open_set(&ring, "ring", NULL, 0, 0, &arena, NULL), STATUS_OK);
    for (int k = 0; k < 8; k++) {
        assert_near(ring.mixture->mean[k][0], 2 * cos(k * acos(-1) / 4) / 1.41774, 1e-5);
        assert_near(ring.mixture->mean[k][1], 2 * sin(k * acos(-1) / 4) / 1.41774, 1e-5);
        assert_int_equal(ring.mixture->label[k], k);
        assert_near(ring.mixture->weight[k], 0.125, 0);
    }
    arena_done(&arena);
}

/* Components stand so close along an arm that the ridge between two of them is as high as
 * on them. */
static void test_arcs_are_smooth(void **state)
{
    (void)state;
    static const char *const names[] = {"moons", "spiral"};
    Arena arena;
    arena_init(&arena, gib);
    for (int s = 0; s < 2; s++) {
        Dataset dataset;
        assert_int_equal(open_set(&dataset, names[s], NULL, 0, 0, &arena, NULL),
                         STATUS_OK);
        const Mixture *m = dataset.mixture;
        assert_int_equal(m->n, 96);
        for (int k = 0; k + 1 < m->n; k++) {
            double gap = hypot(m->mean[k + 1][0] - m->mean[k][0],
                               m->mean[k + 1][1] - m->mean[k][1]);
            if (m->label[k] == m->label[k + 1])
                assert_true(gap < 2 * m->deviation);
        }
    }
    arena_done(&arena);
}

static void test_checkerboard_cells(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, gib);
    Dataset board;
    assert_int_equal(open_set(&board, "checkerboard", NULL, 0, 0, &arena, NULL),
                     STATUS_OK);
    assert_null(board.mixture);
    for (int r = 0; r < 2000; r++) {
        float x[2];
        int label;
        dataset_held_out(&board, r, x, &label);
        double scale = 4 / sqrt(12);
        int column = (int)floor(x[0] * scale + 2), row = (int)floor(x[1] * scale + 2);
        assert_int_equal((column + row) % 2, 0);
        assert_int_equal(label, row * 2 + column / 2);
    }
    arena_done(&arena);
}

static void test_keep_restricts_the_distiller_only(void **state)
{
    (void)state;
    static const char *const names[] = {"ring", "checkerboard"};
    static const int keep[] = {0, 1, 2, 2};
    Arena arena;
    arena_init(&arena, gib);
    for (int s = 0; s < 2; s++) {
        Dataset kept, whole;
        assert_int_equal(open_set(&kept, names[s], keep, 4, 0, &arena, NULL), STATUS_OK);
        assert_int_equal(open_set(&whole, names[s], NULL, 0, 0, &arena, NULL), STATUS_OK);
        assert_near(kept.high, whole.high, 0);
        Moments seen, all;
        moments_of(&kept, 3000, false, &seen);
        moments_of(&kept, 3000, true, &all);
        for (int c = 0; c < 8; c++) {
            assert_true(all.count[c] > 250);
            assert_true(c < 3 ? seen.count[c] > 850 : seen.count[c] == 0);
        }
        for (int r = 0; r < 50; r++) {
            float a[2], b[2];
            int la, lb;
            dataset_held_out(&kept, r, a, &la);
            dataset_held_out(&whole, r, b, &lb);
            assert_memory_equal(a, b, sizeof a);
            assert_int_equal(la, lb);
        }
    }
    arena_done(&arena);
}

static void test_limit_fixes_the_draws(void **state)
{
    (void)state;
    static const int keep[] = {4};
    Arena arena;
    arena_init(&arena, gib);
    Dataset a, b;
    assert_int_equal(open_set(&a, "ring", keep, 1, 16, &arena, NULL), STATUS_OK);
    assert_int_equal(open_set(&b, "ring", keep, 1, 16, &arena, NULL), STATUS_OK);
    assert_int_equal(a.n_seen, 16);
    assert_memory_equal(a.seen_x, b.seen_x, sizeof(float) * 32);
    int hit[16] = {0};
    for (int r = 0; r < 1000; r++) {
        Rng rng = rng_at(1, STREAM_BATCH, (uint64_t)r);
        float x[2];
        int label, found = -1;
        dataset_draw(&a, &rng, x, &label);
        assert_int_equal(label, 4);
        for (int k = 0; k < 16; k++)
            if (memcmp(x, a.seen_x + 2 * k, sizeof x) == 0)
                found = k;
        assert_true(found >= 0);
        hit[found]++;
    }
    for (int k = 0; k < 16; k++)
        assert_true(hit[k] > 20);
    arena_done(&arena);
}

static void test_bad_options(void **state)
{
    (void)state;
    static const int high[] = {0, 8}, low[] = {-1};
    Arena arena;
    arena_init(&arena, gib);
    Dataset dataset;
    Error error;
    assert_int_equal(open_set(&dataset, "rings", NULL, 0, 0, &arena, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "'rings'"));
    assert_non_null(strstr(error.text, "checkerboard"));
    assert_int_equal(open_set(&dataset, "ring", high, 2, 0, &arena, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "no label 8"));
    assert_non_null(strstr(error.text, "0 to 7"));
    assert_int_equal(open_set(&dataset, "ring", low, 1, 0, &arena, &error),
                     STATUS_BAD_INPUT);
    assert_int_equal(open_set(&dataset, "ring", NULL, 0, -5, &arena, &error),
                     STATUS_BAD_INPUT);
    arena_done(&arena);
}

/* ---- IDX files
 * ------------------------------------------------------------------------------------ */

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

static const char *const idx_names[] = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte", "one"};

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
    bytes[4] = 0x7f; /* allowed by number, but no file of this size holds it: no memory is
                        asked for */
    write_packed(path, bytes, 9);
    expect_refused(path, 1, "more than a file of");
    remove(path);
    expect_refused(path, 1, NULL);
}

/* ---- Image sets
 * ----------------------------------------------------------------------------------- */

static const int images_size[] = {12, 8, 4}, tests_size[] = {7, 8, 4},
                 labels_size[] = {12}, test_labels_size[] = {7};

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
                              .path = folder->path,
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
    assert_string_equal(set.class_name[9], "Boot");
    assert_near(set.x[0], -1, 0);
    assert_near(set.x[255], 1, 0);
    assert_near(set.x[51], -0.6, 1e-7);
    float x[32];
    int label;
    dataset_held_out(&set, 7 + 3, x, &label);
    assert_int_equal(label, 3);
    assert_near(x[1], 97 / 127.5 - 1, 1e-6);
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
    assert_int_equal(open_images(folder, absent, 1, 0, &arena, &set, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "no row"));
    arena_done(&arena);
}

static void expect_set_refused(const Folder *folder, const char *file,
                               const char *because)
{
    Arena arena;
    arena_init(&arena, gib);
    Dataset set;
    Error error;
    assert_int_equal(open_images(folder, NULL, 0, 0, &arena, &set, &error),
                     STATUS_BAD_INPUT);
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

static void test_fashion_itself(void **state)
{
    (void)state;
    if (!file_exists("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"))
        skip();
    Arena arena;
    arena_init(&arena, gib);
    Dataset fashion;
    Error error;
    assert_int_equal(open_set(&fashion, "fashion", NULL, 0, 0, &arena, &error),
                     STATUS_OK);
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
    assert_near(mean / (60000.0 * 784), 2 * 0.2860406 - 1, 1e-5);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_procedural_laws),
        cmocka_unit_test(test_ring_is_the_contract),
        cmocka_unit_test(test_arcs_are_smooth),
        cmocka_unit_test(test_checkerboard_cells),
        cmocka_unit_test(test_keep_restricts_the_distiller_only),
        cmocka_unit_test(test_limit_fixes_the_draws),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test_setup_teardown(test_idx_reads, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_idx_truncated_anywhere, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_idx_foreign, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_images_packed_and_plain, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_images_keep_and_limit, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_images_that_do_not_fit, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_images_missing, make_folder, remove_folder),
        cmocka_unit_test(test_fashion_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
