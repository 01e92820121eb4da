/* A lock for file systems that know none (flock: ENOLCK, ENOTSUP, ...): a file beside the lock that
 * names its holder, PATH.held for one who holds it alone, PATH.held-N for those who share it. A
 * holder on this machine is alive when its process is; one on another machine as long as it touches
 * its file. */
#ifndef DDIL_GUARD_H
#define DDIL_GUARD_H

#include "engine/base/status.h"
#include <stdbool.h>

enum { GUARD_BEAT_S = 60 }; /* a holder calls guard_beat at least so often */

/* Does this errno of flock say that there are no locks here? */
bool guard_needed(int reason);
/* Takes the lock PATH, which exists; *descriptor is for guard_release. BLOCKED when another holds
 * it. */
Status guard_take(const char *path, bool alone, int *descriptor, Error *error);
/* Also of an flock; closes the descriptor. */
void guard_release(int descriptor);
/* Writes who holds it, this process, into a lock's file. */
void guard_sign(int descriptor);
void guard_beat(int descriptor);
/* Does a living holder have it, alone, or (shared) at all? */
bool guard_held(const char *path, bool shared);

#endif
