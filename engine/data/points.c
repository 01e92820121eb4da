/* Owns the law that points become. */
#include "engine/data/points.h"
#include "engine/base/hash.h"
#include "engine/data/procedural.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FAR = 1e9, LEAST_KERNEL = 0.03;

void points_add(Points *points, double x, double y, int label)
{
    if (points->n == points->room) {
        points->room = points->room ? 2 * points->room : 256;
        points->at = need(realloc(points->at, sizeof *points->at * (size_t)points->room));
    }
    points->at[points->n++] = (Point){x, y, label};
}

void points_done(Points *points)
{
    free(points->at);
    *points = (Points){0};
}

/* ---- Centres ---- */

typedef struct Centre {
    Point at;
    uint64_t hash;
    int times;
} Centre;

static int by_hash(const void *a, const void *b)
{
    const Centre *p = a, *q = b;
    if (p->hash != q->hash)
        return p->hash < q->hash ? -1 : 1;
    return 0;
}

static uint64_t hash_of(const Point *point)
{
    double number[3] = {point->x + 0.0, point->y + 0.0, point->label}; /* + 0: no minus nought */
    return hash_bytes(0, number, sizeof number);
}

/* The different points, in the order of their hashes; malloc'd. */
static Centre *centres_of(const Points *points, int *n)
{
    Centre *centre = need(malloc(sizeof *centre * ((size_t)points->n + 1)));
    for (int k = 0; k < points->n; k++)
        centre[k] = (Centre){points->at[k], hash_of(&points->at[k]), 1};
    qsort(centre, (size_t)points->n, sizeof *centre, by_hash);
    *n = 0;
    for (int k = 0; k < points->n; k++)
        if (*n > 0 && centre[*n - 1].hash == centre[k].hash)
            centre[*n - 1].times++;
        else
            centre[(*n)++] = centre[k];
    return centre;
}

/* ---- The kernel ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Half of the median distance to the fifth neighbour. */
static double usual_kernel(const Mixture *mixture)
{
    int n = mixture->n, fifth = n - 1 < 5 ? n - 1 : 5;
    double distance[MIXTURE_MAX], of[MIXTURE_MAX];
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < n; i++)
            distance[i] = hypot(mixture->mean[k][0] - mixture->mean[i][0],
                                mixture->mean[k][1] - mixture->mean[i][1]);
        qsort(distance, (size_t)n, sizeof *distance, by_size);
        of[k] = distance[fifth]; /* the first is its own */
    }
    qsort(of, (size_t)n, sizeof *of, by_size);
    return of[n / 2] / 2;
}

/* ---- The law ---- */

static void set_centres(Mixture *mixture, const Centre *centre, int n)
{
    double total = 0, mean[2] = {0, 0};
    mixture->n = n < MIXTURE_MAX ? n : MIXTURE_MAX;
    for (int k = 0; k < mixture->n; k++)
        total += centre[k].times;
    for (int k = 0; k < mixture->n; k++) {
        mixture->weight[k] = centre[k].times / total;
        mixture->label[k] = centre[k].at.label;
        mean[0] += mixture->weight[k] * centre[k].at.x;
        mean[1] += mixture->weight[k] * centre[k].at.y;
    }
    for (int k = 0; k < mixture->n; k++) {
        mixture->mean[k][0] = centre[k].at.x - mean[0];
        mixture->mean[k][1] = centre[k].at.y - mean[1];
    }
}

/* Root mean square per coordinate, of the centres alone. */
static double spread(const Mixture *mixture)
{
    double square = 0;
    for (int k = 0; k < mixture->n; k++)
        square +=
            mixture->weight[k] * (pow(mixture->mean[k][0], 2) + pow(mixture->mean[k][1], 2)) / 2;
    return sqrt(square);
}

/* To unit RMS; returns how far the law reaches. */
static double scale(Mixture *mixture)
{
    double rms = hypot(spread(mixture), mixture->deviation), reach = 0;
    mixture->deviation /= rms;
    for (int k = 0; k < mixture->n; k++)
        for (int c = 0; c < 2; c++) {
            mixture->mean[k][c] /= rms;
            reach = fmax(reach, fabs(mixture->mean[k][c]) + 3 * mixture->deviation);
        }
    return reach;
}

/* Labels without gaps. */
static void number_labels(Mixture *mixture)
{
    int number[DATASET_CLASSES_MAX] = {0};
    for (int k = 0; k < mixture->n; k++)
        number[mixture->label[k]] = 1;
    mixture->labels = 0;
    for (int c = 0; c < DATASET_CLASSES_MAX; c++)
        number[c] = number[c] ? mixture->labels++ : -1;
    for (int k = 0; k < mixture->n; k++)
        mixture->label[k] = number[mixture->label[k]];
}

static Status check(const Points *points, const char *path, Error *error)
{
    if (points->n < 2)
        return fail(error, STATUS_BAD_INPUT, "data.path: %s has %d point%s; at least 2 are needed",
                    path, points->n, points->n == 1 ? "" : "s");
    for (int k = 0; k < points->n; k++)
        if (!(fabs(points->at[k].x) <= FAR && fabs(points->at[k].y) <= FAR))
            return fail(error, STATUS_BAD_INPUT,
                        "data.path: %s: point %d (from 1) is (%g, %g); expected numbers up to %g",
                        path, k + 1, points->at[k].x, points->at[k].y, FAR);
    return STATUS_OK;
}

Status points_law(const Points *points, const DatasetFiles *files, Dataset *dataset, Arena *arena,
                  Error *error)
{
    int n;
    Status status = check(points, files->path, error);
    if (status)
        return status;
    Centre *centre = centres_of(points, &n);
    Mixture *mixture = arena_new(arena, Mixture, 1);
    set_centres(mixture, centre, n);
    free(centre);
    number_labels(mixture);
    double own = spread(mixture);
    mixture->deviation =
        files->kernel > 0 ? files->kernel : fmax(usual_kernel(mixture), LEAST_KERNEL * own);
    if (mixture->deviation <= 0)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s has all its points in one place; set data.kernel, the deviation "
                    "round each",
                    files->path);
    dataset->mixture = mixture;
    dataset->tally = (DatasetTally){.files = points->n, .equal = points->n - n};
    dataset_fill_points(dataset, mixture->labels, scale(mixture));
    return STATUS_OK;
}
