/* Owns metrics: the distances between two sets of vectors from anywhere. */
#include "app/commands/commands.h"
#include "engine/measure/sets.h"
#include "engine/measure/sw2.h"
#include <math.h>

enum { COLUMNS_MAX = 16384 };

static Status check_size(const Options *options, const Pair *pair, int threads, Error *error)
{
    if (pair->d > COLUMNS_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "%s has %d columns; at most %d (a covariance is decomposed)",
                    options->argument[0], pair->d, COLUMNS_MAX);
    return check_memory(sets_memory(pair->n, pair->m, pair->d, threads), error);
}

static Status show_json(const Pair *pair, const SetsReport *report, Error *error)
{
    json_t *object = json_object(), *values = json_object(), *needs = json_object(),
           *notes = json_array();
    for (int i = 0; i < report->metrics; i++) {
        const SetMetric *metric = &report->metric[i];
        if (!metric->asked)
            continue;
        json_object_set_new(values, metric->name, json_number(metric->value));
        if (pair->n < metric->least || pair->m < metric->least)
            json_object_set_new(needs, metric->name, json_integer(metric->least));
    }
    for (int i = 0; i < report->notes; i++)
        json_array_append_new(notes, json_string(report->note[i]));
    json_object_set_new(object, "n", json_integer(pair->n));
    json_object_set_new(object, "m", json_integer(pair->m));
    json_object_set_new(object, "d", json_integer(pair->d));
    json_object_set_new(object, "metrics", values);
    json_object_set_new(object, "rows_needed", needs);
    json_object_set_new(object, "notes", notes);
    return json_print(object, error);
}

static void show_text(const Pair *pair, const SetsReport *report)
{
    printf("%d and %d rows of %d\n", pair->n, pair->m, pair->d);
    for (int i = 0; i < report->metrics; i++) {
        const SetMetric *metric = &report->metric[i];
        MetricView view = {.value = metric->value, .low = NAN, .high = NAN};
        snprintf(view.name, sizeof view.name, "%s", metric->name);
        if (metric->asked && (pair->n < metric->least || pair->m < metric->least))
            printf("  %-14s needs at least %d rows in each set\n", metric->name, metric->least);
        else if (metric->asked)
            print_metrics(&view, 1, stdout);
    }
    for (int i = 0; i < report->notes; i++)
        printf("%s\n", report->note[i]);
}

static Status metrics(const Options *options, const Frame *frame, Error *error)
{
    SetsReport report;
    SetsWish wish = {options->only, SW2_DIRECTIONS, 0};
    Crew *crew = crew_for(options);
    if (options->directions > 0)
        wish.directions = (int)options->directions;
    if (options->seed >= 0)
        wish.seed = (uint64_t)options->seed;
    Status status = check_size(options, &frame->pair, pool_threads(crew->pool), error);
    if (!status)
        status = sets_metrics(frame, &wish, crew, &report, error);
    crew_free(crew);
    if (status)
        return status;
    if (options->json)
        return show_json(&frame->pair, &report, error);
    show_text(&frame->pair, &report);
    return STATUS_OK;
}

Status cmd_metrics(const Options *options, Error *error)
{
    Frame frame;
    Status status = frame_read(&frame, options->argument[0], options->argument[1], error);
    if (!status)
        status = metrics(options, &frame, error);
    frame_free(&frame);
    return status;
}
