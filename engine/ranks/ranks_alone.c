/* Built without MPI: one process. With it, ranks_mpi.c stands in the place of this. */
#include "engine/base/pool.h"
#include "engine/ranks/ranks.h"

const char *ranks_library(char text[64])
{
    *text = 0;
    return text;
}

Status ranks_open(Ranks **ranks, Error *error)
{
    RanksLaunch launch = ranks_launch();
    *ranks = NULL;
    if (launch.size == 1)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s started %d of this, and this ddil is built without MPI: each would train the "
                "same run by itself; build it with make MPI=1, or start one process",
                launch.by, launch.size);
}

void ranks_close(Ranks *ranks) { (void)ranks; }

int ranks_rank(const Ranks *ranks) { return (void)ranks, 0; }

int ranks_size(const Ranks *ranks) { return (void)ranks, 1; }

int ranks_cores(const Ranks *ranks) { return (void)ranks, pool_cores(); }

const char *ranks_host(const Ranks *ranks, int rank) { return (void)ranks, (void)rank, ""; }

void ranks_on_loss(Ranks *ranks, const char *text) { (void)ranks, (void)text; }

void ranks_tell(Ranks *ranks, int from, void *data, size_t size)
{
    (void)ranks, (void)from, (void)data, (void)size;
}

void ranks_gather(Ranks *ranks, const void *own, const size_t *size, void *all)
{
    (void)ranks, (void)own, (void)size, (void)all;
}

void ranks_chain(Ranks *ranks, size_t n, float *sum, RanksAdd *add, void *context)
{
    (void)ranks, (void)sum;
    add(context, 0, n);
}

void ranks_sum(Ranks *ranks, size_t n, float *sum) { (void)ranks, (void)n, (void)sum; }
