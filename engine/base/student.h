/* Inference over seeds: Student's t, paired differences, Holm's correction. Pure functions; any
 * thread. Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J.
 * Statist. 6 (1979). */
#ifndef DDIL_STUDENT_H
#define DDIL_STUDENT_H

#include "engine/base/quantile.h"

/* Some numbers, one a seed, and what they say of the mean of all such seeds. */
typedef struct Sample {
    int n;            /* finite ones among them */
    double mean;      /* NaN when n = 0 */
    double deviation; /* over n - 1; NaN when n < 2 */
    double reach;     /* half of Student's 95 % interval of the mean; NaN when n < 2 */
    double p;         /* of a mean of nought, two-sided; NaN when n < 2, 0 when deviation is 0 */
    double effect;    /* mean / deviation (Cohen's d_z where x are paired differences) */
} Sample;

/* Values that are not finite are left out: of a paired difference, both. */
Sample student_sample(int n, const double *x);
/* The same of x[i] - y[i]. */
Sample student_paired(int n, const double *x, const double *y);

/* Holm's adjusted p-values, in place: p[i] <= alpha after it rejects at a family-wise level of
 * alpha. Those that are NaN stay, and do not count as tests. order: n ints of scratch. */
void holm_adjust(int n, double *p, int *order);

#endif
