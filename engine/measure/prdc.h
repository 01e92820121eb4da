/* Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * samples against real rows, by balls that reach to the k-th neighbour (methods.md 9). Counts
 * are exact: what matrix products leave in doubt is compared anew, so ties are ties. Any thread
 * with its own Work. */
#ifndef DDIL_PRDC_H
#define DDIL_PRDC_H

#include "engine/measure/pairs.h"

enum { PRDC_BALL = 3, PRDC_DENSITY = 5, PRDC_K_MAX = 8 };

typedef struct Prdc {
    double precision; /* share of samples inside (<=) any real row's ball of k = ball */
    double recall;    /* share of real rows inside any sample's ball of k = ball */
    double density;   /* real balls of k = density a sample is strictly inside of, over that k; may
                         exceed 1 */
    double
        coverage; /* share of real rows with a sample strictly inside their ball of k = density */
} Prdc;

/* Samples x, real rows y; n > ball, m > both, each at most PRDC_K_MAX. Balls leave their own centre
 * out. Where more rows than k coincide radii are nought: nothing is strictly inside such a ball. */
Prdc prdc(const Pair *pair, int ball, int density, const Work *work);
/* prdc for the jackknife: value[b], b = 0 .. blocks-1, without the b-th of `blocks` equal runs
 * of samples; value[blocks]: whole. Three passes over pairs. */
void prdc_blocks(const Pair *pair, int ball, int density, int blocks, Prdc *value,
                 const Work *work);
/* How many of the rows x (n x d, n > k) have a ball of radius nought to their k-th neighbour. */
int prdc_points(int n, const float *x, int d, int k, const Work *work);

#endif
