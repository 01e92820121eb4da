/* Owns the launchers' variables. */
#include "engine/base/number.h"
#include "engine/ranks/ranks.h"
#include <stdlib.h>

/* Of which launcher, how many processes it started, and which of them this is. Slurm sets its own
 * in every step, beside those of whatever MPI it was asked for; a batch script is no step. */
static const struct {
    const char *by, *size, *rank;
} sign[] = {
    {"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {"mpirun", "PMI_SIZE", "PMI_RANK"},
    {"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
};

RanksLaunch ranks_launch(void)
{
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++) {
        const char *text = getenv(sign[i].size);
        int size, rank = 0;
        if (!text || !number_int(text, 1, RANKS_MOST, &size))
            continue;
        text = getenv(sign[i].rank);
        if (text && !number_int(text, 0, size - 1, &rank))
            rank = 0;
        return (RanksLaunch){sign[i].by, size, rank};
    }
    return (RanksLaunch){NULL, 1, 0};
}
