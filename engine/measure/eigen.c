/* Owns the Jacobi eigenvalue method. May call libc. */
#include "engine/measure/eigen.h"
#include <math.h>

enum { SWEEPS_MAX = 60 };

/* Rows p and q of m (n columns), turned in their plane. */
static void turn_rows(int n, double *m, int p, int q, double c, double s)
{
    for (int k = 0; k < n; k++) {
        double mp = m[p * n + k], mq = m[q * n + k];
        m[p * n + k] = c * mp - s * mq;
        m[q * n + k] = s * mp + c * mq;
    }
}

static void turn_columns(int n, double *m, int p, int q, double c, double s)
{
    for (int k = 0; k < n; k++) {
        double mp = m[k * n + p], mq = m[k * n + q];
        m[k * n + p] = c * mp - s * mq;
        m[k * n + q] = s * mp + c * mq;
    }
}

/* The rotation that zeroes a[p][q]. */
static void rotate(int n, double *a, double *vector, int p, int q)
{
    double apq = a[p * n + q];
    if (apq == 0)
        return;
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    turn_columns(n, a, p, q, c, s);
    turn_rows(n, a, p, q, c, s);
    turn_rows(n, vector, p, q, c, s);
}

static int diagonal(int n, const double *a)
{
    double off = 0, on = 0;
    for (int p = 0; p < n; p++) {
        on += a[p * n + p] * a[p * n + p];
        for (int q = p + 1; q < n; q++)
            off += a[p * n + q] * a[p * n + q];
    }
    return off <= 1e-30 * on;
}

static void sort_descending(int n, double *value, double *vector)
{
    for (int i = 0; i < n; i++) {
        int top = i;
        for (int j = i + 1; j < n; j++)
            if (value[j] > value[top])
                top = j;
        if (top == i)
            continue;
        double swap = value[i];
        value[i] = value[top];
        value[top] = swap;
        turn_rows(n, vector, i, top, 0, -1); /* a quarter turn swaps them, up to sign */
    }
}

void eigen_symmetric(int n, double *a, double *value, double *vector)
{
    for (int i = 0; i < n * n; i++)
        vector[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS_MAX && !diagonal(n, a); sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                rotate(n, a, vector, p, q);
    for (int i = 0; i < n; i++)
        value[i] = a[i * (n + 1)];
    sort_descending(n, value, vector);
}
