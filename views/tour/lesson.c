/* Owns the tour's progress. See lesson.h. */
#include "views/tour/lesson.h"

#include "views/model/clamp.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double WORDS_A_SECOND = 150 / 60.0;

static const Lesson *present(const Tour *tour) { return &tour->lesson[tour->at]; }

/* NULL: no lesson is on, or it is over. */
static const LessonStep *step_of(const Tour *tour)
{
    return tour->lesson && tour->step < present(tour)->steps ? &present(tour)->step[tour->step]
                                                             : NULL;
}

LessonContext lesson_context(const Tour *tour, const Scene *scene, const char *view)
{
    return (LessonContext){.scene = scene, .view = view, .runs = tour->runs, .go = tour->go};
}

/* ---- Texts ---- */

static const LessonCase *case_of(const LessonStep *step, const LessonContext *context)
{
    char why[160];
    for (int i = 0; i < step->cases; i++)
        if (filter_holds(step->seen[i].when, lesson_value, context, why, sizeof why) == 1)
            return &step->seen[i];
    return NULL;
}

void lesson_words(const Tour *tour, const LessonContext *context, LessonWords *words)
{
    const LessonStep *step = step_of(tour);
    bool last = tour->at + 1 >= tour->lessons;
    *words = (LessonWords){{0}, {0}};
    if (!step) {
        snprintf(words->act, sizeof words->act, "%s",
                 last ? "That was the last lesson. The runs are yours: ? helps, q leaves."
                      : "Lesson done. Press g for the next one, or stay and play.");
    } else if (tour->seen) {
        const LessonCase *seen = case_of(step, context);
        lesson_fill(context, seen ? seen->text : "", words->say, sizeof words->say);
    } else {
        lesson_fill(context, step->say, words->say, sizeof words->say);
        lesson_fill(context, step->act, words->act, sizeof words->act);
    }
}

double lesson_seconds(const char *text)
{
    int words = 0;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        text += strcspn(text, " ");
        words++;
    }
    return words / WORDS_A_SECOND;
}

/* ---- What the step waits for ---- */

static LessonLack lack_of(const LessonStep *step, const LessonContext *context)
{
    char why[160];
    return lesson_lack(context, step->until[0] != '\0' ? step->until : "go", why, sizeof why);
}

/* The step waits for the run, and for nothing else. */
static bool lets_go(const Tour *tour, const LessonContext *context)
{
    const LessonStep *step = step_of(tour);
    return step && !tour->seen && tour->read && lack_of(step, context) == LACKS_RUN;
}

static int place_of(const Tour *tour) { return 2 * tour->step + tour->seen; }

/* The learner was farther before. */
static bool went_back(const Tour *tour) { return place_of(tour) < tour->farthest; }

static void turn_to(Tour *tour, int step, bool seen)
{
    tour->step = step;
    tour->seen = seen;
    tour->shown = tour->read = tour->go = false;
    tour->since = 0;
    tour->farthest = larger(tour->farthest, place_of(tour));
}

/* To the step's second text, or past it where it has none. */
static void turn(Tour *tour, const LessonContext *context)
{
    const LessonStep *step = step_of(tour);
    if (!tour->seen && case_of(step, context))
        turn_to(tour, tour->step, true);
    else
        turn_to(tour, tour->step + 1, false);
}

void lesson_watch(Tour *tour, const LessonContext *context)
{
    const LessonStep *step = step_of(tour);
    if (step && !tour->seen && tour->read && !went_back(tour) &&
        lack_of(step, context) == LACKS_NOTHING)
        turn(tour, context);
}

const char *lesson_look(Tour *tour)
{
    const LessonStep *step = step_of(tour);
    if (!step || tour->shown)
        return NULL;
    tour->shown = true;
    return tour->seen ? step->show : step->look;
}

/* ---- Time ---- */

static double reading(const Tour *tour, const LessonContext *context)
{
    LessonWords words;
    lesson_words(tour, context, &words);
    return lesson_seconds(words.say) + lesson_seconds(words.act);
}

bool lesson_tick(Tour *tour, const LessonContext *context, double now)
{
    if (!step_of(tour) || tour->read)
        return false;
    if (tour->since == 0)
        tour->since = now;
    tour->read = now - tour->since >= reading(tour, context);
    return tour->read;
}

double lesson_due(const Tour *tour, const LessonContext *context, double now)
{
    if (!step_of(tour) || tour->read)
        return -1;
    double left = tour->since + reading(tour, context) - now;
    return tour->since == 0 ? 0 : fmax(left, 0);
}

/* ---- Moving ---- */

void lesson_choose(Tour *tour, int lesson)
{
    if (tour->lesson && lesson >= 0 && lesson < tour->lessons) {
        tour->at = lesson;
        tour->begun = false;
        tour->farthest = 0;
        turn_to(tour, 0, false);
    }
}

void lesson_go(Tour *tour, const LessonContext *context, char *why, size_t size)
{
    const LessonStep *step = step_of(tour);
    LessonContext pressed = *context;
    const char *until = step && step->until[0] != '\0' ? step->until : "go";
    why[0] = '\0';
    pressed.go = true;
    if (!tour->lesson)
        return;
    if (!step) {
        lesson_choose(tour, tour->at + 1);
        return;
    }
    tour->read = true;
    char lack[120];
    LessonLack waits = lesson_lack(&pressed, until, lack, sizeof lack);
    if (tour->seen || went_back(tour) || waits == LACKS_NOTHING ||
        !lesson_hopeful(&pressed, until)) {
        turn(tour, context);
        return;
    }
    bool paused = waits == LACKS_RUN && context->scene->run->state == RUN_PAUSED;
    snprintf(why, size, "not yet: %s%s (:lesson next skips)", lack,
             paused && tour->helds == 0 ? ", paused: Space goes on" : "");
}

void lesson_move(Tour *tour, int by)
{
    if (!tour->lesson)
        return;
    if (by > 0 && !step_of(tour)) {
        lesson_choose(tour, tour->at + 1);
        return;
    }
    if (by > 0)
        turn_to(tour, tour->step + 1, false);
    else if (tour->seen)
        turn_to(tour, tour->step, false);
    else if (tour->step > 0)
        turn_to(tour, tour->step - 1, present(tour)->step[tour->step - 1].cases > 0);
}

const char *lesson_hint(const Tour *tour, const LessonContext *context)
{
    const LessonStep *step = step_of(tour);
    if (!step)
        return "";
    if (tour->seen || went_back(tour))
        return "g goes on";
    LessonContext pressed = *context;
    pressed.go = true;
    LessonLack lack = lack_of(step, &pressed);
    if (lack == LACKS_NOTHING)
        return lack_of(step, context) == LACKS_NOTHING ? "done; g goes on" : "g goes on";
    if (!lesson_hopeful(context, step->until[0] != '\0' ? step->until : "go"))
        return "run over; g goes on";
    if (!tour->read)
        return "g: I have read it";
    return lack == LACKS_RUN ? "the run goes on" : "";
}

/* ---- Runs ---- */

static bool descends(const Snapshot *snapshot, const RunView *run, int ancestor)
{
    while (run && run->id > ancestor)
        run = snapshot_run(snapshot, run->parent);
    return run && run->id == ancestor;
}

int lesson_run(const Tour *tour, const Snapshot *snapshot)
{
    int first = 0, newest = 0;
    for (int i = 0; i < snapshot->runs && tour->lesson && tour->begun; i++) {
        const RunView *run = snapshot->run[i];
        if (run->id <= tour->runs)
            continue;
        first = first > 0 ? first : run->id;
        newest = descends(snapshot, run, first) ? run->id : newest;
    }
    return newest;
}

static Reply begin(Tour *tour, const Scene *scene)
{
    Reply reply = {.kind = REPLY_NONE};
    tour->begun = true;
    tour->runs = tour->helds = 0;
    for (int i = 0; i < scene->snapshot->runs; i++)
        tour->runs = larger(tour->runs, scene->snapshot->run[i]->id);
    if (present(tour)->launch[0] != '\0') {
        reply = (Reply){.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
        snprintf(reply.command.text, sizeof reply.command.text, "%s", present(tour)->launch);
    }
    return reply;
}

static int held_at(const Tour *tour, int run)
{
    for (int i = 0; i < tour->helds; i++)
        if (tour->held[i] == run)
            return i;
    return -1;
}

/* A run is told to pause once a pause, so that a learner who lets it go on has his will. */
static bool settle_run(Tour *tour, const RunView *run, bool goes, Command *command)
{
    int at = held_at(tour, run->id);
    *command = (Command){.kind = goes ? COMMAND_START : COMMAND_PAUSE, .run = run->id};
    if (goes && at >= 0) {
        tour->held[at] = tour->held[--tour->helds];
        return run->state == RUN_PAUSED || run->state == RUN_LIVE;
    }
    if (goes || at >= 0 || run->state != RUN_LIVE || tour->helds == LESSON_HELD)
        return false;
    tour->held[tour->helds++] = run->id;
    return true;
}

Reply lesson_want(Tour *tour, const LessonContext *context)
{
    const Scene *scene = context->scene;
    Reply reply = {.kind = REPLY_NONE};
    if (!tour->lesson || scene->readonly)
        return reply;
    if (!tour->begun)
        return begin(tour, scene);
    bool goes = lets_go(tour, context);
    for (int i = 0; i < scene->snapshot->runs && reply.kind == REPLY_NONE; i++) {
        const RunView *run = scene->snapshot->run[i];
        if (run->id > tour->runs && step_of(tour) && settle_run(tour, run, goes, &reply.command))
            reply.kind = REPLY_SEND;
    }
    return reply;
}
