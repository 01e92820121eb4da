/* Owns the launchers' variables. */
#include "engine/base/number.h"
#include "engine/ranks/ranks.h"
#include <stdlib.h>

/* Of which launcher, and how many processes it started. Slurm sets its own in every step, beside
 * those of whatever MPI it was asked for; a batch script is no step. */
static const struct {
    const char *by, *size;
} sign[] = {
    {"mpirun", "OMPI_COMM_WORLD_SIZE"},
    {"mpirun", "PMI_SIZE"},
    {"srun", "SLURM_STEP_NUM_TASKS"},
};

RanksLaunch ranks_launch(void)
{
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++) {
        const char *text = getenv(sign[i].size);
        int size;
        if (text && number_int(text, 1, RANKS_MOST, &size))
            return (RanksLaunch){sign[i].by, size};
    }
    return (RanksLaunch){NULL, 1};
}
