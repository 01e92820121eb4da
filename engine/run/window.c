/* Owns the window of the last steps. */
#include "engine/run/window.h"
#include <math.h>

void window_add(Window *window, double loss, double norm)
{
    int64_t at = window->steps++ % WINDOW_STEPS;
    window->loss[at] = loss;
    window->norm[at] = norm;
}

static double variance(int n, const double *x)
{
    double mean = 0, sum = 0;
    if (n < 2)
        return NAN;
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (n - 1);
}

void window_variances(const Window *window, double *loss, double *norm)
{
    int n = window->steps < WINDOW_STEPS ? (int)window->steps : WINDOW_STEPS;
    *loss = variance(n, window->loss);
    *norm = variance(n, window->norm);
}

void window_walk(Window *window, Walk *walk)
{
    walk_f64(walk, "window.loss", WINDOW_STEPS, window->loss);
    walk_f64(walk, "window.norm", WINDOW_STEPS, window->norm);
    walk_i64(walk, "window.steps", 1, &window->steps);
    if (window->steps < 0) /* a file is not trusted */
        window->steps = 0;
}
