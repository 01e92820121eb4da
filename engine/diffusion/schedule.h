/* Noise schedules: z = alpha x + sigma eps, alpha^2 + sigma^2 = 1; u in [0, 1], u = 0
 * clean. Always double. */
#ifndef DDIL_SCHEDULE_H
#define DDIL_SCHEDULE_H

typedef enum Schedule {
    SCHEDULE_COSINE, /* clipped at logSNR +-20 (Salimans & Ho 2022; methods.md 1.1) */
    SCHEDULE_LINEAR, /* continuous VP-SDE twin of DDPM's linear betas, 0.1 .. 20 */
} Schedule;
#define SCHEDULE_CHOICES "cosine|linear"

typedef struct Noise {
    double u, alpha, sigma, logsnr; /* logsnr = ln(alpha^2 / sigma^2) */
} Noise;

/* The noise level at time u. Also the linear schedule is clipped at logSNR +20, so sigma is never
 * 0. */
Noise noise_at(Schedule schedule, double u);

/* noise_at for the rows of a batch. Their times are mostly the few of a grid, and each is worked
 * out once: the tangents, sines and logarithms of every row anew were a sixth of a 2-D step. Begins
 * as {.schedule = ...}. */
enum { NOISES_BITS = 6 };
typedef struct Noises {
    Schedule schedule;
    Noise kept[1 << NOISES_BITS]; /* by a hash of u; alpha is 0 where nothing is kept */
} Noises;
Noise noises_at(Noises *noises, double u);

/* The time at which alpha / sigma is 1 / t: of the noise level t > 0 in variance-exploding
 * coordinates, kept within [0, 1]. */
double noise_time(Schedule schedule, double t);

/* Discrete tables, for tests and published recipes: alpha-bar at index 0..steps-1. */
void schedule_ddpm_linear(int steps, double *alpha_bar);   /* beta 1e-4 .. 0.02 */
void schedule_scaled_linear(int steps, double *alpha_bar); /* sqrt beta linear, 0.00085 .. 0.012 */
/* Karras et al. 2022: sigma_i = (smax^{1/rho} + i/(n-1) (smin^{1/rho} -
 * smax^{1/rho}))^rho. */
void schedule_karras(int n, double smin, double smax, double rho, double *sigma);

/* Parametrisations (methods.md 1.2), one coordinate at a time. v := alpha eps - sigma x.
 */
static inline double x_from_v(Noise t, double z, double v) { return t.alpha * z - t.sigma * v; }
static inline double x_from_eps(Noise t, double z, double eps)
{
    return (z - t.sigma * eps) / t.alpha;
}
static inline double eps_from_x(Noise t, double z, double x) { return (z - t.alpha * x) / t.sigma; }
static inline double eps_from_v(Noise t, double z, double v) { return t.sigma * z + t.alpha * v; }
static inline double v_from_x(Noise t, double z, double x) { return (t.alpha * z - x) / t.sigma; }

/* Loss weight of ||xhat - x||^2 at a noise level (methods.md 1.3). */
typedef enum Weighting {
    WEIGHT_CONSTANT,
    WEIGHT_TRUNCATED_SNR,
    WEIGHT_SNR_PLUS_1,
    WEIGHT_MIN_SNR
} Weighting;
#define WEIGHTING_CHOICES "constant|truncated_snr|snr_plus_1|min_snr"
/* truncated: clamp(SNR, 1, cap); snr_plus_1: min(SNR + 1, cap + 1); min_snr: min(SNR, 5).
 */
double weight_at(Weighting weighting, Noise noise, double cap);

#endif
