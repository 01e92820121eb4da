/* safetensors: what is written reads back; everything else is refused with a reason. And
 * the weights of a network in it. */
#include "engine/base/safetensors.h"
#include "engine/nets/weights.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int enter(void **state)
{
    char *folder = malloc(PATH_SIZE);
    folder_new(folder);
    *state = folder;
    return 0;
}

static int leave(void **state)
{
    folder_gone(*state);
    free(*state);
    return 0;
}

/* file_write without its waiting for the disk: thousands of them. */
static void put_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Opens bytes as a file. */
static Status open_bytes(const char *folder, const void *bytes, size_t size, Error *error)
{
    char path[PATH_SIZE];
    TensorFile *file;
    put_bytes(file_join(path, folder, "try.safetensors"), bytes, size);
    Status status = tensorfile_open(&file, path, error);
    if (!status)
        status = tensorfile_load(file, error);
    tensorfile_close(file);
    return status;
}

/* A file of this header text and `size` bytes of data (zeros). */
static Status open_header(const char *folder, const char *header, size_t size, Error *error)
{
    size_t length = strlen(header);
    char *bytes = calloc(1, 8 + length + size + 1);
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(unsigned char)(length >> (8 * i));
    memcpy(bytes + 8, header, length);
    Status status = open_bytes(folder, bytes, 8 + length + size, error);
    free(bytes);
    return status;
}

/* ---- Round trip ---- */

static const float F[6] = {1, -2, 3.5f, 0, 1e-30f, INFINITY};
static const double D[1] = {0.1};
static const int I[3] = {-1, 0, 7};
static const int64_t L[2] = {-5, (int64_t)1 << 40};
static const unsigned char U[5] = {1, 2, 3, 4, 5};
static const long F_SHAPE[2] = {2, 3}, THREE[1] = {3}, TWO[1] = {2}, FIVE[1] = {5},
                  NONE[2] = {0, 4};

static void write_sample(const char *path)
{
    Error error = {{0}};
    TensorWriter *writer = tensorwriter_new();
    tensorwriter_meta(writer, "step", "12");
    tensorwriter_declare(writer, "bytes", WALK_U8, 1, FIVE, U);
    tensorwriter_declare(writer, "a.weight", WALK_F32, 2, F_SHAPE, F);
    tensorwriter_declare(writer, "scalar", WALK_F64, 0, NULL, D);
    tensorwriter_declare(writer, "empty", WALK_F32, 2, NONE, F);
    tensorwriter_declare(writer, "counts", WALK_I32, 1, THREE, I);
    tensorwriter_declare(writer, "made", WALK_I64, 1, TWO, L);
    assert_int_equal(tensorwriter_begin(writer, path, &error), STATUS_OK);
    tensorwriter_give(writer, "bytes", U);
    tensorwriter_give(writer, "a.weight", F);
    tensorwriter_give(writer, "scalar", D);
    tensorwriter_give(writer, "empty", F);
    tensorwriter_give(writer, "counts", I);
    tensorwriter_give(writer, "made", L);
    assert_int_equal(tensorwriter_commit(writer, &error), STATUS_OK);
}

static void test_what_is_written_reads_back(void **state)
{
    char path[PATH_SIZE];
    TensorFile *file;
    Error error = {{0}};
    float f[6];
    double d;
    int i[3];
    int64_t l[2];
    unsigned char u[5];
    write_sample(file_join(path, *state, "a.safetensors"));
    assert_int_equal(tensorfile_open(&file, path, &error), STATUS_OK);
    assert_int_equal(tensorfile_load(file, &error), STATUS_OK);
    assert_int_equal(tensorfile_count(file), 6);
    assert_string_equal(tensorfile_meta(file, "step"), "12");
    assert_null(tensorfile_meta(file, "none"));
    assert_null(tensorfile_find(file, "none"));
    assert_int_equal(tensorfile_take(file, "a.weight", WALK_F32, 2, F_SHAPE, f, &error), STATUS_OK);
    assert_int_equal(tensorfile_take(file, "scalar", WALK_F64, 0, NULL, &d, &error), STATUS_OK);
    assert_int_equal(tensorfile_take(file, "counts", WALK_I32, 1, THREE, i, &error), STATUS_OK);
    assert_int_equal(tensorfile_take(file, "made", WALK_I64, 1, TWO, l, &error), STATUS_OK);
    assert_int_equal(tensorfile_take(file, "bytes", WALK_U8, 1, FIVE, u, &error), STATUS_OK);
    assert_memory_equal(f, F, sizeof f);
    assert_memory_equal(&d, D, sizeof d);
    assert_memory_equal(i, I, sizeof i);
    assert_memory_equal(l, L, sizeof l);
    assert_memory_equal(u, U, sizeof u);
    for (int k = 0; k < tensorfile_count(file); k++) { /* aligned, as PyTorch wants it */
        const TensorInfo *info = tensorfile_info(file, k);
        assert_int_equal(info->begin % walk_type_size(info->type), 0);
    }
    tensorfile_close(file);
}

static void test_another_shape_is_refused_by_name(void **state)
{
    char path[PATH_SIZE];
    TensorFile *file;
    Error error = {{0}};
    float f[6] = {9};
    const long turned[2] = {3, 2};
    write_sample(file_join(path, *state, "a.safetensors"));
    assert_int_equal(tensorfile_open(&file, path, &error), STATUS_OK);
    assert_int_equal(tensorfile_take(file, "a.weight", WALK_F32, 2, turned, f, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "a.weight is F32 2x3 where F32 3x2 is needed"));
    assert_int_equal(tensorfile_take(file, "a.weight", WALK_I32, 2, F_SHAPE, f, &error),
                     STATUS_BAD_INPUT);
    assert_int_equal(tensorfile_take(file, "b", WALK_F32, 2, F_SHAPE, f, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "b: is missing"));
    assert_near(f[0], 9, 0);
    tensorfile_close(file);
}

/* ---- Hostile files ---- */

static void test_every_cut_is_refused(void **state)
{
    char path[PATH_SIZE], *bytes;
    size_t size;
    Error error = {{0}};
    write_sample(file_join(path, *state, "a.safetensors"));
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, &error), STATUS_OK);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(open_bytes(*state, bytes, cut, &error), STATUS_BAD_INPUT);
    assert_int_equal(open_bytes(*state, bytes, size, &error), STATUS_OK);
    assert_int_equal(open_bytes(*state, bytes, size + 1, &error),
                     STATUS_BAD_INPUT); /* the zero past the end */
    free(bytes);
}

/* One flipped bit anywhere: refused, or harmless (a byte of padding, or of a name or
 * value nobody asked for). Never a crash; never other data under the same name. */
static void test_every_flipped_bit_is_survived(void **state)
{
    char path[PATH_SIZE], *bytes;
    size_t size;
    Error error = {{0}};
    write_sample(file_join(path, *state, "a.safetensors"));
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, &error), STATUS_OK);
    for (size_t at = 0; at < size; at++) {
        TensorFile *file;
        float f[6];
        bytes[at] ^= 1 << (at % 8);
        put_bytes(path, bytes, size);
        bytes[at] ^= 1 << (at % 8);
        if (tensorfile_open(&file, path, &error))
            continue;
        if (!tensorfile_load(file, &error) &&
            !tensorfile_take(file, "a.weight", WALK_F32, 2, F_SHAPE, f, &error) &&
            tensorfile_meta(file, "crc32"))
            assert_memory_equal(f, F, sizeof f);
        tensorfile_close(file);
    }
    free(bytes);
}

static void test_foreign_and_lying_headers_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data;
        const char *word;
        /* clang-format off */
    } BAD[] = {
        {"[]",                                                                       0,                                                                "not a safetensors file"                                                  },
        {"{ ",                                                                       0,                                                                "JSON"                                                                    },
        {"{}x",                                                                      0,                                                                "JSON"                                                                    },
        {"{}",                                                                       4,                                                                "trailing"                                                                },
        {"{\"a\":1}",                                                                0,                                                                "a: dtype"                                                                },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}",         4,
         "outside"                                                                                                                                                                                                               },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",         4,
         "do not match"                                                                                                                                                                                                          },
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}",         4,                                                                "dtype"                                                                   },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",        4,                                                                "shape"                                                                   },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",       4,
         "shape"                                                                                                                                                                                                                 },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":["
         "0,4]}}",                                                                           4,                                                                                                                                     "shape"                                                                                                                                   },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,"
         "4]}}",                                                                          4,                                                                                                                                           "shape"                                                                                                                                                                                                                  },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,"
         "4]}}",                                                                   4,"JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}"
         "}",       4,                                                                         "shape"                                                                                                                                                                                                                                                                                                 },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",                                                                        4,
         "offsets"                                                                                                                           },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",         4,
         "offsets"                                                                                                                                                                                                               },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",        4,                                                               "offsets"                                                                                                                                                                                                               },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",           8,                                                                   "gap"                                                                     },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",         8,                                                              "duplicate"                                                                },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,                                                        "overlap"                                                         },
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,                                                                "overlap"                                                                         },
        {"{\"__metadata__\":3}", 0,                                                                "__metadata__"                                                                 },
        {"{\"__metadata__\":{\"x\":3}}",                                                     0,                                                                                                                    "__metadata__"                                                                                                                },
        {"{\"__metadata__\":{\"crc32\":\"00000001\"}}",                                             0,                                                        "checksum"},
        {"{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",                              4,
         "JSON"                                                         },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        Error error = {{0}};
        assert_int_equal(open_header(*state, BAD[i].header, BAD[i].data, &error), STATUS_BAD_INPUT);
        if (!strstr(error.text, BAD[i].word) || !strstr(error.text, "try.safetensors"))
            fail_msg("%s: \"%s\" lacks \"%s\"", BAD[i].header, error.text, BAD[i].word);
    }
}

static void test_good_headers_of_others_are_read(void **state)
{
    static const char *const GOOD[] = {
        "{}", "{\"__metadata__\":{\"format\":\"pt\"}}      ",
        ("{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
         "\"a\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}")};
    Error error = {{0}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(open_header(*state, GOOD[i], i == 2 ? 8 : 0, &error), STATUS_OK);
}

static void test_a_name_too_long_is_refused(void **state)
{
    char header[400], name[200];
    Error error = {{0}};
    memset(name, 'x', sizeof name);
    name[130] = 0;
    snprintf(header, sizeof header,
             "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", name);
    assert_int_equal(open_header(*state, header, 4, &error), STATUS_BAD_INPUT);
}

static void test_a_header_length_that_lies_is_refused(void **state)
{
    unsigned char bytes[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, '{', '}'};
    Error error = {{0}};
    assert_int_equal(open_bytes(*state, bytes, 16, &error), STATUS_BAD_INPUT);
    memset(bytes, 0, 8);
    bytes[0] = 9; /* one more than there is */
    assert_int_equal(open_bytes(*state, bytes, 16, &error), STATUS_BAD_INPUT);
    bytes[0] = 0;
    assert_int_equal(open_bytes(*state, bytes, 16, &error), STATUS_BAD_INPUT);
}

/* Saving into a folder that is not there, or over a folder: an error, and nothing is
 * left. */
static void test_a_write_that_fails_leaves_nothing(void **state)
{
    char path[PATH_SIZE], blocked[PATH_SIZE];
    Error error = {{0}};
    TensorWriter *writer = tensorwriter_new();
    tensorwriter_declare(writer, "x", WALK_F64, 0, NULL, D);
    assert_int_equal(tensorwriter_begin(writer, file_join(path, *state, "no/where"), &error),
                     STATUS_BAD_INPUT);
    tensorwriter_abandon(writer);
    writer = tensorwriter_new();
    tensorwriter_declare(writer, "x", WALK_F64, 0, NULL, D);
    mkdir(file_join(blocked, *state, "blocked"), 0777);
    assert_int_equal(tensorwriter_begin(writer, blocked, &error), STATUS_OK);
    tensorwriter_give(writer, "x", D);
    assert_int_equal(tensorwriter_commit(writer, &error), STATUS_FAILED);
    assert_int_equal(folder_entries(*state), 1);
}

/* ---- Weights ---- */

static NetSpec small_net(int hidden)
{
    NetSpec spec = {
        .kind = &net_mlp, .height = 1, .width = 1, .channels = 2, .hidden = hidden, .depth = 2};
    Error error = {{0}};
    if (net_spec_complete(&spec, &error))
        fail_msg("%s", error.text);
    return spec;
}

static void test_weights_read_back_with_their_shape(void **state)
{
    NetSpec spec = small_net(16), found;
    Error error = {{0}};
    char path[PATH_SIZE], text[32];
    size_t size = net_size(&spec);
    float *weights = malloc(size * sizeof *weights), *again = calloc(size, sizeof *again);
    const char *const meta[] = {"data", "ring", NULL};
    net_init(&spec, 5, weights);
    file_join(path, *state, "net.safetensors");
    assert_int_equal(weights_save(path, &spec, weights, meta, &error), STATUS_OK);
    assert_int_equal(weights_spec(path, &found, &error), STATUS_OK);
    assert_ptr_equal(found.kind, spec.kind);
    assert_int_equal(found.hidden, 16);
    assert_int_equal(found.depth, 2);
    assert_int_equal(net_size(&found), size);
    assert_near(found.time_scale, spec.time_scale, 0);
    assert_int_equal(weights_load(path, &found, again, &error), STATUS_OK);
    assert_memory_equal(weights, again, size * sizeof *weights);
    assert_int_equal(weights_meta(path, "data", text, sizeof text, &error), STATUS_OK);
    assert_string_equal(text, "ring");
    assert_int_equal(weights_meta(path, "nothing", text, sizeof text, &error), STATUS_OK);
    assert_string_equal(text, "");
    free(weights);
    free(again);
}

static void test_weights_of_another_net_change_nothing(void **state)
{
    NetSpec spec = small_net(16), other = small_net(24);
    Error error = {{0}};
    char path[PATH_SIZE];
    size_t size = net_size(&other);
    float *weights = calloc(size, sizeof *weights), *before = calloc(size, sizeof *before);
    file_join(path, *state, "net.safetensors");
    assert_int_equal(weights_save(path, &spec, weights, NULL, &error), STATUS_OK);
    net_init(&other, 1, weights);
    memcpy(before, weights, size * sizeof *weights);
    assert_int_equal(weights_load(path, &other, weights, &error), STATUS_BAD_INPUT);
    assert_memory_equal(weights, before, size * sizeof *weights);
    write_sample(path);
    assert_int_equal(weights_load(path, &other, weights, &error), STATUS_BAD_INPUT);
    assert_int_equal(weights_spec(path, &other, &error), STATUS_BAD_INPUT);
    free(weights);
    free(before);
}

/* Metadata that describe a network far larger than the file: refused before anybody makes
 * room for it. */
static void test_weights_must_fit_their_metadata(void **state)
{
    NetSpec spec = small_net(16);
    Error error = {{0}};
    char path[PATH_SIZE];
    float *weights = calloc(net_size(&spec), sizeof *weights);
    const char *const lies[] = {"hidden", "60000", NULL}, *const junk[] = {"depth", "two", NULL};
    file_join(path, *state, "net.safetensors");
    assert_int_equal(weights_save(path, &spec, weights, lies, &error), STATUS_OK);
    assert_int_equal(weights_spec(path, &spec, &error), STATUS_BAD_INPUT);
    assert_int_equal(weights_save(path, &spec, weights, junk, &error), STATUS_OK);
    assert_int_equal(weights_spec(path, &spec, &error), STATUS_BAD_INPUT);
    free(weights);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_written_reads_back),
        TEST(test_another_shape_is_refused_by_name),
        TEST(test_every_cut_is_refused),
        TEST(test_every_flipped_bit_is_survived),
        TEST(test_foreign_and_lying_headers_are_refused),
        TEST(test_good_headers_of_others_are_read),
        TEST(test_a_name_too_long_is_refused),
        TEST(test_a_header_length_that_lies_is_refused),
        TEST(test_a_write_that_fails_leaves_nothing),
        TEST(test_weights_read_back_with_their_shape),
        TEST(test_weights_of_another_net_change_nothing),
        TEST(test_weights_must_fit_their_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
