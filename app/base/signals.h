/* Signals as bytes on a descriptor, and a terminal given back whatever happens. */
#ifndef DDIL_SIGNALS_H
#define DDIL_SIGNALS_H

#include "engine/base/status.h"
#include <signal.h>
#include <termios.h>

/* What a signal that schedulers send asks for. */
typedef enum SignalSense {
    SENSE_NONE,
    SENSE_SAVE, /* USR1: save, and go on */
    SENSE_STOP, /* TERM, USR2, XCPU: save, and end */
} SignalSense;
SignalSense signals_sense(int number);

/* Those that signals_open makes bytes of. */
sigset_t signals_caught(void);
/* Catches WINCH, TSTP, CONT, TERM, HUP, INT, USR1, USR2, XCPU and ignores PIPE and ALRM. Returns
 * the descriptor to poll, one byte a signal. */
Status signals_open(int *descriptor, Error *error);
/* Back to how it was. */
void signals_close(void);
/* Stops this process group as ^Z does, and returns when it goes on. */
void signals_stop_here(void);

/* From now on a crash or a failed must() writes the restoring string to `descriptor` and
 * sets `sane`, before the signal takes its course. */
void signals_guard(int descriptor, const struct termios *sane);
/* The terminal is our own no longer. */
void signals_unguard(void);

#endif
