/* A viewer's way to a folder's owner: whole lines (port_lines.h) both ways, by the socket where
 * that can be reached, else by the mailbox of the folder (the owner is on another host, or the
 * system gives no sockets). Whoever uses it does not know which. Nothing waits; one thread's. */
#ifndef DDIL_CHANNEL_H
#define DDIL_CHANNEL_H

#include "engine/port/port_lines.h"
#include "engine/store/external.h"
#include <poll.h>

typedef struct Channel Channel;

typedef enum ChannelNews {
    CHANNEL_QUIET,    /* nothing yet */
    CHANNEL_LINE,     /* *line is what the owner said */
    CHANNEL_NONSENSE, /* it said what is no line: its text is line->text */
    CHANNEL_GONE,     /* the owner has left: close */
} ChannelNews;

/* NULL: nobody owns the folder, or nobody listens there. `watch` (zeroed at first) remembers an
 * owner on another host that fell silent. */
Channel *channel_open(const char *runs, TrainerWatch *watch);
void channel_close(Channel *channel);                 /* NULL is fine */
bool channel_takes(const Channel *channel);           /* is there room for a line? */
void channel_say(Channel *channel, const Line *line); /* only when there is */
ChannelNews channel_hear(Channel *channel, Line *line);
/* What to wait for, and how many seconds at most, before hearing again. */
struct pollfd channel_wish(const Channel *channel);
double channel_wait(const Channel *channel);

#endif
