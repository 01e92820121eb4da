/* Owns the reading and moving of the cursor. See session.h. */
#include "views/model/session.h"

#include <stddef.h>

const char *const palette_names[] = {"okabe-ito", "tol", "grey", NULL};

const RunView *snapshot_run(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    return NULL;
}

bool run_at_its_end(const RunView *run)
{
    return run->state == RUN_DONE && run->step >= run->steps;
}

Reference session_reference(const Session *session, const RunView *run)
{
    if (session->reference != REFERENCE_AUTO)
        return session->reference;
    if (!run || !run->guided)
        return REFERENCE_RATIO;
    return run->renoises ? REFERENCE_MMD_TEACHER : REFERENCE_PAIRED;
}

long session_step(const Session *session, const RunView *run)
{
    return session->live || session->step > run->step ? run->step : session->step;
}

int session_seed(const Session *session) { return session->seed > 0 ? session->seed : 0; }

/* A fortieth of the run, to whole multiples of it. */
static void scrub(const Scene *scene, int by)
{
    Session *session = scene->session;
    const RunView *run = scene->run;
    long stride = run->steps / 40 > 0 ? run->steps / 40 : 1, now = session_step(session, run);
    long step = by < 0 ? (now - 1) / stride * stride : (now / stride + 1) * stride;
    session->live = step >= run->step;
    session->step = step > 0 ? step : 0;
}

bool session_scrub(const Scene *scene, Action action)
{
    Session *session = scene->session;
    if (!scene->run)
        return false;
    bool playing = session->playing;
    session->playing = false;
    switch (action) {
    case ACTION_EARLIER: scrub(scene, -1); return true;
    case ACTION_LATER: scrub(scene, 1); return true;
    case ACTION_LAST:
        session->live = true;
        session->stage = STAGE_LAST;
        return true;
    case ACTION_PLAY: session->playing = !playing; return true;
    default: return false;
    }
}
