/* The runs that a process without a hand on it must care for: those at work or waiting for it. */
#ifndef DDIL_LIVE_H
#define DDIL_LIVE_H

#include "engine/engine.h"

bool live_is(const RunView *view);
bool live_any(const Snapshot *snapshot);
/* Has every one of them saved; they go on. */
void live_save(Engine *engine);

#endif
