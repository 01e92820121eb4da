/* Owns files of labels. May call base. */
#include "engine/data/labels.h"
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include "engine/base/number.h"
#include "engine/data/dataset.h"
#include <stdlib.h>
#include <string.h>

static const size_t text_most = 64 << 20;

static Status wrong_count(const char *path, const char *has, int n, Error *error)
{
    return fail(error, STATUS_BAD_INPUT,
                "data.labels: %s has %s labels for %d rows; give one for each, in order", path, has,
                n);
}

/* ---- NPY ---- */

static Status read_npy(const char *path, int n, int *label, Error *error)
{
    static const NpyWish wish = {"<i8 |u1 |i1 <i2 <u2 <i4 <u4 <u8", 1, 1, "(n,), a label a row"};
    NpyFile file;
    char has[16];
    Status status = npy_open_as(&file, path, &wish, error);
    if (status)
        return status;
    if (file.n != n) {
        npy_close(&file);
        snprintf(has, sizeof has, "%d", file.n);
        return wrong_count(path, has, n, error);
    }
    for (int r = 0; r < n && !status; r++) {
        double value = -1;
        status = npy_take(&file, 1, &value, error);
        label[r] = number_floor(value, 0, DATASET_CLASSES_MAX - 1, -1);
        if (!status && label[r] < 0)
            status = fail(error, STATUS_BAD_INPUT,
                          "data.labels: %s: label %.0f of row %d (from 0); expected 0 to %d", path,
                          value, r, DATASET_CLASSES_MAX - 1);
    }
    npy_close(&file);
    return status;
}

/* ---- Text ---- */

/* The line that *text begins with, without its end; *text then stands behind it. */
static char *take_line(char **text)
{
    char *line = *text;
    size_t length = strcspn(line, "\n");
    *text = line + length + (line[length] == '\n');
    line[length] = 0;
    if (length > 0 && line[length - 1] == '\r')
        line[length - 1] = 0;
    return line;
}

static Status read_lines(const char *path, char *text, int n, int *label, Error *error)
{
    int r = 0;
    while (*text) {
        char *line = take_line(&text);
        if (r == n)
            return wrong_count(path, "more", n, error);
        if (!number_int(line, 0, DATASET_CLASSES_MAX - 1, &label[r]))
            return fail(error, STATUS_BAD_INPUT,
                        "data.labels: %s:%d: \"%.40s\" is no label; expected a whole number from 0 "
                        "to %d",
                        path, r + 1, line, DATASET_CLASSES_MAX - 1);
        r++;
    }
    return r == n ? STATUS_OK : wrong_count(path, "fewer", n, error);
}

Status labels_read(const char *path, int n, int *label, Error *error)
{
    size_t size;
    if (file_ends(path, ".npy"))
        return read_npy(path, n, label, error);
    char *text;
    Status status = file_read_text(path, text_most, &text, &size, error);
    if (status)
        return status;
    status = read_lines(path, text, n, label, error);
    free(text);
    return status;
}

/* ---- By name ---- */

/* Takes the field at *at, quotes off; *at then stands behind the comma, or is NULL at the end. */
static char *take_field(char **at)
{
    char *begin = *at, *to = begin, *from = begin;
    bool quoted = *from == '"';
    from += quoted;
    while (*from && (quoted || *from != ',')) {
        if (*from == '"' && quoted) {
            quoted = from[1] == '"';
            from += 1 + quoted;
            if (!quoted)
                continue;
            *to++ = '"';
        } else
            *to++ = *from++;
    }
    *at = *from ? from + 1 : NULL;
    *to = 0;
    return begin;
}

static Status take_row(NamedLabels *labels, const char *path, char *line, int number, Error *error)
{
    char *at = line;
    Named row = {.line = number};
    row.file = take_field(&at);
    row.label = at ? take_field(&at) : NULL;
    if (!row.label || !*row.label || !*row.file)
        return fail(error, STATUS_BAD_INPUT,
                    "data.labels: %s:%d: expected FILE,LABEL; here is \"%.80s\"", path, number,
                    line);
    if (number > 1 || strcmp(row.file, "file") != 0)
        labels->row[labels->n++] = row;
    return STATUS_OK;
}

static int by_file(const void *a, const void *b)
{
    return strcmp(((const Named *)a)->file, ((const Named *)b)->file);
}

static Status take_rows(NamedLabels *labels, const char *path, Error *error)
{
    char *text = labels->text;
    int lines = 1;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    labels->row = need(calloc((size_t)lines, sizeof *labels->row));
    for (int number = 1; *text; number++) {
        char *line = take_line(&text);
        Status status = *line ? take_row(labels, path, line, number, error) : STATUS_OK;
        if (status)
            return status;
    }
    qsort(labels->row, (size_t)labels->n, sizeof *labels->row, by_file);
    for (int k = 1; k < labels->n; k++)
        if (!strcmp(labels->row[k - 1].file, labels->row[k].file))
            return fail(error, STATUS_BAD_INPUT,
                        "data.labels: %s: lines %d and %d both name %.200s; keep one", path,
                        labels->row[k - 1].line, labels->row[k].line, labels->row[k].file);
    return STATUS_OK;
}

Status named_labels_open(NamedLabels *labels, const char *path, Error *error)
{
    size_t size;
    *labels = (NamedLabels){0};
    Status status = file_read_text(path, text_most, &labels->text, &size, error);
    if (status)
        return status;
    status = take_rows(labels, path, error);
    if (status)
        named_labels_close(labels);
    return status;
}

void named_labels_close(NamedLabels *labels)
{
    free(labels->row);
    free(labels->text);
    *labels = (NamedLabels){0};
}

const Named *named_labels_find(const NamedLabels *labels, const char *file)
{
    Named wanted = {.file = (char *)(size_t)file};
    if (labels->n == 0)
        return NULL;
    return bsearch(&wanted, labels->row, (size_t)labels->n, sizeof wanted, by_file);
}
