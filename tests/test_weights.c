/* Weights from elsewhere: layouts, float types, any order; what is missing, turned round, changed.
 */
#include "engine/base/file.h"
#include "engine/base/safetensors.h"
#include "engine/nets/weights.h"
#include "engine/nets/weights_layout.h"
#include "engine/nets/weights_probe.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARRAYS_MAX = 80 };

typedef struct Case {
    char path[PATH_SIZE];
    NetSpec spec;
    float *weights, *read;
    size_t size;
} Case;

/* How a file is written. */
typedef struct Form {
    const char *format; /* NULL: none */
    Layout layout;
    WalkType type;
    bool backwards;      /* the last array first */
    const char *without; /* this array is not there */
    const char *turned;  /* this square one is turned round */
    bool probe;
} Form;

typedef struct Array {
    ParamInfo info;
    void *data;
} Array;

typedef struct Arrays {
    const Case *at;
    const Form *form;
    int n;
    Array array[ARRAYS_MAX];
} Arrays;

static void *as_type(const float *values, size_t n, WalkType type)
{
    char *data = malloc(n * walk_type_size(type) + 8);
    for (size_t k = 0; k < n; k++) {
        uint32_t bits;
        double wide = (double)values[k];
        memcpy(&bits, &values[k], sizeof bits);
        uint16_t high = (uint16_t)(bits >> 16);
        if (type == WALK_F64)
            memcpy(data + 8 * k, &wide, 8);
        else if (type == WALK_BF16)
            memcpy(data + 2 * k, &high, 2);
        else
            memcpy(data + 4 * k, &values[k], 4);
    }
    return data;
}

static void collect(void *context, const ParamInfo *info)
{
    Arrays *arrays = context;
    const float *own = arrays->at->weights + info->offset;
    float *theirs = malloc(info->size * sizeof *theirs);
    bool turned = arrays->form->turned && strcmp(arrays->form->turned, info->name) == 0;
    if (arrays->form->without && strcmp(arrays->form->without, info->name) == 0) {
        free(theirs);
        return;
    }
    if ((arrays->form->layout == LAYOUT_TORCH) != turned)
        layout_give(info, own, theirs);
    else
        memcpy(theirs, own, info->size * sizeof *theirs);
    arrays->array[arrays->n++] = (Array){*info, as_type(theirs, info->size, arrays->form->type)};
    free(theirs);
}

static void put_meta(TensorWriter *writer, const Case *at, const Form *form)
{
    static const char *const keys[] = {"height", "width", "channels",     "classes", "hidden",
                                       "coarse", "depth", "coarse_depth", "embed",   "features"};
    const int sizes[] = {at->spec.height,  at->spec.width,        at->spec.channels,
                         at->spec.classes, at->spec.hidden,       at->spec.coarse,
                         at->spec.depth,   at->spec.coarse_depth, at->spec.embed,
                         at->spec.features};
    char text[64];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(text, sizeof text, "%d", sizes[i]);
        tensorwriter_meta(writer, keys[i], text);
    }
    tensorwriter_meta(writer, "net", at->spec.kind->name);
    tensorwriter_meta(writer, "time_scale", "1000");
    tensorwriter_meta(writer, "time_range", "10000");
    if (form->format)
        tensorwriter_meta(writer, "format", form->format);
    probe_write(probe_network(&at->spec, at->weights), text);
    if (form->probe)
        tensorwriter_meta(writer, "probe", text);
}

static void write_file(const Case *at, const Form *form)
{
    Error error = {{0}};
    TensorWriter *writer = tensorwriter_new();
    Arrays *arrays = calloc(1, sizeof *arrays);
    arrays->at = at;
    arrays->form = form;
    net_list(&at->spec, collect, arrays);
    put_meta(writer, at, form);
    for (int give = 0; give < 2; give++) {
        for (int i = 0; i < arrays->n; i++) {
            const Array *array = &arrays->array[form->backwards ? arrays->n - 1 - i : i];
            long shape[4];
            layout_shape(form->layout, &array->info, shape);
            if (give)
                tensorwriter_give(writer, array->info.name, array->data);
            else
                tensorwriter_declare(writer, array->info.name, form->type, array->info.rank, shape,
                                     array->data);
        }
        if (!give)
            assert_int_equal(tensorwriter_begin(writer, at->path, &error), STATUS_OK);
    }
    assert_int_equal(tensorwriter_commit(writer, &error), STATUS_OK);
    for (int i = 0; i < arrays->n; i++)
        free(arrays->array[i].data);
    free(arrays);
}

/* Weights are whole sixteenths: the same in every float type. */
static void enter_net(Case *at, NetSpec spec)
{
    Error error = {{0}};
    static int count;
    snprintf(at->path, sizeof at->path, "/tmp/ddil-weights-%ld-%d.safetensors", (long)getpid(),
             count++);
    at->spec = spec;
    if (net_spec_complete(&at->spec, &error))
        fail_msg("%s", error.text);
    at->size = net_size(&at->spec);
    at->weights = malloc(at->size * sizeof *at->weights);
    at->read = calloc(at->size, sizeof *at->read);
    for (size_t k = 0; k < at->size; k++)
        at->weights[k] = (float)((long)(k * 2654435761u >> 7 & 15) - 8) / 16;
}

static void leave_net(Case *at)
{
    unlink(at->path);
    free(at->weights);
    free(at->read);
}

static const NetSpec points = {.kind = &net_mlp,
                               .height = 1,
                               .width = 1,
                               .channels = 2,
                               .classes = 3,
                               .hidden = 16,
                               .depth = 2,
                               .features = 8};
static const NetSpec pictures = {.kind = &net_patch_unet,
                                 .height = 8,
                                 .width = 8,
                                 .channels = 3,
                                 .classes = 2,
                                 .hidden = 8,
                                 .coarse = 16,
                                 .embed = 16,
                                 .features = 8};

static void assert_reads(const Case *at, const Form *form)
{
    Error error = {{0}};
    NetSpec found;
    write_file(at, form);
    if (weights_spec(at->path, &found, &error) || weights_load(at->path, &found, at->read, &error))
        fail_msg("%s", error.text);
    assert_memory_equal(at->weights, at->read, at->size * sizeof(float));
    memset(at->read, 0, at->size * sizeof(float));
}

static void assert_refuses(const Case *at, const Form *form, const char *word, const char *remedy)
{
    Error error = {{0}};
    write_file(at, form);
    assert_int_equal(weights_load(at->path, &at->spec, at->read, &error), STATUS_BAD_INPUT);
    if (!strstr(error.text, word) || !strstr(error.text, remedy) || !strstr(error.text, at->path))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", error.text, word, remedy);
    for (size_t k = 0; k < at->size; k++)
        assert_true(fpclassify(at->read[k]) == FP_ZERO);
}

static void test_every_layout_and_float_is_read(void **state)
{
    static const Form forms[] = {
        {.format = "ddil weights 1", .layout = LAYOUT_MEMORY},
        {.format = "ddil weights 2", .probe = true},
        {.format = "ddil weights 2", .type = WALK_F64, .backwards = true, .probe = true},
        {.format = "ddil weights 2", .type = WALK_BF16, .probe = true},
        {.layout = LAYOUT_MEMORY}, /* of nobody we know: as its shapes say */
        {.layout = LAYOUT_TORCH},
    };
    (void)state;
    for (int net = 0; net < 2; net++) {
        Case at;
        enter_net(&at, net ? pictures : points);
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
            assert_reads(&at, &forms[i]);
        leave_net(&at);
    }
}

/* Ours are PyTorch's. */
static void test_saved_as_pytorch_has_them(void **state)
{
    Case at;
    TensorFile *file;
    Error error = {{0}};
    (void)state;
    enter_net(&at, pictures);
    assert_int_equal(weights_save(at.path, &at.spec, at.weights, NULL, &error), STATUS_OK);
    assert_int_equal(tensorfile_open(&file, at.path, &error), STATUS_OK);
    const TensorInfo *conv = tensorfile_find(file, "in.weight"),
                     *linear = tensorfile_find(file, "mid.0.qkv.weight"),
                     *table = tensorfile_find(file, "classes.weight");
    assert_int_equal(conv->shape[0], 8);
    assert_int_equal(conv->shape[1], 12);
    assert_int_equal(conv->shape[3], 3);
    assert_int_equal(linear->shape[0], 48);
    assert_int_equal(linear->shape[1], 16);
    assert_int_equal(table->shape[0], 3);
    assert_non_null(tensorfile_meta(file, "probe"));
    tensorfile_close(file);
    assert_int_equal(weights_load(at.path, &at.spec, at.read, &error), STATUS_OK);
    assert_memory_equal(at.weights, at.read, at.size * sizeof(float));
    leave_net(&at);
}

static void test_what_is_wrong_is_named(void **state)
{
    const char *two = "ddil weights 2";
    Case at;
    (void)state;
    enter_net(&at, points);
    assert_refuses(&at, &(Form){.format = two, .without = "layers.1.bias"}, "\"layers.1.bias\"",
                   "whole state_dict");
    assert_refuses(&at, &(Form){.format = two, .layout = LAYOUT_MEMORY}, "layers.0.weight",
                   "turned round");
    assert_refuses(&at, &(Form){.format = two, .turned = "layers.1.weight", .probe = true}, "probe",
                   "export it again");
    assert_refuses(&at, &(Form){.format = two, .type = WALK_I32}, "I32", "BF16");
    at.weights[18] = NAN;
    assert_refuses(&at, &(Form){.format = two, .type = WALK_F64}, "is not a number", "[2, 1]");
    leave_net(&at);
}

/* Every half: by its parts. */
static void test_halves(void **state)
{
    const struct {
        uint16_t bits;
        float value;
    } halves[] = {{0, 0},
                  {0x3c00, 1},
                  {0xc000, -2},
                  {0x0001, 0x1p-24f},
                  {0x03ff, 0x3ff.0p-24f},
                  {0x0400, 0x1p-14f},
                  {0x7bff, 65504.0f},
                  {0x3555, 0x555.0p-12f}};
    Case at;
    Error error = {{0}};
    TensorFile *file;
    (void)state;
    enter_net(&at, points);
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        TensorWriter *writer = tensorwriter_new();
        uint16_t pair[2] = {halves[i].bits, halves[i].bits};
        const ParamInfo info = {.name = "out.bias", .rank = 1, .shape = {2}, .size = 2};
        float read[2];
        tensorwriter_declare(writer, "out.bias", WALK_F16, 1, (long[]){2}, pair);
        assert_int_equal(tensorwriter_begin(writer, at.path, &error), STATUS_OK);
        tensorwriter_give(writer, "out.bias", pair);
        assert_int_equal(tensorwriter_commit(writer, &error), STATUS_OK);
        assert_int_equal(tensorfile_open(&file, at.path, &error), STATUS_OK);
        assert_int_equal(tensorfile_load(file, &error), STATUS_OK);
        assert_int_equal(layout_take(file, at.path, LAYOUT_TORCH, &info, read, &error), STATUS_OK);
        assert_memory_equal(&read[1], &halves[i].value, sizeof(float));
        tensorfile_close(file);
    }
    leave_net(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layout_and_float_is_read),
        cmocka_unit_test(test_saved_as_pytorch_has_them),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
