/* Owns the turning of arrays between memory and files, and the reading of float types. May call
 * safetensors. */
#include "engine/nets/weights_layout.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- Turning ---- */

/* In memory a weight is (kernel, in, out), in PyTorch (out, in, kernel): kernel 9 or 1. A table of
 * classes is no weight of a layer. */
typedef struct Turn {
    size_t kernel, in, out;
} Turn;

static bool turn_of(const ParamInfo *info, Turn *turn)
{
    bool conv = info->rank == 4,
         linear = info->rank == 2 && strcmp(info->name, "classes.weight") != 0;
    if (conv)
        *turn = (Turn){(size_t)(info->shape[0] * info->shape[1]), (size_t)info->shape[2],
                       (size_t)info->shape[3]};
    else if (linear)
        *turn = (Turn){1, (size_t)info->shape[0], (size_t)info->shape[1]};
    return conv || linear;
}

/* Where in memory stands what is number k in the file. */
static size_t own_place(Layout layout, const ParamInfo *info, size_t k)
{
    Turn turn;
    if (layout == LAYOUT_MEMORY || !turn_of(info, &turn))
        return k;
    size_t kernel = k % turn.kernel, in = k / turn.kernel % turn.in,
           out = k / turn.kernel / turn.in;
    return (kernel * turn.in + in) * turn.out + out;
}

void layout_shape(Layout layout, const ParamInfo *info, long shape[4])
{
    static const int turned[5][4] = {[2] = {1, 0}, [4] = {3, 2, 0, 1}};
    Turn turn;
    bool turns = layout == LAYOUT_TORCH && turn_of(info, &turn);
    for (int i = 0; i < info->rank; i++)
        shape[i] = info->shape[turns ? turned[info->rank][i] : i];
}

void layout_give(const ParamInfo *info, const float *own, float *theirs)
{
    for (size_t k = 0; k < info->size; k++)
        theirs[k] = own[own_place(LAYOUT_TORCH, info, k)];
}

/* ---- Float types ---- */

static float half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31
                      ? (fraction ? (double)NAN : (double)INFINITY)
                      : ldexp(fraction + (exponent ? 1024 : 0), (exponent ? exponent : 1) - 25);
    return (float)(bits >> 15 ? -size : size);
}

static float brain(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static bool is_float(WalkType type)
{
    return type == WALK_F32 || type == WALK_F64 || type == WALK_F16 || type == WALK_BF16;
}

static float value_at(const char *data, WalkType type, size_t k)
{
    uint16_t bits;
    float value;
    double wide;
    const char *at = data + k * walk_type_size(type);
    memcpy(&bits, at, sizeof bits);
    if (type == WALK_F16)
        return half(bits);
    if (type == WALK_BF16)
        return brain(bits);
    if (type == WALK_F32) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&wide, at, sizeof wide);
    return (float)wide;
}

/* ---- Taking ---- */

static bool fits(const TensorInfo *array, Layout layout, const ParamInfo *info)
{
    long shape[4];
    layout_shape(layout, info, shape);
    bool good = array && array->rank == info->rank;
    for (int i = 0; good && i < info->rank; i++)
        good = array->shape[i] == shape[i];
    return good;
}

typedef struct Fitting {
    const TensorFile *file;
    bool fits[LAYOUT_MEMORY + 1];
} Fitting;

static void fit(void *context, const ParamInfo *info)
{
    Fitting *fitting = context;
    for (int layout = 0; layout <= LAYOUT_MEMORY; layout++)
        if (!fits(tensorfile_find(fitting->file, info->name), (Layout)layout, info))
            fitting->fits[layout] = false;
}

Layout layout_of(const TensorFile *file, const NetSpec *spec)
{
    const char *format = tensorfile_meta(file, "format");
    Fitting fitting = {file, {true, true}};
    if (format && strncmp(format, "ddil weights ", 13) == 0)
        return strcmp(format + 13, "1") == 0 ? LAYOUT_MEMORY : LAYOUT_TORCH;
    net_list(spec, fit, &fitting);
    return fitting.fits[LAYOUT_MEMORY] && !fitting.fits[LAYOUT_TORCH] ? LAYOUT_MEMORY
                                                                      : LAYOUT_TORCH;
}

/* "[3, 12]": where the k-th number of an array stands. */
static void place_of(const TensorInfo *array, size_t k, char text[64])
{
    int used = 0;
    size_t below = 1;
    for (int i = 0; i < array->rank; i++)
        below *= (size_t)array->shape[i];
    for (int i = 0; i < array->rank; i++) {
        below /= (size_t)array->shape[i];
        used += snprintf(text + used, (size_t)(64 - used), "%s%zu", i ? ", " : "[", k / below);
        k %= below;
    }
    snprintf(text + used, (size_t)(64 - used), "]");
}

static Status check_shape(const TensorInfo *array, const char *path, Layout layout,
                          const ParamInfo *info, Error *error)
{
    char wanted[80], there[80];
    long shape[4];
    layout_shape(layout, info, shape);
    tensor_shape_text(wanted, sizeof wanted, WALK_F32, info->rank, shape);
    if (!array)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: array \"%s\" (%s) is not there: the network that the metadata describe "
                    "needs it; write the whole state_dict",
                    path, info->name, wanted);
    tensor_shape_text(there, sizeof there, array->type, array->rank, array->shape);
    if (!is_float(array->type))
        return fail(error, STATUS_BAD_INPUT, "%s: %s is %s: F32, F16, BF16 or F64 is needed", path,
                    info->name, there);
    if (fits(array, layout, info))
        return STATUS_OK;
    bool turned = fits(array, layout == LAYOUT_TORCH ? LAYOUT_MEMORY : LAYOUT_TORCH, info);
    return fail(error, STATUS_BAD_INPUT, "%s: %s is %s, the network needs %s%s", path, info->name,
                there, wanted,
                turned ? ": it is turned round; PyTorch has linear (out, in), convolution (out, "
                         "in, 3, 3)"
                       : "");
}

Status layout_take(const TensorFile *file, const char *path, Layout layout, const ParamInfo *info,
                   float *block, Error *error)
{
    const TensorInfo *array = tensorfile_find(file, info->name);
    Status status = check_shape(array, path, layout, info, error);
    if (status || !block)
        return status;
    const char *data = tensorfile_data(file, array);
    for (size_t k = 0; k < info->size; k++) {
        char place[64];
        float x = value_at(data, array->type, k);
        block[own_place(layout, info, k)] = x;
        if (isfinite(x))
            continue;
        place_of(array, k, place);
        return fail(error, STATUS_BAD_INPUT,
                    "%s: %s%s is %s; a network needs finite weights: its training broke, or the "
                    "file",
                    path, info->name, place, isnan(x) ? "not a number" : "infinite");
    }
    return STATUS_OK;
}
