/* Owns x0 estimates: the exact mixture or a network under guidance, then the policy's
 * threshold. Every function works inside one worker, in the arena it is given. May call
 * nets. */
#include "engine/diffusion/denoiser.h"
#include "engine/base/status.h"
#include <string.h>

static int guided(const Denoiser *denoiser)
{
    return (denoiser->guidances || denoiser->guidance != 1) && denoiser->spec.classes > 0;
}

int denoiser_cost(const Denoiser *denoiser) { return guided(denoiser) ? 2 : 1; }

/* -1 for no label: an unconditional denoiser, no labels given, or the row's label says
 * none. */
static int label_of(const Denoiser *denoiser, const int *label, int r)
{
    int classes = denoiser->spec.classes;
    if (classes == 0 || !label || label[r] < 0 || label[r] == classes)
        return -1;
    must(label[r] < classes);
    return label[r];
}

static double scale_of(const Denoiser *denoiser, int r)
{
    return denoiser->guidances ? (double)denoiser->guidances[r] : denoiser->guidance;
}

static void guide(double s, size_t n, const float *unconditional, float *x)
{
    for (size_t k = 0; k < n; k++) {
        double u = unconditional[k];
        x[k] = (float)(u + s * (x[k] - u));
    }
}

static void denoise_exact(const Denoiser *denoiser, Arena *arena, int n, const float *z,
                          const double *u, const int *label, float *x0)
{
    Noises noises = {.schedule = denoiser->schedule};
    double *alpha = arena_new(arena, double, n), *sigma = arena_new(arena, double, n);
    int *classes = arena_new(arena, int, n), *none = arena_new(arena, int, n);
    for (int r = 0; r < n; r++) {
        Noise t = noises_at(&noises, u[r]);
        alpha[r] = t.alpha;
        sigma[r] = t.sigma;
        classes[r] = label_of(denoiser, label, r);
        none[r] = -1;
    }
    mixture_x0s(denoiser->mixture, n, alpha, sigma, classes, z, x0);
    if (!guided(denoiser))
        return;
    float *unconditional = arena_floats(arena, 2 * n);
    mixture_x0s(denoiser->mixture, n, alpha, sigma, none, z, unconditional);
    for (int r = 0; r < n; r++)
        guide(scale_of(denoiser, r), 2, unconditional + 2 * r, x0 + 2 * r);
}

static void rows_from_v(const Denoiser *denoiser, int n, const float *z, const double *u,
                        const float *v, float *x0)
{
    size_t d = (size_t)net_dims(&denoiser->spec);
    Noises noises = {.schedule = denoiser->schedule};
    for (size_t r = 0; r < (size_t)n; r++) {
        Noise t = noises_at(&noises, u[r]);
        for (size_t k = r * d; k < (r + 1) * d; k++)
            x0[k] = (float)x_from_v(t, z[k], v[k]);
    }
}

/* Under guidance the batch goes through twice in one forward: rows n..2n-1 without
 * labels. */
static void denoise_network(const Denoiser *denoiser, Arena *arena, int n, const float *z,
                            const double *u, const int *label, float *x0)
{
    const NetSpec *spec = &denoiser->spec;
    size_t size = (size_t)n * (size_t)net_dims(spec);
    int copies = denoiser_cost(denoiser), rows = n * copies;
    float *in = arena_floats(arena, size * (size_t)copies);
    float *time = arena_floats(arena, rows), *condition = arena_floats(arena, rows);
    int *classes = arena_new(arena, int, rows);
    for (int c = 0; c < copies; c++)
        memcpy(in + (size_t)c * size, z, sizeof(float) * size);
    for (int r = 0; r < rows; r++) {
        int none = r >= n || label_of(denoiser, label, r) < 0;
        time[r] = (float)u[r % n];
        condition[r] =
            denoiser->conditions ? denoiser->conditions[r % n] : (float)denoiser->condition;
        classes[r] = none ? spec->classes : label[r];
    }
    Tape tape;
    tape_begin(&tape, arena, false);
    Tensor *input = tape_input(&tape, rows, spec->height, spec->width, spec->channels, in);
    NetMore more = {.condition = condition};
    Tensor *v = net_forward_more(spec, &tape, denoiser->weights, NULL, input, time, classes, &more);
    rows_from_v(denoiser, n, z, u, v->x, x0);
    if (guided(denoiser)) {
        float *unconditional = arena_floats(arena, size);
        rows_from_v(denoiser, n, z, u, v->x + size, unconditional);
        size_t d = (size_t)net_dims(spec);
        for (size_t r = 0; r < (size_t)n; r++)
            guide(scale_of(denoiser, (int)r), d, unconditional + r * d, x0 + r * d);
    }
}

void denoise(const Denoiser *denoiser, Arena *arena, int n, const float *z, const double *u,
             const int *label, float *x0)
{
    if (n == 0)
        return;
    size_t mark = arena_mark(arena);
    if (denoiser->mixture) {
        must(net_dims(&denoiser->spec) == 2);
        denoise_exact(denoiser, arena, n, z, u, label, x0);
    } else {
        denoise_network(denoiser, arena, n, z, u, label, x0);
    }
    arena_rewind(arena, mark);
}

void policy_x0(const Policy *policy, Arena *arena, int n, const float *z, const double *u,
               const int *label, float *x0, Clipped *count)
{
    int d = net_dims(&policy->denoiser.spec);
    denoise(&policy->denoiser, arena, n, z, u, label, x0);
    for (int r = 0; r < n; r++)
        threshold_apply(&policy->threshold, policy->site, d, u[r], x0 + (size_t)r * (size_t)d,
                        count);
}
