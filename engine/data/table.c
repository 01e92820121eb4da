/* Owns points in a text: two numbers a line, and a label if there is a third. */
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/data/points.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 1000000 };

static void skip_blank(const char **at) { *at += strspn(*at, " \t"); }

/* Behind a number: blanks, and one comma or semicolon. */
static void skip_between(const char **at)
{
    skip_blank(at);
    *at += **at == ',' || **at == ';';
    skip_blank(at);
}

/* Returns how many numbers the line holds, 4 standing for "and something else"; 0 for an empty one.
 */
static int read_line(const char *line, double number[3])
{
    int n = 0;
    skip_blank(&line);
    while (*line && *line != '\r' && n < 3) {
        if (!number_lead_real(&line, &number[n]))
            return 4;
        n++;
        skip_between(&line);
    }
    return *line && *line != '\r' ? 4 : n;
}

static bool is_heading(const char *line, int number)
{
    skip_blank(&line);
    return *line == '#' || (number == 1 && (isalpha((unsigned char)*line) || *line == '"'));
}

static Status take_line(Points *points, const char *path, const char *line, int number,
                        Error *error)
{
    double value[3] = {0, 0, 0};
    if (is_heading(line, number))
        return STATUS_OK;
    int n = read_line(line, value), label = number_floor(value[2], 0, DATASET_CLASSES_MAX - 1, -1);
    if (n == 0)
        return STATUS_OK;
    if (n < 2 || n > 3 || !isfinite(value[0]) || !isfinite(value[1]))
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s:%d: expected two numbers, or two and a label; here is \"%.60s\"",
                    path, number, line);
    if (label < 0 || (double)label != value[2])
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s:%d: %g is no label; expected a whole number from 0 to %d", path,
                    number, value[2], DATASET_CLASSES_MAX - 1);
    if (points->n == POINTS_MAX)
        return fail(error, STATUS_BAD_INPUT, "data.path: %s has more than %d points", path,
                    (int)POINTS_MAX);
    points_add(points, value[0], value[1], label);
    return STATUS_OK;
}

static Status take_lines(Points *points, const char *path, char *text, Error *error)
{
    Status status = STATUS_OK;
    for (int number = 1; *text && !status; number++) {
        size_t length = strcspn(text, "\n");
        bool more = text[length];
        text[length] = 0;
        status = take_line(points, path, text, number, error);
        text += length + more;
    }
    return status;
}

static Status open_csv(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    static const size_t most = 64 << 20;
    Points points = {0};
    char *text;
    size_t size;
    if (!*files->path)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: data.name = csv needs the file with the points here");
    Status status = file_read_text(files->path, most, &text, &size, error);
    if (status)
        return status;
    status = take_lines(&points, files->path, text, error);
    free(text);
    if (!status)
        status = points_law(&points, files, dataset, arena, error);
    points_done(&points);
    return status;
}

static bool owns(const char *path) { return file_ends(path, ".csv") || file_ends(path, ".txt"); }

const DatasetKind dataset_csv = {
    .name = "csv",
    .help = "points x,y[,label] in the text data.path; a kernel round each, so an exact teacher",
    .conditional_default = 1,
    .open = open_csv,
    .owns = owns,
};
