/* Owns the small statistics. May call base. */
#include "engine/measure/stats.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double mean_of(int n, const double *x)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += x[k];
    return sum / n;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile_of(int n, double *x, double p)
{
    must(n >= 1 && p >= 0 && p <= 1);
    qsort(x, (size_t)n, sizeof *x, ascending);
    double at = p * (n - 1);
    int below = (int)at;
    return below + 1 < n ? x[below] + (at - below) * (x[below + 1] - x[below]) : x[below];
}

enum { LANES = 8 };

static double sum_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

double squared_distance(int d, const float *a, const float *b)
{
    double sum = 0, lane[LANES] = {0};
    int k = 0;
    for (; k + LANES <= d; k += LANES)
        for (int i = 0; i < LANES; i++) {
            double difference = (double)a[k + i] - b[k + i];
            lane[i] += difference * difference;
        }
    for (; k < d; k++) {
        double difference = (double)a[k] - b[k];
        sum += difference * difference;
    }
    return sum + sum_lanes(lane);
}
