/* Owns the tour's progress and the strip. See lesson.h. */
#include "views/lesson.h"

#include "views/draw/layout.h"
#include "views/draw/theme.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const Lesson *present(const Tour *tour) { return &tour->lesson[tour->at]; }

/* ---- Conditions ---- */

static const RunView *run_of(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    return NULL;
}

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
    const RunView *run = scene->run, *parent = run ? run_of(scene->snapshot, run->parent) : NULL;
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
        {"cursor",              scene->run ? (double)views_step(session, scene->run) : 0},
        {"live",                     session->live                                                              },
        {"stage",                     session->stage},
        {"seed",                     session->seed                                                               },
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
    tour->step += by > 0 ? 1 : tour->step > 0 ? -1 : 0;
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

/* ---- The strip ---- */

/* Above the step: what the last one showed. */
static const char *seen_before(const Tour *tour)
{
    return tour->step > 0 ? present(tour)->step[tour->step - 1].seen : "";
}

static int fill(const Tour *tour, Canvas *canvas, Rect strip)
{
    Canvas plain = {.look = canvas ? canvas->look : (CanvasLook){0}};
    const Lesson *lesson = present(tour);
    bool over = tour->step >= lesson->steps;
    const LessonStep *step = &lesson->step[over ? 0 : tour->step];
    char text[LESSON_TEXT + 8];
    int row = 0;
    if (seen_before(tour)[0] != '\0') {
        snprintf(text, sizeof text, "✓ %s", seen_before(tour));
        row += views_wrap(canvas, strip, row, theme_style(&plain, ROLE_DONE), text);
    }
    row += views_wrap(canvas, strip, row, theme_style(&plain, ROLE_TEXT), over ? "" : step->say);
    bool last = tour->at + 1 >= tour->lessons;
    snprintf(text, sizeof text, "▸ %s",
             over ? (last ? "That was the last lesson. The runs are yours: ? helps, q leaves."
                          : "Lesson done. Press g for the next one, or stay and play.")
                  : step->act);
    row += views_wrap(canvas, strip, row, theme_style(&plain, ROLE_CURSOR), text);
    return row;
}

int lesson_rows(const Tour *tour, Rect body)
{
    if (!tour->lesson || body.height < 8)
        return 0;
    int most = 0;
    Tour probe = *tour; /* the highest of the lesson's steps: nothing moves from one to the next */
    for (probe.step = 0; probe.step <= present(tour)->steps; probe.step++) {
        int rows = fill(&probe, NULL, (Rect){0, 0, body.width - 2, 0}) + 1;
        most = rows > most ? rows : most;
    }
    int half = body.height / 2;
    return most < half ? most : half;
}

void lesson_draw(const Tour *tour, Canvas *canvas, Rect strip)
{
    char title[120], right[40];
    const Lesson *lesson = present(tour);
    snprintf(title, sizeof title, "lesson %d of %d · %s", tour->at + 1, tour->lessons,
             lesson->title);
    int step = tour->step < lesson->steps ? tour->step + 1 : lesson->steps;
    snprintf(right, sizeof right, "step %d of %d", step, lesson->steps);
    views_title(canvas, &strip, title, right);
    fill(tour, canvas, (Rect){strip.x + 1, strip.y, strip.width - 2, strip.height});
}
