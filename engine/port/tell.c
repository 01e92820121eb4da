/* Owns the asking of an owner by somebody who only wants one thing. */
#include "engine/port/tell.h"
#include "engine/base/clock.h"
#include "engine/port/channel.h"
#include <math.h>

/* Until something can be heard, or that time has come. */
static void doze(const Channel *channel, double until)
{
    struct pollfd wish = channel_wish(channel);
    double left = fmin(until - clock_s(), channel_wait(channel));
    poll(&wish, 1, left > 0 ? (int)ceil(left * 1000) : 0);
}

Status tell_owner(const char *runs, const Command *command, double wait, NoteView *answer,
                  Error *error)
{
    TrainerWatch watch = {.since = 0};
    Channel *channel = channel_open(runs, &watch);
    Line line = {.kind = LINE_DO, .tag = 1, .command = *command};
    double until = clock_s() + wait;
    bool heard = false;
    if (!channel)
        return fail(error, STATUS_BLOCKED, "nobody trains in %.200s now", runs);
    channel_say(channel, &line);
    ChannelNews news = CHANNEL_QUIET;
    while (!heard && news != CHANNEL_GONE && clock_s() < until) {
        if ((news = channel_hear(channel, &line)) == CHANNEL_QUIET)
            doze(channel, until);
        heard = news == CHANNEL_LINE && line.kind == LINE_NOTE && line.note.ticket == 1;
    }
    channel_close(channel);
    *answer = line.note;
    return heard ? STATUS_OK : fail(error, STATUS_BLOCKED, "nobody answers in %.200s", runs);
}
