/* Denoisers and noise levels for tests. */
#include "tests/denoisers.h"
#include "tests/near.h"

static const double pi = 3.14159265358979323846;

Noise unclipped(double u)
{
    double alpha = cos(pi * u / 2), sigma = u == 0 ? 0 : sin(pi * u / 2);
    return (Noise){u, alpha, sigma, 2 * log(alpha / sigma)};
}

Denoiser exact_denoiser(const Mixture *mixture, int classes, double guidance)
{
    return (Denoiser){
        .mixture = mixture,
        .spec = {.height = 1, .width = 1, .channels = 2, .classes = classes, .chunk = 64},
        .guidance = guidance,
    };
}

Denoiser network_denoiser(NetSpec spec, double guidance, Arena *arena)
{
    Error error;
    if (net_spec_complete(&spec, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    size_t size = net_size(&spec);
    float *weights = arena_floats(arena, size);
    Rng rng = rng_at(1, STREAM_INIT, 0);
    for (size_t k = 0; k < size; k++)
        weights[k] = 0.3f * rng_normal(&rng);
    return (Denoiser){.spec = spec, .weights = weights, .guidance = guidance};
}
