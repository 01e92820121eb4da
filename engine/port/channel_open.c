/* Owns the choice between the two ways to an owner. */
#include "engine/port/channel.h"
#include "engine/port/channel_parts.h"

Channel *channel_open(const char *runs, TrainerWatch *watch)
{
    Channel *channel = channel_by_socket(runs);
    return channel ? channel : channel_by_mail(runs, watch);
}

void channel_close(Channel *channel)
{
    if (channel)
        channel->kind->close(channel);
}

bool channel_takes(const Channel *channel) { return channel->kind->takes(channel); }

void channel_say(Channel *channel, const Line *line) { channel->kind->say(channel, line); }

ChannelNews channel_hear(Channel *channel, Line *line)
{
    return channel->kind->hear(channel, line);
}

struct pollfd channel_wish(const Channel *channel) { return channel->kind->wish(channel); }

double channel_wait(const Channel *channel) { return channel->kind->wait; }
