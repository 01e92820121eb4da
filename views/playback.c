/* Owns what time does to the screen: playing through the sampling steps, and telling the engine,
 * once the cursor rests, what is looked at. */
#include "views/playback.h"

#include "views/model/overlay.h"
#include "views/model/samples.h"
#include "views/view.h"
#include <math.h>
#include <stdio.h>

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

static LookSet wanted(const Playback *playback, const Scene *scene)
{
    unsigned looks = playback->looks | (playback->side ? LOOK_PAST : 0);
    LookSet set = {0};
    if (scene->run && (looks & LOOK_OVERLAY) != 0) {
        Overlay overlay = overlay_runs(scene);
        for (int i = 0; i < overlay.n; i++)
            ask(&set, overlay.run[i], overlay_step(scene, overlay.run[i]), false);
    } else if (scene->run && looks != 0) {
        ask(&set, scene->run, overlay_step(scene, scene->run), (looks & LOOK_PATHS) != 0);
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

static bool owes(const Playback *playback)
{
    LookSet asked = playback->asked, want = playback->wanted;
    Reply reply;
    return next_look(&asked, &want, &reply);
}

/* ---- Playing ---- */

static bool plays(const Playback *playback, const Scene *scene)
{
    return scene->session->playing && scene->run && (playback->looks & LOOK_PAST) != 0 &&
           samples_shown(scene->session, scene->run)->n > 0;
}

static void next_stage(Playback *playback, const Scene *scene, double now)
{
    int steps = samples_shown(scene->session, scene->run)->steps, stage = scene->session->stage;
    stage = stage >= steps ? 0 : stage + 1;
    scene->session->stage = stage;
    playback->frame = now + (stage == steps ? END_S : FRAME_S);
}

/* ---- The clock ---- */

Reply playback_tick(Playback *playback, const Scene *scene, double now)
{
    LookSet want = wanted(playback, scene);
    Reply reply;
    if (!same_set(&want, &playback->wanted)) {
        playback->wanted = want;
        playback->since = now;
    }
    if (now - playback->since >= REST_S && next_look(&playback->asked, &want, &reply))
        return reply;
    if (!plays(playback, scene)) {
        playback->frame = 0;
    } else if (now >= playback->frame) {
        next_stage(playback, scene, now);
        return (Reply){.kind = REPLY_NONE};
    }
    return (Reply){.kind = REPLY_UNKNOWN};
}

double playback_wait(const Playback *playback, const Scene *scene, double now)
{
    bool owed = owes(playback), playing = plays(playback, scene);
    double look_due = fmax(playback->since + REST_S - now, 0);
    double frame_due = fmax(playback->frame - now, 0);
    if (owed && playing)
        return fmin(look_due, frame_due);
    if (owed)
        return look_due;
    return playing ? frame_due : -1;
}
