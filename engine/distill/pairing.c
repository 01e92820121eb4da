/* Owns the pairings. May call libc. */
#include "engine/distill/pairing.h"
#include <math.h>

int ict_points(long k, long steps, int first, int last)
{
    double doublings = last > first ? floor(log2((double)last / first) + 1e-9) : 0;
    long each = (long)floor((double)steps / (doublings + 1)), done = each > 0 ? k / each : 0;
    double points = first * exp2(fmin((double)done, 30));
    return (int)fmin(points, last) + 1;
}

void ict_chances(int n, const double *t, double mean, double deviation, double *chance)
{
    double sum = 0;
    for (int i = 0; i + 1 < n; i++) {
        chance[i] = erf((log(t[i + 1]) - mean) / (sqrt(2) * deviation)) -
                    erf((log(t[i]) - mean) / (sqrt(2) * deviation));
        sum += chance[i];
    }
    for (int i = 0; i + 1 < n; i++)
        chance[i] /= sum;
}

double ict_huber_c(int dims) { return 0.00054 * sqrt((double)dims); }

double ect_partner(double t, double q, int stage)
{
    double near = 1 + 8 / (1 + exp(t));
    return fmax(0, t * (1 - pow(q, -(stage + 1)) * near));
}
