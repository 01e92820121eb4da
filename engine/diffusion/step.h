/* One sampling step t -> s (s less noisy) on a row of d coordinates, given xhat
 * (methods.md 1.4). eps is always recomputed from the xhat given, so a thresholded xhat
 * stays on its manifold. In-place (out == z) is allowed. The step to s.u == 0 returns
 * xhat itself. */
#ifndef DDIL_STEP_H
#define DDIL_STEP_H

#include "engine/base/rng.h"
#include "engine/diffusion/schedule.h"

typedef enum Rule {
    RULE_DDIM,      /* deterministic */
    RULE_RENOISE,   /* z_s = alpha_s xhat + sigma_s n, fresh noise: LCM and DMD2 */
    RULE_ANCESTRAL, /* DDPM, small variance */
    RULE_DPMPP,     /* DPM-Solver++(2M); needs the previous xhat */
} Rule;
#define RULE_CHOICES "ddim|renoise|ancestral|dpmpp"

/* One coordinate of a DDIM step, and of the x0 with which that step lands on z_end (its
 * inverse in xhat). */
static inline double ddim_from_x(Noise t, Noise s, double z, double xhat)
{
    return s.alpha * xhat + s.sigma * eps_from_x(t, z, xhat);
}
static inline double implied_x(Noise t, Noise s, double z, double z_end)
{
    double ratio = s.sigma / t.sigma;
    return (z_end - ratio * z) / (s.alpha - ratio * t.alpha);
}

void step_ddim(int d, Noise t, Noise s, const float *z, const float *xhat, float *out);
void step_ddim_eta(int d, Noise t, Noise s, double eta, const float *z, const float *xhat, Rng *rng,
                   float *out);
void step_renoise(int d, Noise s, const float *xhat, Rng *rng, float *out);
void step_ancestral(int d, Noise t, Noise s, const float *z, const float *xhat, Rng *rng,
                    float *out);
/* Explicit Euler on the probability-flow ODE in u: dz/du = alpha' xhat + sigma' eps. (In
 * variance-exploding coordinates Euler's step is DDIM's.) */
void step_euler(int d, Schedule schedule, Noise t, Noise s, const float *z, const float *xhat,
                float *out);
/* xhat_previous at noise `previous` (t's predecessor), or NULL for the first
 * (first-order) step. */
void step_dpmpp(int d, Noise previous, Noise t, Noise s, const float *z, const float *xhat,
                const float *xhat_previous, float *out);

/* Progressive distillation's implied clean target (methods.md 2.1): the xhat with which
 * one DDIM step from (z, t) lands on z_end at s. At s.u == 0 it is `last_xhat` itself. */
void step_implied_x0(int d, Noise t, Noise s, const float *z, const float *z_end,
                     const float *last_xhat, float *x0);

#endif
