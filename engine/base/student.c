/* Owns what is inferred over seeds. May call base. */
#include "engine/base/student.h"

#include <math.h>
#include <stddef.h>

/* ---- Samples ---- */

Sample student_paired(int n, const double *x, const double *y)
{
    Sample sample = {.mean = 0, .deviation = NAN, .reach = NAN, .p = NAN, .effect = NAN};
    double squares = 0;
    for (int i = 0; i < n; i++) {
        double value = x[i] - (y ? y[i] : 0);
        if (!isfinite(value))
            continue;
        double above = value - sample.mean; /* Welford's recurrence */
        sample.mean += above / ++sample.n;
        squares += above * (value - sample.mean);
    }
    if (sample.n == 0)
        sample.mean = NAN;
    if (sample.n < 2)
        return sample;
    double error = sqrt(squares / (sample.n - 1) / sample.n);
    sample.deviation = sqrt(squares / (sample.n - 1));
    sample.reach = student_quantile(0.05, sample.n - 1) * error;
    sample.p = sample.mean == 0 ? 1 : student_two_sided(sample.mean / error, sample.n - 1);
    sample.effect = sample.mean == 0 ? 0 : sample.mean / sample.deviation;
    return sample;
}

Sample student_sample(int n, const double *x) { return student_paired(n, x, NULL); }

/* ---- Many tests ---- */

void holm_adjust(int n, double *p, int *order)
{
    int tests = 0;
    for (int i = 0; i < n; i++) { /* insertion: a study has some hundred tests */
        if (isnan(p[i]))
            continue;
        int at = tests++;
        for (; at > 0 && p[order[at - 1]] > p[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    double least = 0;
    for (int i = 0; i < tests; i++) {
        least = fmax(least, fmin(1, (tests - i) * p[order[i]]));
        p[order[i]] = least;
    }
}
