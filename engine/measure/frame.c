/* Owns the reading of two sets of vectors. May call base. */
#include "engine/measure/frame.h"
#include "engine/base/npy.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { AT_ONCE = 1 << 19 }; /* numbers: 4 MiB */

/* What the first reading finds, by column. */
typedef struct Survey {
    int d;
    bool floats; /* every number is one */
    double *least, *most, *sum;
    double rows;
} Survey;

typedef struct Reading {
    NpyFile file[2];
    double *number; /* AT_ONCE, or one row if that is more */
    size_t room;    /* a whole number of rows */
} Reading;

static Status no_memory(const Reading *reading, Error *error)
{
    const NpyFile *x = &reading->file[0], *y = &reading->file[1];
    return fail(error, STATUS_FAILED, "no memory for %d and %d rows of %d floats", x->n, y->n,
                x->d);
}

static void survey_rows(Survey *survey, size_t rows, const double *number)
{
    size_t d = (size_t)survey->d;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < d; c++) {
            double value = number[r * d + c];
            survey->floats = survey->floats && (double)(float)value == value;
            if (value < survey->least[c])
                survey->least[c] = value;
            if (value > survey->most[c])
                survey->most[c] = value;
            survey->sum[c] += value;
        }
    survey->rows += (double)rows;
}

/* Calls job for the file's rows, so many at a time, from the first on. */
typedef void RowsJob(void *context, size_t first, size_t rows, const double *number);

static Status each_rows(Reading *reading, NpyFile *file, RowsJob *job, void *context, Error *error)
{
    size_t n = (size_t)file->n, d = (size_t)file->d, some = reading->room / d;
    Status status = npy_rewind(file, error);
    for (size_t r = 0, rows; r < n && !status; r += rows) {
        rows = n - r < some ? n - r : some;
        status = npy_take(file, rows * d, reading->number, error);
        if (!status)
            job(context, r, rows, reading->number);
    }
    return status;
}

/* Where a file's numbers go: in the first reading as they stand, in the second as
 * x = (number - centre) / scale. */
typedef struct Filling {
    const Frame *frame;
    Survey *survey;
    float *x;
} Filling;

static void survey_job(void *context, size_t first, size_t rows, const double *number)
{
    const Filling *filling = context;
    size_t d = (size_t)filling->survey->d;
    survey_rows(filling->survey, rows, number);
    for (size_t k = 0; k < rows * d; k++)
        filling->x[first * d + k] = (float)number[k];
}

static void fill_job(void *context, size_t first, size_t rows, const double *number)
{
    const Filling *filling = context;
    const Frame *frame = filling->frame;
    size_t d = (size_t)frame->pair.d;
    float *x = filling->x + first * d;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < d; c++)
            x[r * d + c] = (float)((number[r * d + c] - frame->centre[c]) / frame->scale);
}

/* Floats need no second reading: a power of two changes no digit of them. */
static void scale_floats(size_t count, double scale, float *x)
{
    for (size_t k = 0; k < count; k++)
        x[k] = (float)((double)x[k] / scale);
}

/* ---- The frame ---- */

/* The power of two above every |number - centre|. */
static Status choose_frame(const Survey *survey, Frame *frame, Error *error)
{
    double reach = 0;
    int exponent = 0;
    for (int c = 0; c < survey->d; c++) {
        double centre = survey->floats ? 0 : survey->sum[c] / survey->rows;
        frame->centre[c] = centre;
        reach = fmax(reach, fmax(survey->most[c] - centre, centre - survey->least[c]));
    }
    if (reach > 0 && !(reach > 1e-140 && reach < 1e140))
        return fail(error, STATUS_BAD_INPUT,
                    "the numbers reach %g from their centre, which no double holds the square of; "
                    "multiply both sets by a number that brings them near 1",
                    reach);
    frexp(reach, &exponent);
    frame->scale = reach > 0 ? ldexp(1, exponent) : 1;
    return STATUS_OK;
}

static Status survey_files(Reading *reading, Frame *frame, bool *floats, Error *error)
{
    size_t d = (size_t)frame->pair.d;
    double *columns = malloc(3 * d * sizeof *columns);
    if (!columns)
        return no_memory(reading, error);
    Survey survey = {(int)d, true, columns, columns + d, columns + 2 * d, 0};
    for (size_t c = 0; c < d; c++) {
        survey.least[c] = DBL_MAX;
        survey.most[c] = -DBL_MAX;
        survey.sum[c] = 0;
    }
    Status status = each_rows(reading, &reading->file[0], survey_job,
                              &(Filling){frame, &survey, frame->x}, error);
    if (!status)
        status = each_rows(reading, &reading->file[1], survey_job,
                           &(Filling){frame, &survey, frame->y}, error);
    if (!status)
        status = choose_frame(&survey, frame, error);
    *floats = survey.floats;
    free(columns);
    return status;
}

static Status fill_frame(Reading *reading, Frame *frame, Error *error)
{
    const NpyFile *x = &reading->file[0], *y = &reading->file[1];
    size_t d = (size_t)x->d;
    frame->centre = calloc(d, sizeof *frame->centre);
    frame->x = malloc((size_t)x->n * d * sizeof *frame->x);
    frame->y = malloc((size_t)y->n * d * sizeof *frame->y);
    if (!frame->centre || !frame->x || !frame->y)
        return no_memory(reading, error);
    frame->pair = pair_of(x->n, frame->x, y->n, frame->y, x->d);
    bool floats = false;
    Status status = survey_files(reading, frame, &floats, error);
    float *const into[2] = {frame->x, frame->y};
    for (int k = 0; k < 2 && !status; k++)
        if (floats)
            scale_floats((size_t)reading->file[k].n * d, frame->scale, into[k]);
        else
            status = each_rows(reading, &reading->file[k], fill_job,
                               &(Filling){frame, NULL, into[k]}, error);
    return status;
}

static Status check_shapes(const NpyFile *x, const NpyFile *y, Error *error)
{
    const NpyFile *few = x->n < 2 ? x : y;
    if (x->d != y->d)
        return fail(error, STATUS_BAD_INPUT,
                    "%s has %d columns, %s has %d; they must be vectors of one space", x->path,
                    x->d, y->path, y->d);
    if (few->n < 2)
        return fail(error, STATUS_BAD_INPUT, "%s has 1 row; at least 2 are needed", few->path);
    return STATUS_OK;
}

static Status read_both(Reading *reading, Frame *frame, Error *error)
{
    Status status = check_shapes(&reading->file[0], &reading->file[1], error);
    if (status)
        return status;
    size_t d = (size_t)reading->file[0].d;
    reading->room = d < AT_ONCE ? AT_ONCE / d * d : d;
    reading->number = malloc(reading->room * sizeof *reading->number);
    return reading->number ? fill_frame(reading, frame, error) : no_memory(reading, error);
}

Status frame_read(Frame *frame, const char *path_x, const char *path_y, Error *error)
{
    Reading reading = {0};
    *frame = (Frame){0};
    Status status = npy_open(&reading.file[0], path_x, error);
    if (!status)
        status = npy_open(&reading.file[1], path_y, error);
    if (!status)
        status = read_both(&reading, frame, error);
    if (status)
        frame_free(frame);
    npy_close(&reading.file[0]);
    npy_close(&reading.file[1]);
    free(reading.number);
    return status;
}

void frame_free(Frame *frame)
{
    free(frame->x);
    free(frame->y);
    free(frame->centre);
    *frame = (Frame){0};
}
