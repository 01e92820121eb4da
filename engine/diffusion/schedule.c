/* Owns noise schedules and loss weights: pure functions of u, in double. May call libc.
 */
#include "engine/diffusion/schedule.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Both schedules end at this logSNR on the clean side (and cosine at its negative on the
 * noisy one), so alpha and sigma are never zero and conversions between eps and x never
 * divide by it. */
static const double logsnr_max = 20;

static Noise noise_cosine(double u)
{
    double first = atan(exp(-logsnr_max / 2)), last = atan(exp(logsnr_max / 2));
    double angle = first + (last - first) * u;
    return (Noise){u, cos(angle), sin(angle), -2 * log(tan(angle))};
}

static Noise noise_linear(double u)
{
    const double beta_min = 0.1, beta_max = 20;
    double log_alpha_bar = -(beta_max - beta_min) * u * u / 2 - beta_min * u;
    double clip = -log1p(exp(-logsnr_max));
    if (log_alpha_bar > clip)
        log_alpha_bar = clip;
    double sigma2 = -expm1(log_alpha_bar);
    return (Noise){u, exp(log_alpha_bar / 2), sqrt(sigma2), log_alpha_bar - log(sigma2)};
}

Noise noise_at(Schedule schedule, double u)
{
    must(u >= 0 && u <= 1);
    return schedule == SCHEDULE_LINEAR ? noise_linear(u) : noise_cosine(u);
}

static unsigned place_of(double u)
{
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    return (unsigned)(bits * 0x9e3779b97f4a7c15u >> (64 - NOISES_BITS));
}

Noise noises_at(Noises *noises, double u)
{
    Noise *kept = &noises->kept[place_of(u)];
    if (kept->u != u || kept->alpha <= 0)
        *kept = noise_at(noises->schedule, u);
    return *kept;
}

/* alpha_bar = 1 / (1 + t^2); of the linear schedule the larger root of a quadratic in u. */
double noise_time(Schedule schedule, double t)
{
    double u;
    if (schedule == SCHEDULE_LINEAR) {
        const double beta_min = 0.1, slope = 20 - beta_min;
        double c = log1p(t * t);
        u = 2 * c / (beta_min + sqrt(beta_min * beta_min + 2 * slope * c));
    } else {
        double first = atan(exp(-logsnr_max / 2)), last = atan(exp(logsnr_max / 2));
        u = (atan(t) - first) / (last - first);
    }
    return fmin(fmax(u, 0), 1);
}

static void cumulate(int steps, double first, double last, int squared, double *alpha_bar)
{
    double product = 1;
    for (int i = 0; i < steps; i++) {
        double beta = steps > 1 ? first + (last - first) * i / (steps - 1) : first;
        product *= 1 - (squared ? beta * beta : beta);
        alpha_bar[i] = product;
    }
}

void schedule_ddpm_linear(int steps, double *alpha_bar)
{
    cumulate(steps, 1e-4, 0.02, 0, alpha_bar);
}

void schedule_scaled_linear(int steps, double *alpha_bar)
{
    cumulate(steps, sqrt(0.00085), sqrt(0.012), 1, alpha_bar);
}

void schedule_karras(int n, double smin, double smax, double rho, double *sigma)
{
    double first = pow(smax, 1 / rho), last = pow(smin, 1 / rho);
    for (int i = 0; i < n; i++)
        sigma[i] = pow(n > 1 ? first + (last - first) * i / (n - 1) : first, rho);
}

double weight_at(Weighting weighting, Noise noise, double cap)
{
    double snr = exp(noise.logsnr);
    switch (weighting) {
    case WEIGHT_CONSTANT: return 1;
    case WEIGHT_TRUNCATED_SNR: return fmin(fmax(snr, 1), cap);
    case WEIGHT_SNR_PLUS_1: return fmin(snr, cap) + 1;
    case WEIGHT_MIN_SNR: return fmin(snr, 5);
    }
    must_fail(__FILE__, __LINE__, "unknown weighting");
}
