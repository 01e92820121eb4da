/* What a run costs, in network evaluations. */
#ifndef DDIL_COST_H
#define DDIL_COST_H

/* Network evaluations: forward = 1, backward = 2, a guided teacher counts both calls. */
typedef struct Cost {
    double teacher, student, critic, shift;
} Cost;
static inline double cost_total(const Cost *cost)
{
    return cost->teacher + cost->student + cost->critic + cost->shift;
}

#endif
