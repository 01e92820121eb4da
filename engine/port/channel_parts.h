/* What the two kinds of channel share. Nobody else includes this. */
#ifndef DDIL_CHANNEL_PARTS_H
#define DDIL_CHANNEL_PARTS_H

#include "engine/port/channel.h"

typedef struct ChannelKind {
    void (*close)(Channel *channel);
    bool (*takes)(const Channel *channel);
    void (*say)(Channel *channel, const Line *line);
    ChannelNews (*hear)(Channel *channel, Line *line);
    struct pollfd (*wish)(const Channel *channel);
    double wait; /* see channel_wait */
} ChannelKind;

/* Each kind's own begins with one. */
struct Channel {
    const ChannelKind *kind;
};

Channel *channel_by_socket(const char *runs);
Channel *channel_by_mail(const char *runs, TrainerWatch *watch);
/* Reads a line; CHANNEL_LINE or CHANNEL_NONSENSE. */
static inline ChannelNews channel_read(Line *line, const char *text)
{
    if (!line_read(line, text, NULL))
        return CHANNEL_LINE;
    snprintf(line->text, sizeof line->text, "%.255s", text);
    return CHANNEL_NONSENSE;
}

#endif
