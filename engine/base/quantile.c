/* Owns the normal and Student's distributions. May call libc. */
#include "engine/base/quantile.h"
#include <math.h>

/* ---- The normal distribution ---- */

/* Bisection: 60 halvings of [-9, 9] are more than a double can tell. */
double normal_quantile(double p)
{
    double low = -9, high = 9;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* ---- Student's distribution ---- */

enum { TERMS = 400 };

/* A factor of Lentz's method that must not vanish. */
static double kept_from_zero(double x) { return fabs(x) < 1e-300 ? 1e-300 : x; }

/* The continued fraction of the incomplete beta function, DLMF 8.17.22, by Lentz's method; quick
 * for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / kept_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m <= TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / kept_from_zero(1 + even * d);
        c = kept_from_zero(1 + even / c);
        value *= c * d;
        d = 1 / kept_from_zero(1 + odd * d);
        c = kept_from_zero(1 + odd / c);
        value *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return value;
}

/* lgamma leaves the sign where every thread may write. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* I_x(a, b), with y = 1 - x given apart since one of them may be tiny. */
static double beta_regularised(double a, double b, double x, double y)
{
    if (x <= 0 || y <= 0)
        return x <= 0 ? 0 : 1;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, y) / b;
}

double binomial_below(long k, long n, double p)
{
    return beta_regularised((double)(n - k), (double)(k + 1), 1 - p, p);
}

double student_two_sided(double t, double df)
{
    if (isnan(t) || isinf(t))
        return isnan(t) ? t : 0;
    double square = t * t;
    return beta_regularised(df / 2, 0.5, df / (df + square), square / (df + square));
}

double student_quantile(double alpha, double df)
{
    double low = 0, high = 1;
    while (student_two_sided(high, df) > alpha)
        high *= 2;
    while (high - low > 1e-12 * high) {
        double middle = (low + high) / 2;
        if (middle <= low || middle >= high)
            break;
        if (student_two_sided(middle, df) > alpha)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
