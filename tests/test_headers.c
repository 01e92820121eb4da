/* Headers before bodies: a file that lies about its size, or is none, is refused in 16 MiB and
 * without being read. */
#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/base/safetensors.h"
#include "engine/data/idx.h"
#include "engine/nets/net_kinds.h"
#include "engine/nets/weights.h"
#include "engine/show/gallery.h"
#include "tests/runs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { MOST_KIB = 16 << 10, SECONDS = 20 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURED = 0 }; /* a sanitizer keeps books of its own */
#else
enum { MEASURED = 1 };
#endif

typedef Status Act(const char *path, Error *error);

static long resident_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Refused with these words, in a process that does not grow and may not take long. */
static void expect_refused(Act *act, const char *path, const char *words)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        Error error = {{0}};
        struct rlimit limit = {SECONDS, SECONDS};
        setrlimit(RLIMIT_CPU, &limit);
        alarm(3 * SECONDS); /* no waiting for a writer either */
        long before = resident_kib();
        if (act(path, &error) != STATUS_BAD_INPUT || !strstr(error.text, words)) {
            fprintf(stderr, "%s: \"%s\", not \"%s\"\n", path, error.text, words);
            _exit(1);
        }
        long grown = resident_kib() - before;
        if (MEASURED && grown > MOST_KIB) {
            fprintf(stderr, "%s: refused in %ld KiB\n", path, grown);
            _exit(2);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static Status open_tensors(const char *path, Error *error)
{
    TensorFile *file;
    Status status = tensorfile_open(&file, path, error);
    tensorfile_close(file);
    return status;
}

static Status open_spec(const char *path, Error *error)
{
    NetSpec spec;
    return weights_spec(path, &spec, error);
}

static Status open_weights(const char *path, Error *error)
{
    float block[1];
    NetSpec spec = {.kind = net_kinds[0], .height = 1, .width = 1, .channels = 2};
    net_spec_complete(&spec, NULL);
    return weights_load(path, &spec, block, error);
}

static Status read_any(const char *path, Error *error)
{
    char *data;
    size_t size;
    return file_read(path, (size_t)1 << 33, &data, &size, error);
}

static Status read_preset(const char *path, Error *error)
{
    Config config;
    config_init(&config);
    return config_read_file(&config, path, error);
}

static Status read_pictures(const char *path, Error *error)
{
    Idx idx;
    return idx_read(path, 3, &idx, error);
}

static Status load_gallery(const char *path, Error *error)
{
    Gallery *gallery = gallery_load(path);
    snprintf(error->text, sizeof error->text, "no gallery");
    return gallery ? STATUS_OK : STATUS_BAD_INPUT;
}

/* A file with this header that says it is as long as `size`; nothing is on the disk. */
static void sparse_tensors(const char *path, const char *header, uint64_t length, off_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 8; i++)
        fputc((int)(length >> 8 * i & 255), file);
    fputs(header, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(path, size), 0);
}

static const off_t LARGE = (off_t)7 << 30;

static void test_lying_headers_of_tensors(void **state)
{
    World *world = *state;
    char path[PATH_SIZE], header[512];
    file_join(path, world->runs, "lying.safetensors");
    sparse_tensors(path, "{}", 2, LARGE);
    expect_refused(open_tensors, path, "trailing bytes");
    sparse_tensors(path, "{}", (uint64_t)LARGE - 8, LARGE);
    expect_refused(open_tensors, path, "cut short in its header");
    sparse_tensors(path, "{", 1 << 20, LARGE);
    expect_refused(open_tensors, path, "not JSON");
    sparse_tensors(path, "{}", 2, (off_t)9 << 30);
    expect_refused(open_tensors, path, "larger than 8 GiB");
    /* honest, but nothing that anybody asked for */
    snprintf(header, sizeof header,
             "{\"a\":{\"dtype\":\"U8\",\"shape\":[%ld],\"data_offsets\":[0,%ld]},"
             "\"__metadata__\":{\"format\":\"ddil weights 1\"}}",
             (long)LARGE - 508, (long)LARGE - 508);
    memset(header + strlen(header), ' ', sizeof header - strlen(header));
    header[500] = 0;
    sparse_tensors(path, header, 500, LARGE);
    expect_refused(open_spec, path, "names no network");
    expect_refused(open_weights, path, "is not there");
    expect_refused(load_gallery, path, "no gallery");
}

static void test_what_is_no_file(void **state)
{
    static Act *const ACTS[] = {open_tensors, read_any, read_pictures};
    World *world = *state;
    char path[PATH_SIZE];
    assert_int_equal(mkfifo(file_join(path, world->runs, "pipe"), 0600), 0);
    for (size_t i = 0; i < sizeof ACTS / sizeof *ACTS; i++) {
        expect_refused(ACTS[i], "/dev/zero", "a regular file is needed");
        expect_refused(ACTS[i], path, "is a pipe");
        expect_refused(ACTS[i], world->runs, "is a folder");
    }
    expect_refused(read_preset, "/dev/zero", "larger than 1048576 bytes");
    expect_refused(read_preset, world->runs, "cannot read");
}

/* Packs `size` zeros behind an IDX header of these sizes; returns the file's bytes. */
static void write_bomb(const char *path, const unsigned char header[16], size_t size)
{
    static const char zeros[1 << 16];
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, header, 16), 16);
    for (size_t done = 0; done < size; done += sizeof zeros)
        gzwrite(file, zeros, sizeof zeros);
    assert_int_equal(gzclose(file), Z_OK);
}

static void test_gzip_bombs(void **state)
{
    /* 28 x 28 pictures: 80,000 and 12 of them */
    static const unsigned char MANY[16] = {0, 0, 8, 3, 0, 1, 56, 128, 0, 0, 0, 28, 0, 0, 0, 28},
                               FEW[16] = {0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 28, 0, 0, 0, 28};
    World *world = *state;
    char path[PATH_SIZE];
    file_join(path, world->runs, "train-images-idx3-ubyte.gz");
    write_bomb(path, MANY, (size_t)80000 * 784);
    expect_refused(read_pictures, path, "more than a file of");
    write_bomb(path, FEW, (size_t)64 << 20);
    expect_refused(read_pictures, path, "goes on after");
}

/* What a person names as a preset may come from anywhere, as long as it ends. */
static void test_presets_from_pipes(void **state)
{
    World *world = *state;
    char path[PATH_SIZE], *text;
    size_t size;
    Error error;
    assert_int_equal(mkfifo(file_join(path, world->runs, "preset"), 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *pipe = fopen(path, "w");
        fputs("[run]\n", pipe);
        fclose(pipe);
        _exit(0);
    }
    assert_int_equal(file_read_text(path, 100, &text, &size, &error), STATUS_OK);
    assert_string_equal(text, "[run]\n");
    free(text);
    waitpid(child, NULL, 0);
    assert_int_equal(file_read_text("/dev/null", 100, &text, &size, &error), STATUS_OK);
    assert_int_equal(size, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lying_headers_of_tensors, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_what_is_no_file, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_gzip_bombs, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_presets_from_pipes, world_enter, world_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
