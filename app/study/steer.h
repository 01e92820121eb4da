/* What a run that trains in a process of its own obeys: commands of its mailbox (inbox.h). */
#ifndef DDIL_STEER_H
#define DDIL_STEER_H

#include "engine/port/inbox.h"
#include "engine/run/run.h"

typedef struct Steer {
    Inbox *inbox;
    bool paused, stop;
    long pause_at; /* -1: no step */
} Steer;

Steer steer_open(const Run *run);
void steer_close(Steer *steer);
/* Between two quanta: obeys what has come, and while the run is paused waits, until leave() or
 * `end` on clock_s. false: it was told to stop; it is the caller's to save. */
bool steer_turn(Steer *steer, Run *run, bool (*leave)(void), double end);

#endif
