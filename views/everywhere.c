/* Owns the keys that mean the same in every view. See everywhere.h. */
#include "views/everywhere.h"

#include "views/model/command_line.h"
#include "views/model/group.h"
#include "views/model/marks.h"
#include <stdio.h>

static Reply steer(const Scene *scene, CommandKind kind, long number)
{
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    return (Reply){.kind = REPLY_SEND,
                   .command = {.kind = kind, .run = scene->run->id, .number = number}};
}

/* At the end of a run nothing would be left to do: the command line opens with more steps in it. */
static Reply fork_here(const Scene *scene)
{
    if (!scene->run || !run_at_its_end(scene->run))
        return steer(scene, COMMAND_FORK, FORK_HERE);
    Reply reply = reply_say(REPLY_ASK, ":");
    reply.asking = ASK_COMMAND;
    snprintf(reply.text, sizeof reply.text, "fork run.steps=%ld", 2 * scene->run->steps);
    return reply;
}

static bool goes(const RunView *run) { return run->state == RUN_LIVE || run->state == RUN_QUEUED; }

/* The runs of a group that the command means something to. */
static Reply steer_group(const Group *group, bool pause)
{
    Reply reply = {.kind = REPLY_UNKNOWN};
    for (int i = 0; i < group->n; i++) {
        const RunView *run = group->run[i];
        if (pause ? !goes(run) : run->state != RUN_PAUSED)
            continue;
        if (reply.kind == REPLY_SEND)
            reply.other[reply.others++] = run->id;
        else
            reply = steer(&(Scene){.run = run}, pause ? COMMAND_PAUSE : COMMAND_START, 0);
    }
    return reply;
}

static Reply toggle_pause(const Scene *scene)
{
    Group group = group_of(scene, scene->run);
    bool going = scene->run && goes(scene->run);
    for (int i = 0; i < group.n; i++)
        going = going || goes(group.run[i]);
    if (group.n > 0)
        return steer_group(&group, going);
    return steer(scene, going ? COMMAND_PAUSE : COMMAND_START, 0);
}

static Reply next_run(const Scene *scene, int by)
{
    int n = scene->snapshot->runs, chosen = 0;
    for (int i = 0; i < n; i++)
        chosen = scene->snapshot->run[i] == scene->run ? i : chosen;
    if (n > 0)
        scene->session->run = scene->snapshot->run[(chosen + by + n) % n]->id;
    return (Reply){.kind = n > 0 ? REPLY_NONE : REPLY_UNKNOWN};
}

static Reply jump(const Scene *scene, int direction)
{
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    return mark_jump(scene->session, scene->run, direction)
               ? (Reply){.kind = REPLY_NONE}
               : reply_say(REPLY_NONE, "no mark %s the cursor", direction > 0 ? "after" : "before");
}

/* Choices of all charts. false: not one of these. */
static bool choose(Session *session, Action action)
{
    switch (action) {
    case ACTION_LOG_Y:
        session->linear_y = !session->linear_y;
        session->log_x ^= !session->linear_y;
        return true;
    case ACTION_SMOOTH:
        session->smoothing = (session->smoothing + 1) % (SMOOTHINGS + 1);
        return true;
    case ACTION_ALL: session->all = !session->all; return true;
    case ACTION_DOTS: session->dots = (session->dots + 1) % DOTS_KINDS; return true;
    default: return false;
    }
}

Reply everywhere_act(const Scene *scene, Action action)
{
    switch (action) {
    case ACTION_PAUSE: return toggle_pause(scene);
    case ACTION_STEP: return steer(scene, COMMAND_STEP, 1);
    case ACTION_SAVE: return steer(scene, COMMAND_SAVE, 0);
    case ACTION_FORK: return fork_here(scene);
    case ACTION_PREVIOUS_MARK: return jump(scene, -1);
    case ACTION_NEXT_MARK: return jump(scene, 1);
    case ACTION_COPY: return command_line_do(scene, "metrics");
    case ACTION_NEXT_RUN: return next_run(scene, 1);
    case ACTION_PREVIOUS_RUN: return next_run(scene, -1);
    default: return (Reply){.kind = choose(scene->session, action) ? REPLY_NONE : REPLY_ELSEWHERE};
    }
}
