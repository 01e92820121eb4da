/* A trace of what the program does, for whoever looks for a fault: switched on by naming a file in
 * DDIL_TRACE. Any thread, any process that shares the file: an event is one line, written at once.
 *   seconds process event text
 * Seconds are of clock_s. Events: start, command, done, frame, heard and said (lines of the port),
 * checkpoint. */
#ifndef DDIL_TRACE_H
#define DDIL_TRACE_H

#include "engine/base/status.h"

/* Opens the file that $DDIL_TRACE names, to append to it; not set: does nothing. Before there are
 * threads. BAD_INPUT with the system's reason. */
Status trace_open(Error *error);
/* Costs a comparison when the trace is off. Texts are made plain, and cut at 500 bytes. */
void trace_event(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
