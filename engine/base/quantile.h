/* Quantiles of the normal and of Student's distribution. Pure functions; any thread. Source:
 * Student's through the regularised incomplete beta function (DLMF 26.5, 8.17.22). */
#ifndef DDIL_QUANTILE_H
#define DDIL_QUANTILE_H

/* x with share p of N(0, 1) below it, 0 < p < 1. */
double normal_quantile(double p);

/* P(X <= k) for a binomial X: n trials of chance p; 0 <= k < n, 0 < p < 1. Within 1e-12. */
double binomial_below(long k, long n, double p);

/* P(|T| >= |t|) for Student's T of `df` > 0 degrees of freedom; 1 for t = 0, 0 for an infinite t,
 * NaN for NaN. Within 1e-12. */
double student_two_sided(double t, double df);
/* The t with student_two_sided(t, df) = alpha, 0 < alpha < 1; relative error below 1e-10. */
double student_quantile(double alpha, double df);

#endif
