/* Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * samples against real rows, by balls that reach to the k-th neighbour (methods.md 9). Pure; any
 * thread with its own scratch arena. */
#ifndef DDIL_PRDC_H
#define DDIL_PRDC_H

#include "engine/base/arena.h"

enum { PRDC_BALL = 3, PRDC_DENSITY = 5, PRDC_K_MAX = 8 };

typedef struct Prdc {
    double precision; /* share of samples inside (<=) any real row's ball of k = ball */
    double recall;    /* share of real rows inside any sample's ball of k = ball */
    double density;   /* real balls of k = density a sample is strictly inside of, over that k; may
                         exceed 1 */
    double
        coverage; /* share of real rows with a sample strictly inside their ball of k = density */
} Prdc;

/* Samples x (n x d), real rows y (m x d); n > ball, m > both, each at most PRDC_K_MAX. Balls leave
 * their own centre out. */
Prdc prdc(int n, const float *x, int m, const float *y, int d, int ball, int density,
          Arena *scratch);
/* prdc for the jackknife: value[b], b = 0 .. blocks-1, without the b-th of `blocks` equal runs
 * of samples; value[blocks]: whole. O((n + m)^2 d); scratch: (blocks + 1)(n + m) doubles. */
void prdc_blocks(int n, const float *x, int m, const float *y, int d, int ball, int density,
                 int blocks, Prdc *value, Arena *scratch);

#endif
