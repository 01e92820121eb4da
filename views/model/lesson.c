/* Owns the tour's progress. See lesson.h. */
#include "views/model/lesson.h"

#include "views/model/clamp.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const Lesson *present(const Tour *tour) { return &tour->lesson[tour->at]; }

/* ---- Conditions ---- */

static int runs_since(const Snapshot *snapshot, int id)
{
    int n = 0;
    for (int i = 0; i < snapshot->runs; i++)
        n += snapshot->run[i]->id > id;
    return n;
}

/* How many times smaller the chosen run's shift is than its parent's. */
static double gain(const Scene *scene)
{
    const RunView *run = scene->run,
                  *parent = run ? snapshot_run(scene->snapshot, run->parent) : NULL;
    return parent ? parent->shift / run->shift : NAN;
}

static bool scene_value(const LessonContext *context, const char *name, FilterValue *value)
{
    const Scene *scene = context->scene;
    const Session *session = scene->session;
    const struct {
        const char *name;
        double number;
        /* clang-format off */
    } rows[] = {
        {"cursor",              scene->run ? (double)session_step(session, scene->run) : 0},
        {"live",                     session->live                                                              },
        {"stage",                     session->stage},
        {"seed",                     session_seed(session)                                                               },
        {"runs",                     runs_since(scene->snapshot,context->tour->runs)},
        {"go", context->tour->go                                                },
        {"gain",    gain(scene)  },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            filter_number(value, rows[i].number);
            return true;
        }
    }
    return false;
}

bool lesson_value(const void *lesson_context, const char *name, FilterValue *value)
{
    static const RunView nobody;
    static const Snapshot nothing;
    static const Tour nowhere;
    const LessonContext *context = lesson_context;
    if (strcmp(name, "view") == 0) {
        filter_text(value, context->view);
        return true;
    }
    if (!context->scene) {
        Session session = {0};
        Scene empty = {.snapshot = &nothing, .session = &session};
        LessonContext checked = {&nowhere, &empty, ""};
        return scene_value(&checked, name, value) || filter_run(&nobody, name, value);
    }
    return scene_value(context, name, value) ||
           filter_run(context->scene->run ? context->scene->run : &nobody, name, value);
}

void lesson_watch(Tour *tour, const Scene *scene, const char *view)
{
    char why[160];
    if (!tour->lesson || tour->step >= present(tour)->steps)
        return;
    const LessonStep *step = &present(tour)->step[tour->step];
    LessonContext context = {tour, scene, view};
    bool waits = step->until[0] != '\0';
    if (waits ? filter_holds(step->until, lesson_value, &context, why, sizeof why) == 1 : tour->go)
        tour->step++;
    tour->go = false; /* g was for this step alone */
}

/* ---- Moving ---- */

void lesson_choose(Tour *tour, int lesson)
{
    if (tour->lesson && lesson >= 0 && lesson < tour->lessons) {
        tour->at = lesson;
        tour->step = 0;
        tour->go = tour->begun = false;
    }
}

void lesson_go(Tour *tour)
{
    if (!tour->lesson)
        return;
    if (tour->step >= present(tour)->steps)
        lesson_choose(tour, tour->at + 1);
    else
        tour->go = true;
}

void lesson_move(Tour *tour, int by)
{
    if (!tour->lesson)
        return;
    if (by > 0 && tour->step >= present(tour)->steps) {
        lesson_choose(tour, tour->at + 1);
        return;
    }
    tour->go = false;
    tour->step = larger(tour->step + (by > 0 ? 1 : -1), 0);
}

Reply lesson_begin(Tour *tour, const Scene *scene)
{
    Reply reply = {.kind = REPLY_NONE};
    if (!tour->lesson || tour->begun)
        return reply;
    tour->begun = true;
    tour->runs = 0;
    for (int i = 0; i < scene->snapshot->runs; i++) {
        tour->runs =
            scene->snapshot->run[i]->id > tour->runs ? scene->snapshot->run[i]->id : tour->runs;
    }
    if (present(tour)->launch[0] != '\0' && !scene->readonly) {
        reply = (Reply){.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
        snprintf(reply.command.text, sizeof reply.command.text, "%s", present(tour)->launch);
    }
    return reply;
}
