/* 95 % intervals of a population's value, each by what its estimate is made of. How often they hold
 * is measured by tests/bench/bench_coverage.c; where that is not 95 % the header says how much it
 * is. Pure; any thread. */
#ifndef DDIL_INTERVAL_H
#define DDIL_INTERVAL_H

#include <stdbool.h>

typedef struct Interval {
    double value, low, high;
} Interval;

enum { INTERVAL_BLOCKS = 10 };

/* What leaving out comes to: an estimate of all rows, and without each block of one set's rows. */
typedef struct Jackknife {
    double whole, x[INTERVAL_BLOCKS], y[INTERVAL_BLOCKS];
} Jackknife;

/* Delete-a-block jackknife over the blocks of x alone (Kuensch 1989), Student's t of 9 degrees of
 * freedom round the estimate itself. The other set counts as it is. */
Interval interval_one(const Jackknife *j);
/* Over the blocks of both sets, Welch's degrees of freedom. Of an estimate that is biased by O(1/n)
 * (`biased`: Frechet, Wasserstein) the centre has that bias taken off (Quenouille 1956), while
 * value stays the estimate, which may so lie above its own interval. */
Interval interval_two(const Jackknife *j, bool biased);

/* A share of k among n, 0 <= k <= n: the exact interval of Clopper and Pearson (1934), at least 95
 * %. */
Interval interval_share(long k, long n);
/* The least of several shares right[c] / asked[c]; those with asked 0 are left out, NaN when none
 * is left. It knows that the least of several was picked: intervals hold for all at once that might
 * be the least (Bonferroni). */
Interval interval_least(int n, const long *right, const long *asked);
/* How many of n shares count[c] / total reach `share`: from those that surely do to those that may,
 * for all at once that are in doubt. Holds at least 95 %: a whole number is often certain. */
Interval interval_reach(int n, const long *count, long total, double share);

/* mean(a) / mean(b), a and b independent, > 0 and heavy-tailed: Student's t in logarithms, with as
 * many degrees of freedom as rows count after their weight (Kish 1965), (sum a)^2 / sum a^2. */
Interval interval_ratio(int n, const double *a, const double *b);

#endif
