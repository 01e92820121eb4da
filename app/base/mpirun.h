/* A run in several processes that mpirun starts: a wrapping of it, whose exit code is this
 * program's own whatever mpirun makes of a process that is lost. */
#ifndef DDIL_MPIRUN_H
#define DDIL_MPIRUN_H

#include "engine/base/status.h"
#include <stdbool.h>

/* mpirun -n ranks of this program with `word` (argv, NULL at the end), and waits for it. SIGTERM,
 * SIGINT, SIGHUP, SIGUSR2 and SIGXCPU reach the first rank as SIGUSR2, for which mpirun allows any
 * time (after SIGTERM it kills in a second); SIGUSR1 as itself. What the first rank ended with;
 * FAILED when a process was lost. open_mpi: it is that one's mpirun. */
Status mpirun(long ranks, bool open_mpi, char *const *word, Error *error);

/* In rank `rank` that a launcher started, with its argv, before it has threads: goes on in a child,
 * in the same group. The parent passes signals on as above, ends with the child's code, and with
 * FAILED and a line that names the rank where a signal ended the child: of that, launchers make
 * codes of their own. The parent's end is the child's. Nothing happens where no process can be
 * started. */
void mpirun_watched(int rank, char *const *word);

#endif
