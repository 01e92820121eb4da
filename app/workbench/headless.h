/* An engine without a screen: what goes on when a run was detached or a terminal was lost. */
#ifndef DDIL_HEADLESS_H
#define DDIL_HEADLESS_H

#include "engine/engine.h"

/* From now on this process has no terminal: standard input is empty, what is written goes
 * to the end of runs/engine.log. */
Status headless_redirect(const char *runs, Error *error);
/* Serves until SIGTERM (STATUS_INTERRUPTED), or until no run is live any more and nobody
 * needs it: at once without viewers, after a grace with some. Writes news to standard
 * output. signals: of signals_open. The caller closes the engine. */
Status headless_serve(Engine *engine, int signals, Error *error);

#endif
