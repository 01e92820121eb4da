/* Owns the mapping between a network's flat block and a safetensors file. May call nets
 * and base. */
#include "engine/nets/weights.h"
#include "engine/base/number.h"
#include "engine/base/safetensors.h"
#include "engine/nets/net_kinds.h"
#include "engine/nets/weights_layout.h"
#include "engine/nets/weights_probe.h"
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sizes of a NetSpec that decide its shape, as metadata keys. */
static const struct {
    const char *key;
    size_t offset;
    /* clang-format off */
} SIZES[] = {
    {"height",       offsetof(NetSpec, height)      },
    {"width",        offsetof(NetSpec, width)       },
    {"channels",     offsetof(NetSpec, channels)    },
    {"classes",      offsetof(NetSpec, classes)     },
    {"hidden",       offsetof(NetSpec, hidden)      },
    {"coarse",       offsetof(NetSpec, coarse)      },
    {"depth",        offsetof(NetSpec, depth)       },
    {"coarse_depth", offsetof(NetSpec, coarse_depth)},
    {"embed",        offsetof(NetSpec, embed)       },
    {"features",     offsetof(NetSpec, features)    },
};
/* clang-format on */
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES, SIZE_LARGEST = 1 << 16 };

static int *size_at(NetSpec *spec, int i) { return (int *)((char *)spec + SIZES[i].offset); }

/* ---- Reading ---- */

enum { VERSION = 2 };
static const char FORMAT[] = "ddil weights ";

/* Files of other tools, which name no version of ours, are read as they are. */
static Status check_version(const TensorFile *file, const char *path, Error *error)
{
    const char *format = tensorfile_meta(file, "format");
    long version = VERSION;
    if (!format || strncmp(format, FORMAT, strlen(FORMAT)) != 0)
        return STATUS_OK;
    if (!number_whole(format + strlen(FORMAT), 1, LONG_MAX, &version))
        version = 0;
    if (version >= 1 && version <= VERSION)
        return STATUS_OK;
    const char *program = tensorfile_meta(file, "program");
    return fail(error, STATUS_BAD_INPUT,
                "%s: format \"%.40s\", written by %.40s; this is ddil " DDIL_VERSION
                ", which reads weights up to version %d: export it there again, or take that ddil",
                path, format, program ? program : "another program", VERSION);
}

static Status meta_number(const TensorFile *file, const char *path, const char *key, double high,
                          double *value, Error *error)
{
    const char *text = tensorfile_meta(file, key);
    if (!text)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: the metadata lack \"%s\": not a network "
                    "of this program",
                    path, key);
    if (!number_real(text, value) || !(*value >= 0 && *value <= high))
        return fail(error, STATUS_BAD_INPUT,
                    "%s: metadata %s = \"%.40s\" is not a number in "
                    "0..%g",
                    path, key, text, high);
    return STATUS_OK;
}

static Status read_kind(const TensorFile *file, const char *path, NetSpec *spec, Error *error)
{
    const char *name = tensorfile_meta(file, "net");
    for (int i = 0; name && i < net_kind_count; i++)
        if (strcmp(net_kinds[i]->name, name) == 0)
            spec->kind = net_kinds[i];
    if (spec->kind)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: metadata net = \"%.40s\" names no network of this "
                "program",
                path, name ? name : "");
}

/* The first array of a network that a file lacks. */
typedef struct Absent {
    const TensorFile *file;
    char name[sizeof((ParamInfo *)0)->name];
} Absent;

static void find_absent(void *context, const ParamInfo *info)
{
    Absent *absent = context;
    if (!absent->name[0] && !tensorfile_find(absent->file, info->name))
        memcpy(absent->name, info->name, sizeof absent->name);
}

static Status fail_held(const TensorFile *file, const char *path, const NetSpec *spec, size_t held,
                        Error *error)
{
    Absent absent = {.file = file};
    net_list(spec, find_absent, &absent);
    if (absent.name[0])
        return fail(error, STATUS_BAD_INPUT,
                    "%s: there is no array \"%s\"; export the whole state_dict", path, absent.name);
    return fail(error, STATUS_BAD_INPUT,
                "%s: the metadata describe a network of %zu weights, the file holds %zu; see "
                "\"hidden\" and its like there",
                path, net_size(spec), held);
}

/* Before anybody makes room for it: does the file hold the network its metadata describe?
 */
static Status check_spec(const TensorFile *file, const char *path, NetSpec *spec, Error *error)
{
    Error reason = {{0}};
    size_t held = 0;
    if (net_spec_complete(spec, &reason))
        return fail(error, STATUS_BAD_INPUT, "%s: %.400s", path, reason.text);
    for (int i = 0; i < tensorfile_count(file); i++)
        held += tensorfile_info(file, i)->size / walk_type_size(tensorfile_info(file, i)->type);
    if (held != net_size(spec))
        return fail_held(file, path, spec, held, error);
    return STATUS_OK;
}

static Status read_conditioning(const TensorFile *file, const char *path, NetSpec *spec,
                                Error *error)
{
    double value;
    Status status = meta_number(file, path, "told", SIZE_LARGEST, &value, error);
    if (!status)
        spec->conditioning = number_floor(value, 0, SIZE_LARGEST, 0);
    return status;
}

static Status read_spec(const TensorFile *file, const char *path, NetSpec *spec, Error *error)
{
    NetSpec read = {0};
    double value = 0;
    Status status = check_version(file, path, error);
    if (!status)
        status = read_kind(file, path, &read, error);
    for (int i = 0; i < SIZE_COUNT && !status; i++) {
        status = meta_number(file, path, SIZES[i].key, SIZE_LARGEST, &value, error);
        if (!status && value != floor(value))
            status = fail(error, STATUS_BAD_INPUT, "%s: metadata %s = %g is not whole", path,
                          SIZES[i].key, value);
        *size_at(&read, i) = number_floor(value, 0, SIZE_LARGEST, 0);
    }
    if (!status)
        status = meta_number(file, path, "time_scale", 1e9, &value, error);
    if (!status &&
        tensorfile_meta(file, "told")) /* files of networks without conditioning lack it */
        status = read_conditioning(file, path, &read, error);
    read.time_scale = (float)value;
    if (!status)
        status = meta_number(file, path, "time_range", 1e9, &value, error);
    read.time_range = (float)value;
    if (!status)
        status = check_spec(file, path, &read, error);
    if (!status)
        *spec = read;
    return status;
}

Status weights_spec(const char *path, NetSpec *spec, Error *error)
{
    TensorFile *file;
    Status status = tensorfile_open(&file, path, error);
    if (status)
        return status;
    status = read_spec(file, path, spec, error);
    tensorfile_close(file);
    return status;
}

Status weights_meta(const char *path, const char *key, char *text, size_t size, Error *error)
{
    TensorFile *file;
    Status status = tensorfile_open(&file, path, error);
    if (status)
        return status;
    const char *value = tensorfile_meta(file, key);
    snprintf(text, size, "%s", value ? value : "");
    tensorfile_close(file);
    return STATUS_OK;
}

typedef struct Loading {
    const TensorFile *file;
    const char *path;
    Layout layout;
    float *block; /* NULL: only verify */
    int tensors;
    Status status;
    Error *error;
} Loading;

static void load_tensor(void *context, const ParamInfo *info)
{
    Loading *loading = context;
    if (loading->status)
        return;
    loading->tensors++;
    loading->status =
        layout_take(loading->file, loading->path, loading->layout, info,
                    loading->block ? loading->block + info->offset : NULL, loading->error);
}

/* The names and shapes. */
static Status verify(Loading *loading, const NetSpec *spec)
{
    net_list(spec, load_tensor, loading);
    if (loading->status || loading->tensors == tensorfile_count(loading->file))
        return loading->status;
    return fail(loading->error, STATUS_BAD_INPUT,
                "%s: holds %d arrays where the network "
                "has %d",
                loading->path, tensorfile_count(loading->file), loading->tensors);
}

/* The values: shapes alone do not tell a square layer that is turned round. */
static Status take_values(Loading *loading, const NetSpec *spec)
{
    const char *said = tensorfile_meta(loading->file, "probe");
    char answered[64];
    net_list(spec, load_tensor, loading);
    if (loading->status || !said)
        return loading->status;
    Probe probe = probe_network(spec, loading->block);
    if (probe_fits(probe, said))
        return STATUS_OK;
    probe_write(probe, answered);
    return fail(loading->error, STATUS_BAD_INPUT,
                "%s: the network answers its probe with %s, not with %.60s as its metadata say: "
                "an array is turned round or was changed; export it again, or drop \"probe\" "
                "from the metadata if it was meant",
                loading->path, answered, said);
}

Status weights_load(const char *path, const NetSpec *spec, float *block, Error *error)
{
    TensorFile *file;
    size_t size = net_size(spec);
    Status status = tensorfile_open(&file, path, error);
    if (status)
        return status;
    Loading loading = {.file = file, .path = path, .layout = layout_of(file, spec), .error = error};
    status = verify(&loading, spec);
    if (!status)
        status = tensorfile_load(file, error);
    if (!status) {
        loading.block = malloc(size * sizeof *block);
        need(loading.block);
        status = take_values(&loading, spec);
        if (!status)
            memcpy(block, loading.block, size * sizeof *block);
        free(loading.block);
    }
    tensorfile_close(file);
    return status;
}

/* ---- Writing ---- */

typedef struct Saving {
    TensorWriter *writer;
    const float *block;
    float *turned; /* room for any of the arrays */
    bool give;     /* else declare */
} Saving;

static void save_tensor(void *context, const ParamInfo *info)
{
    Saving *saving = context;
    long shape[4];
    layout_give(info, saving->block + info->offset, saving->turned);
    layout_shape(LAYOUT_TORCH, info, shape);
    if (saving->give)
        tensorwriter_give(saving->writer, info->name, saving->turned);
    else
        tensorwriter_declare(saving->writer, info->name, WALK_F32, info->rank, shape,
                             saving->turned);
}

static void write_meta(TensorWriter *writer, const NetSpec *spec, const char *const *meta)
{
    NetSpec copy = *spec;
    char text[40];
    snprintf(text, sizeof text, "%s%d", FORMAT, VERSION);
    tensorwriter_meta(writer, "format", text);
    tensorwriter_meta(writer, "program", "ddil " DDIL_VERSION);
    tensorwriter_meta(writer, "net", spec->kind->name);
    for (int i = 0; i < SIZE_COUNT; i++) {
        snprintf(text, sizeof text, "%d", *size_at(&copy, i));
        tensorwriter_meta(writer, SIZES[i].key, text);
    }
    if (spec->conditioning) {
        snprintf(text, sizeof text, "%d", spec->conditioning);
        tensorwriter_meta(writer, "told", text);
    }
    snprintf(text, sizeof text, "%.9g", (double)spec->time_scale);
    tensorwriter_meta(writer, "time_scale", text);
    snprintf(text, sizeof text, "%.9g", (double)spec->time_range);
    tensorwriter_meta(writer, "time_range", text);
    for (; meta && meta[0]; meta += 2)
        tensorwriter_meta(writer, meta[0], meta[1]);
}

Status weights_save(const char *path, const NetSpec *spec, const float *block,
                    const char *const *meta, Error *error)
{
    Saving saving = {.writer = tensorwriter_new(), .block = block};
    char probe[64];
    saving.turned = malloc(net_size(spec) * sizeof *block);
    need(saving.turned);
    write_meta(saving.writer, spec, meta);
    probe_write(probe_network(spec, block), probe);
    tensorwriter_meta(saving.writer, "probe", probe);
    net_list(spec, save_tensor, &saving);
    Status status = tensorwriter_begin(saving.writer, path, error);
    saving.give = true;
    if (!status)
        net_list(spec, save_tensor, &saving);
    free(saving.turned);
    if (!status)
        return tensorwriter_commit(saving.writer, error);
    tensorwriter_abandon(saving.writer);
    return status;
}
