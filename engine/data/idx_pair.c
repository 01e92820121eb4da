/* Owns pictures and labels that lie in two IDX files: found, read, checked against each other. */
#include "engine/data/idx_pair.h"
#include "engine/nets/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Packed or plain, with a hyphen or a dot before "idx"; false when the folder has none of them. */
bool idx_find(const char *folder, const char *name, char path[PATH_SIZE])
{
    char spelt[PATH_SIZE / 4];
    for (int form = 0; form < 4; form++) {
        snprintf(spelt, sizeof spelt, "%s%s", name, form % 2 ? "" : ".gz");
        if (form >= 2)
            *(strstr(spelt, "-idx")) = '.';
        if (file_exists(file_join(path, folder, spelt)))
            return true;
    }
    return false;
}

static Status find_or_say(const char *folder, const char *name, const char *remedy,
                          char path[PATH_SIZE], Error *error)
{
    if (!idx_find(folder, name, path))
        return fail(error, STATUS_BAD_INPUT, "there is no %s (or %s.gz) in %s: %s", name, name,
                    folder, remedy);
    return STATUS_OK;
}

void half_done(Half *half) { free(half->labels.bytes); }

/* Finds the two files: the pictures' and the labels'. */
static Status half_find(Half *half, const char *folder, const char *const names[2],
                        const char *remedy, Error *error)
{
    *half = (Half){0};
    Status status = find_or_say(folder, names[0], remedy, half->image_path, error);
    return status ? status : find_or_say(folder, names[1], remedy, half->label_path, error);
}

static Status check_shape(const Half *half, Error *error)
{
    const int *size = half->images.size;
    if (size[1] % 4 || size[2] % 4 || (long)size[1] * size[2] > NET_DIMS_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: pictures of %d x %d; height and width must be multiples of 4, "
                    "with at most "
                    "%d pixels",
                    half->image_path, size[1], size[2], (int)NET_DIMS_MAX);
    if (half->labels.size[0] != size[0])
        return fail(error, STATUS_BAD_INPUT,
                    "%s: %d labels; expected %d, one for each picture in %s", half->label_path,
                    half->labels.size[0], size[0], half->image_path);
    return STATUS_OK;
}

static Status check_labels(const Half *half, int classes, Error *error)
{
    for (int r = 0; r < half->labels.size[0]; r++)
        if (half->labels.bytes[r] >= classes)
            return fail(error, STATUS_BAD_INPUT, "%s: label %d in row %d; expected 0 to %d",
                        half->label_path, half->labels.bytes[r], r, classes - 1);
    return STATUS_OK;
}

Status half_open(Half *half, const char *folder, const char *const names[2], const char *remedy,
                 Error *error)
{
    Status status = half_find(half, folder, names, remedy, error);
    if (!status)
        status = idx_sizes(half->image_path, 3, &half->images, error);
    if (!status)
        status = idx_sizes(half->label_path, 1, &half->labels, error);
    return status ? status : check_shape(half, error);
}

Status half_labels(Half *half, int classes, Error *error)
{
    Status status = idx_read(half->label_path, 1, &half->labels, error);
    if (!status)
        status = check_shape(half, error);
    return status ? status : check_labels(half, classes, error);
}

Status half_rows(const Half *half, IdxRow *each, void *context, Error *error)
{
    return idx_rows(half->image_path, &half->images, each, context, error);
}

Status half_match(const Half *train, const Half *test, Error *error)
{
    for (int k = 1; k < 3; k++)
        if (train->images.size[k] != test->images.size[k])
            return fail(error, STATUS_BAD_INPUT,
                        "%s: pictures of %d x %d; expected %d x %d as in %s", test->image_path,
                        test->images.size[1], test->images.size[2], train->images.size[1],
                        train->images.size[2], train->image_path);
    return STATUS_OK;
}
