/* Owns what time does to the screen: playing through the sampling steps, and telling the engine,
 * once the cursor rests, what is looked at. */
#include "views/model/overlay.h"
#include "views/screen_parts.h"
#include <math.h>

static const double REST_S = 0.15, FRAME_S = 0.5, END_S = 1.2;

/* ---- Looking ---- */

static bool same(LookAt a, LookAt b)
{
    return a.run == b.run && a.step == b.step && a.paths == b.paths;
}

static bool same_set(const LookSet *a, const LookSet *b)
{
    bool equal = a->n == b->n;
    for (int i = 0; equal && i < a->n; i++)
        equal = same(a->at[i], b->at[i]);
    return equal;
}

/* What is asked of a run's past; nothing where its newest samples will do. */
static void ask(LookSet *set, const RunView *run, long step, bool paths)
{
    if (step >= 0 || paths)
        set->at[set->n++] = (LookAt){run->id, step, paths};
}

static LookSet wanted(const Screen *screen, const Scene *scene)
{
    unsigned looks = views[screen->front]->looks | (screen->side ? LOOK_PAST : 0);
    LookSet set = {0};
    if (scene->run && (looks & LOOK_LAID) != 0) {
        Laid laid = laid_runs(scene);
        for (int i = 0; i < laid.n; i++)
            ask(&set, laid.run[i], laid_step(scene, laid.run[i]), false);
    } else if (scene->run && looks != 0) {
        ask(&set, scene->run, laid_step(scene, scene->run), (looks & LOOK_PATHS) != 0);
    }
    return set;
}

static LookAt *find(LookSet *set, int run)
{
    for (int i = 0; i < set->n; i++)
        if (set->at[i].run == run)
            return &set->at[i];
    return NULL;
}

static Reply look(LookAt at)
{
    Reply reply = {.kind = REPLY_SEND,
                   .command = {.kind = COMMAND_LOOK, .run = at.run, .number = at.step}};
    snprintf(reply.command.text, sizeof reply.command.text, "%s", at.paths ? "paths" : "");
    return reply;
}

/* The next command on the way from what was asked to what is wanted: first what is no longer
 * wanted, then the rest. */
static bool next_look(LookSet *asked, LookSet *want, Reply *reply)
{
    for (int i = 0; i < asked->n; i++) {
        int run = asked->at[i].run;
        if (!find(want, run)) {
            asked->at[i] = asked->at[--asked->n];
            *reply = look((LookAt){run, -1, false});
            return true;
        }
    }
    for (int i = 0; i < want->n; i++) {
        LookAt *before = find(asked, want->at[i].run);
        if (!before || !same(*before, want->at[i])) {
            before = before ? before : &asked->at[asked->n++];
            *before = want->at[i];
            *reply = look(*before);
            return true;
        }
    }
    return false;
}

static bool owes(const Pace *pace)
{
    LookSet asked = pace->asked, want = pace->wanted;
    Reply reply;
    return next_look(&asked, &want, &reply);
}

/* ---- Playing ---- */

static bool plays(const Screen *screen, const Scene *scene)
{
    return scene->session->playing && scene->run &&
           (views[screen->front]->looks & LOOK_PAST) != 0 &&
           views_samples(scene->session, scene->run)->n > 0;
}

static void next_stage(Screen *screen, const Scene *scene, double now)
{
    int steps = views_samples(scene->session, scene->run)->steps, stage = scene->session->stage;
    stage = stage >= steps ? 0 : stage + 1;
    scene->session->stage = stage;
    screen->pace.frame = now + (stage == steps ? END_S : FRAME_S);
}

/* ---- The clock ---- */

Reply screen_tick(Screen *screen, const Snapshot *snapshot, double now)
{
    Scene scene = screen_scene(screen, snapshot);
    Pace *pace = &screen->pace;
    LookSet want = wanted(screen, &scene);
    Reply reply;
    if (!same_set(&want, &pace->wanted)) {
        pace->wanted = want;
        pace->since = now;
    }
    if (now - pace->since >= REST_S && next_look(&pace->asked, &want, &reply))
        return reply;
    if (!plays(screen, &scene)) {
        pace->frame = 0;
    } else if (now >= pace->frame) {
        next_stage(screen, &scene, now);
        return (Reply){.kind = REPLY_NONE};
    }
    return (Reply){.kind = REPLY_UNKNOWN};
}

double screen_wait(Screen *screen, const Snapshot *snapshot, double now)
{
    Scene scene = screen_scene(screen, snapshot);
    const Pace *pace = &screen->pace;
    bool owed = owes(pace), playing = plays(screen, &scene);
    double look_due = fmax(pace->since + REST_S - now, 0), frame_due = fmax(pace->frame - now, 0);
    if (!owed || !playing)
        return owed ? look_due : playing ? frame_due : -1;
    return fmin(look_due, frame_due);
}
