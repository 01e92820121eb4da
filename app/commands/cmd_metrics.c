/* Owns metrics: the distances between two sets of vectors from anywhere. */
#include "app/commands/commands.h"
#include "engine/base/npy.h"
#include "engine/measure/sets.h"
#include "engine/measure/sw2.h"
#include <math.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 1024 };

static Status check_pair(const Options *options, const NpyMatrix *a, const NpyMatrix *b,
                         Error *error)
{
    if (a->d != b->d)
        return fail(error, STATUS_BAD_INPUT,
                    "%s has %d columns, %s has %d; they must be vectors of one space",
                    options->argument[0], a->d, options->argument[1], b->d);
    if (a->n < 2 || b->n < 2)
        return fail(error, STATUS_BAD_INPUT, "%s has %d row%s; at least 2 are needed",
                    options->argument[a->n < 2 ? 0 : 1], a->n < 2 ? a->n : b->n,
                    (a->n < 2 ? a->n : b->n) == 1 ? "" : "s");
    if (a->d > COLUMNS_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "%s has %d columns; at most %d (a covariance is decomposed)",
                    options->argument[0], a->d, COLUMNS_MAX);
    /* the two-sample test's doubles, twice over */
    return check_memory(4.0 * sizeof(double) * ((double)a->n + b->n) * (a->d + 1.0), error);
}

static Status show_json(const NpyMatrix *a, const NpyMatrix *b, const SetMetric *metric, int n,
                        Error *error)
{
    json_t *object = json_object(), *values = json_object();
    for (int i = 0; i < n; i++)
        json_object_set_new(values, metric[i].name, json_number(metric[i].value));
    json_object_set_new(object, "n", json_integer(a->n));
    json_object_set_new(object, "m", json_integer(b->n));
    json_object_set_new(object, "d", json_integer(a->d));
    json_object_set_new(object, "metrics", values);
    return json_print(object, error);
}

static Status metrics(const Options *options, const NpyMatrix *a, const NpyMatrix *b, Error *error)
{
    SetMetric metric[SETS_METRICS_MAX];
    MetricView view[SETS_METRICS_MAX];
    Status status = check_pair(options, a, b, error);
    if (status)
        return status;
    Crew *crew = crew_for(options);
    int directions = options->directions > 0 ? (int)options->directions : SW2_DIRECTIONS;
    int n = sets_metrics(crew, a->n, a->x, b->n, b->x, a->d, directions,
                         options->seed >= 0 ? (uint64_t)options->seed : 0, metric);
    crew_free(crew);
    if (options->json)
        return show_json(a, b, metric, n, error);
    printf("%d and %d rows of %d\n", a->n, b->n, a->d);
    for (int i = 0; i < n; i++) {
        view[i] = (MetricView){.value = metric[i].value, .low = NAN, .high = NAN};
        snprintf(view[i].name, sizeof view[i].name, "%s", metric[i].name);
    }
    print_metrics(view, n, stdout);
    return STATUS_OK;
}

Status cmd_metrics(const Options *options, Error *error)
{
    NpyMatrix a = {0}, b = {0};
    Status status = npy_read(options->argument[0], &a, error);
    if (!status)
        status = npy_read(options->argument[1], &b, error);
    if (!status)
        status = metrics(options, &a, &b, error);
    free(a.x);
    free(b.x);
    return status;
}
