/* Owns the choice of samples and the plan of a sheet. See samples.h. */
#include "views/model/samples.h"

#include "views/model/clamp.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

bool samples_are_points(const SamplesView *samples)
{
    return samples->height == 1 && samples->width == 1 && samples->channels == 2;
}

bool samples_are_judged(SamplesSource source)
{
    return source == SOURCE_CRITIC || source == SOURCE_SCORE;
}

int samples_last_stage(const SamplesView *samples, SamplesSource source)
{
    if (samples_are_judged(source))
        return samples->levels - 1;
    return samples->steps - (source == SOURCE_X0);
}

const float *samples_at(const SamplesView *samples, SamplesSource source, int stage, int index)
{
    const float *const values[SOURCES] = {
        [SOURCE_STUDENT] = samples->student, [SOURCE_TEACHER] = samples->teacher,
        [SOURCE_X0] = samples->student_x0,   [SOURCE_DIFFERENCE] = samples->student,
        [SOURCE_CRITIC] = samples->critic,   [SOURCE_SCORE] = samples->score,
    };
    const float *from = values[source];
    int last = samples_last_stage(samples, source);
    stage = clamp(stage, 0, last);
    size_t dims = (size_t)(samples->height * samples->width * samples->channels);
    return !from || last < 0 ? NULL
                             : from + ((size_t)stage * (size_t)samples->n + (size_t)index) * dims;
}

const char *samples_class_name(const SamplesView *samples, const char *data, int label)
{
    if (label >= 0 && label < samples->classes)
        return samples->class_name[label];
    return engine_class_name(data, label);
}

const char *samples_source_name(SamplesSource source)
{
    static const char *const names[SOURCES] = {"student",    "teacher",      "x0 estimate",
                                               "difference", "critic of it", "teacher of it"};
    return names[source];
}

const char *samples_stage_name(char text[FORMAT_SIZE], const SamplesView *samples, int stage)
{
    if (stage >= samples->steps)
        return strcpy(text, "sample");
    snprintf(text, FORMAT_SIZE, stage == 0 ? "noise i=%d" : "i=%d", samples->steps - stage);
    return text;
}

const char *samples_shown_name(char text[FORMAT_SIZE], const SamplesSpec *spec, int stage)
{
    if (!samples_are_judged(spec->source))
        return samples_stage_name(text, spec->samples, stage);
    snprintf(text, FORMAT_SIZE, "u=%.2f", (double)spec->samples->level[stage]);
    return text;
}

/* ---- Which are shown ---- */

/* The newest of those not after the step; without one, what there is. */
const SamplesView *samples_made_by(const RunView *run, long step)
{
    const SamplesView *own = &run->samples, *past = &run->past;
    if (past->n < 1 || own->n < 1)
        return own->n < 1 && past->n > 0 ? past : own;
    if (step < 0)
        return past->paths && !own->paths ? past : own;
    bool own_fits = own->step <= step, past_fits = past->step <= step;
    bool newer = past->step > own->step || (past->step == own->step && !own->paths);
    return own_fits && !(past_fits && newer) ? own : past;
}

const SamplesView *samples_shown(const Session *session, const RunView *run)
{
    return samples_made_by(run, session->live ? -1 : session->step);
}

bool samples_any(const Scene *scene)
{
    return scene->run && samples_shown(scene->session, scene->run)->n > 0;
}

SamplesSpec samples_under_cursor(const Scene *scene, SamplesSource source)
{
    const SamplesView *samples = samples_shown(scene->session, scene->run);
    if (samples->levels == 0 && samples_are_judged(source))
        source = SOURCE_STUDENT; /* a run without a critic */
    int last = samples_last_stage(samples, source);
    return (SamplesSpec){samples, source, clamp(scene->session->stage, 0, last > 0 ? last : 0),
                         clamp(scene->session->seed, 0, samples->n - 1)};
}

/* ---- Classes ---- */

static bool first_of_class(const SamplesView *samples, int index)
{
    for (int i = 0; i < index; i++)
        if (samples->label[i] == samples->label[index])
            return false;
    return true;
}

int samples_class(const SamplesView *samples, int place)
{
    int smallest = -1; /* classes in ascending order: place-th smallest label */
    for (int found = -1; found < place; found++) {
        int next = -1;
        for (int i = 0; i < samples->n; i++) {
            bool later = samples->label[i] > smallest || found < 0;
            next = later && (next < 0 || samples->label[i] < next) ? samples->label[i] : next;
        }
        smallest = next;
    }
    return smallest;
}

static int count_classes(const SamplesView *samples)
{
    int classes = 0;
    for (int i = 0; i < samples->n && samples->label; i++)
        classes += first_of_class(samples, i);
    return classes;
}

/* ---- The plan of a sheet ---- */

enum { TILE_MIN = 12 }; /* pixels: smaller ones say nothing */

static double plan_scale(const SamplesView *samples, const SheetPlan *plan, int width, int height)
{
    double scale = fmin((double)width / plan->columns / (samples->width + 1),
                        (double)height / plan->rows / (samples->height + 1));
    return scale >= 1 ? floor(scale) : scale;
}

/* The largest tiles for `each` samples of every class: a column a class, in one or more
 * bands. */
static SheetPlan best_plan(const SamplesView *samples, int classes, int each, int width, int height)
{
    SheetPlan best = {0};
    double best_scale = 0;
    for (int bands = 1; bands <= classes; bands++) {
        int columns = (classes + bands - 1) / bands;
        SheetPlan plan = {columns, bands * each, 0, 0, classes, each};
        double scale = plan_scale(samples, &plan, width, height);
        if (scale > best_scale * 1.001) {
            best = plan;
            best_scale = scale;
        }
    }
    return best;
}

/* The least side of a tile that can be recognised, of pictures so wide: small ones lose too much by
 * being made smaller still. */
static int least_tile(int side) { return 2 * side <= 3 * TILE_MIN ? side : TILE_MIN; }

/* A small screen: as many tiles as can be recognised, spread over the samples. */
static SheetPlan spread_plan(const SamplesView *samples, int width, int height)
{
    int columns = width / (least_tile(samples->width) + 1),
        rows = height / (least_tile(samples->height) + 1);
    return (SheetPlan){larger(columns, 1), larger(rows, 1), 0, 0, 0, 0};
}

/* Rather half of the samples at twice the size than all of them at their own; rather all
 * than larger still. */
static SheetPlan choose_plan(const SamplesView *samples, int width, int height)
{
    int classes = count_classes(samples);
    classes = classes > 1 ? classes : samples->n;
    int full = samples->n / classes > 0 ? samples->n / classes : 1;
    for (int each = full; each >= (full + 1) / 2; each--) {
        SheetPlan plan = best_plan(samples, classes, each, width, height);
        if (plan.columns > 0 && plan_scale(samples, &plan, width, height) >= 2)
            return plan;
    }
    for (int each = full; each >= 1; each--) {
        SheetPlan plan = best_plan(samples, classes, each, width, height);
        double scale = plan.columns > 0 ? plan_scale(samples, &plan, width, height) : 0;
        if (scale * samples->width >= least_tile(samples->width))
            return plan;
    }
    return spread_plan(samples, width, height);
}

SheetPlan sheet_plan(const SamplesView *samples, int width, int height)
{
    SheetPlan plan = choose_plan(samples, width, height);
    double scale = plan_scale(samples, &plan, width, height);
    plan.pitch_x = scale >= 1 ? (int)scale * (samples->width + 1) : width / plan.columns;
    plan.pitch_y = scale >= 1 ? (int)scale * (samples->height + 1) : height / plan.rows;
    return plan;
}

int sheet_sample(const SamplesView *samples, const SheetPlan *plan, int column, int row)
{
    int index = row * plan->columns + column, shown = plan->columns * plan->rows;
    if (plan->each == 0) {
        index = shown < samples->n ? index * samples->n / shown : index;
        return index < samples->n ? index : -1;
    }
    if (plan->classes == samples->n)
        return index < samples->n ? index : -1;
    int place = row / plan->each * plan->columns + column, rank = row % plan->each;
    int wanted = place < plan->classes ? samples_class(samples, place) : -1;
    for (int i = 0; i < samples->n && place < plan->classes; i++)
        if (samples->label[i] == wanted && rank-- == 0)
            return i;
    return -1;
}
