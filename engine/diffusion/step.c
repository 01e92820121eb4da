/* Owns the sampling steps: pure functions of one row, floats in and out, coefficients in
 * double. May call the random numbers. */
#include "engine/diffusion/step.h"
#include "engine/base/status.h"
#include <math.h>
#include <string.h>

/* The last step: u = 0 is the estimate itself, whatever the rule. */
static int finished(int d, Noise s, const float *xhat, float *out)
{
    if (s.u != 0)
        return 0;
    memmove(out, xhat, sizeof(float) * (size_t)d);
    return 1;
}

void step_ddim(int d, Noise t, Noise s, const float *z, const float *xhat, float *out)
{
    if (finished(d, s, xhat, out))
        return;
    for (int k = 0; k < d; k++)
        out[k] = (float)ddim_from_x(t, s, z[k], xhat[k]);
}

void step_ddim_eta(int d, Noise t, Noise s, double eta, const float *z, const float *xhat, Rng *rng,
                   float *out)
{
    if (finished(d, s, xhat, out))
        return;
    double left = t.alpha / s.alpha; /* signal surviving from s to t */
    double fresh = eta * s.sigma / t.sigma * sqrt(fmax(0, 1 - left * left));
    double kept = sqrt(fmax(0, s.sigma * s.sigma - fresh * fresh));
    for (int k = 0; k < d; k++) {
        double x = xhat[k], eps = eps_from_x(t, z[k], x);
        out[k] = (float)(s.alpha * x + kept * eps + fresh * rng_normal(rng));
    }
}

void step_renoise(int d, Noise s, const float *xhat, Rng *rng, float *out)
{
    if (finished(d, s, xhat, out))
        return;
    for (int k = 0; k < d; k++)
        out[k] = (float)(s.alpha * xhat[k] + s.sigma * rng_normal(rng));
}

void step_ancestral(int d, Noise t, Noise s, const float *z, const float *xhat, Rng *rng,
                    float *out)
{
    if (finished(d, s, xhat, out))
        return;
    double r = exp(t.logsnr - s.logsnr);
    double from_z = r * s.alpha / t.alpha, from_x = (1 - r) * s.alpha;
    double fresh = sqrt(1 - r) * s.sigma;
    for (int k = 0; k < d; k++)
        out[k] = (float)(from_z * z[k] + from_x * xhat[k] + fresh * rng_normal(rng));
}

void step_dpmpp(int d, Noise previous, Noise t, Noise s, const float *z, const float *xhat,
                const float *xhat_previous, float *out)
{
    if (finished(d, s, xhat, out))
        return;
    double h = (s.logsnr - t.logsnr) / 2;
    double h_previous = (t.logsnr - previous.logsnr) / 2;
    double slope = xhat_previous ? h / (2 * h_previous) : 0; /* 1 / (2r) */
    double from_z = s.sigma / t.sigma, from_x = -s.alpha * expm1(-h);
    for (int k = 0; k < d; k++) {
        double x = xhat[k];
        double ahead = xhat_previous ? x + slope * (x - xhat_previous[k]) : x;
        out[k] = (float)(from_z * z[k] + from_x * ahead);
    }
}

void step_implied_x0(int d, Noise t, Noise s, const float *z, const float *z_end,
                     const float *last_xhat, float *x0)
{
    if (finished(d, s, last_xhat, x0))
        return;
    must(s.u < t.u);
    for (int k = 0; k < d; k++)
        x0[k] = (float)implied_x(t, s, z[k], z_end[k]);
}

/* Central differences of alpha and sigma, one-sided at the ends. */
void step_euler(int d, Schedule schedule, Noise t, Noise s, const float *z, const float *xhat,
                float *out)
{
    const double step = 1e-5;
    if (finished(d, s, xhat, out))
        return;
    Noise up = noise_at(schedule, fmin(t.u + step, 1)),
          down = noise_at(schedule, fmax(t.u - step, 0));
    double alpha = (up.alpha - down.alpha) / (up.u - down.u);
    double sigma = (up.sigma - down.sigma) / (up.u - down.u);
    for (int k = 0; k < d; k++) {
        double x = (double)xhat[k], slope = alpha * x + sigma * eps_from_x(t, (double)z[k], x);
        out[k] = (float)((double)z[k] + (s.u - t.u) * slope);
    }
}
