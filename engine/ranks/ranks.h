/* Ranks: the processes that train one run together, on one machine or on many. All of them take the
 * same steps on the same numbers; the chunks of a map are dealt among them (nets/crew.h). Built
 * without MPI (make MPI=1) there is one process, and nothing here has anything to do.
 *
 * One thread of a process calls. Waiting is for every rank to come to the same call; it gives the
 * core away. A rank that is gone, or whose line is broken, ends the program: STATUS_FAILED, with
 * the rank's name and what ranks_on_loss was given. */
#ifndef DDIL_RANKS_H
#define DDIL_RANKS_H

#include "engine/base/status.h"

typedef struct Ranks Ranks; /* NULL: one process */

enum { RANKS_MOST = 1 << 20 };

/* What started this process together with others, by its variables. */
typedef struct RanksLaunch {
    const char *by; /* "mpirun", "srun"; NULL: nothing of the kind */
    int size;       /* processes; 1 when it is alone */
    int rank;       /* which of them, before MPI says so */
} RanksLaunch;
RanksLaunch ranks_launch(void);

/* "Open MPI v4.1.4", or "" when built without. */
const char *ranks_library(char text[64]);

/* Joins the processes that a launcher started, if there are several; a single one never touches
 * MPI. *ranks is NULL then. BAD_INPUT where several were started and this program cannot join them,
 * or where their processors differ in the last digits. */
Status ranks_open(Ranks **ranks, Error *error);
/* When all are done: waits for them. The program may not wait for anybody afterwards. */
void ranks_close(Ranks *ranks);

int ranks_rank(const Ranks *ranks); /* 0 for NULL */
int ranks_size(const Ranks *ranks); /* 1 for NULL */
/* Of this process: cores that no other rank of this host counts on, at least 1. */
int ranks_cores(const Ranks *ranks);
/* "host", for messages. */
const char *ranks_host(const Ranks *ranks, int rank);
/* What to say beside the name of a rank that is lost, from now on; at most 1,200 bytes of it. */
void ranks_on_loss(Ranks *ranks, const char *text);

/* `size` bytes of rank `from` become everybody's. */
void ranks_tell(Ranks *ranks, int from, void *data, size_t size);
/* Each rank's bytes, size[rank] of them, one behind the other in `all` of every rank. */
void ranks_gather(Ranks *ranks, const void *own, const size_t *size, void *all);

/* A sum in the order of ranks, to the bits of one process: rank 0 begins, each further one adds its
 * own to what came, `add` a range of n floats from `from` on at a time, and the last one's result
 * becomes everybody's. */
typedef void RanksAdd(void *context, size_t from, size_t n);
void ranks_chain(Ranks *ranks, size_t n, float *sum, RanksAdd *add, void *context);
/* A sum in whatever order the library finds fast; every rank has the same result. */
void ranks_sum(Ranks *ranks, size_t n, float *sum);

#endif
