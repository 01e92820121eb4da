/* What time does to the screen: playing through the sampling steps, and telling the engine, once
 * the cursor rests, what is looked at. Pure: the clock is handed in. */
#ifndef DDIL_PLAYBACK_H
#define DDIL_PLAYBACK_H

#include "views/model/reply.h"
#include "views/model/session.h"

/* A COMMAND_LOOK. */
typedef struct LookAt {
    int run;
    long step;
    bool paths;
} LookAt;

/* One of a run each. */
typedef struct LookSet {
    int n;
    LookAt at[OVERLAY_MAX];
} LookSet;

typedef struct Playback {
    unsigned looks; /* what the view in front shows of the past: of Beyond (views/view.h) */
    bool side;      /* the samples rail stands beside it */
    LookSet asked, wanted;
    double since; /* when `wanted` became so */
    double frame; /* when the next stage is due, 0: nothing plays */
} Playback;

/* `now` in seconds. REPLY_SEND: send it; REPLY_NONE: draw again; REPLY_UNKNOWN: nothing changed. */
Reply playback_tick(Playback *playback, const Scene *scene, double now);
/* Seconds until playback_tick has something to do; negative: nothing to wait for. */
double playback_wait(const Playback *playback, const Scene *scene, double now);

#endif
