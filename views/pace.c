/* Owns what time does to the screen: playing through the sampling steps, and telling the engine, once the cursor rests, what
 * is looked at. */
#include "views/screen_parts.h"

static const double REST_S = 0.15, FRAME_S = 0.5, END_S = 1.2;

/* ---- Looking ---- */

static bool same(LookAt a, LookAt b)
{
    return a.run == b.run && a.step == b.step && a.paths == b.paths;
}

/* What the view in front wants; nothing ends what was asked for before. */
static LookAt wanted(const Screen *screen, const Scene *scene)
{
    unsigned looks = views[screen->front]->looks | (screen->side ? LOOK_PAST : 0);
    const Session *session = scene->session;
    LookAt asked = screen->pace.asked;
    if (scene->run != NULL && looks != 0) {
        LookAt want = {scene->run->id, session->live ? -1 : session->step, (looks & LOOK_PATHS) != 0};
        bool plain = want.step < 0 && !want.paths;
        return plain && asked.run == 0 ? asked : want;
    }
    return asked.run == 0 ? asked : (LookAt){asked.run, -1, false};
}

static Reply look(LookAt at)
{
    Reply reply = {
        .kind = REPLY_SEND, .command = {.kind = COMMAND_LOOK, .run = at.run, .number = at.step}
    };
    snprintf(reply.command.text, sizeof reply.command.text, "%s", at.paths ? "paths" : "");
    return reply;
}

/* ---- Playing ---- */

static bool plays(const Screen *screen, const Scene *scene)
{
    return scene->session->playing && scene->run != NULL && views[screen->front]->looks != 0 &&
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
    LookAt want = wanted(screen, &scene);
    if (!same(want, pace->wanted)) {
        pace->wanted = want;
        pace->since = now;
    }
    if (!same(want, pace->asked) && now - pace->since >= REST_S) {
        pace->asked = want;
        return look(want);
    }
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
    double look_due = !same(pace->wanted, pace->asked) ? pace->since + REST_S - now : -1;
    double frame_due = plays(screen, &scene) ? pace->frame - now : -1;
    look_due = look_due < 0 && !same(pace->wanted, pace->asked) ? 0 : look_due;
    frame_due = frame_due < 0 && plays(screen, &scene) ? 0 : frame_due;
    if (look_due < 0 || frame_due < 0) {
        return look_due < 0 ? frame_due : look_due;
    }
    return look_due < frame_due ? look_due : frame_due;
}
