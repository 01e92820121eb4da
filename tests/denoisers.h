/* Denoisers and noise levels for tests. */
#ifndef DDIL_TESTS_DENOISERS_H
#define DDIL_TESTS_DENOISERS_H

#include "engine/diffusion/denoiser.h"

/* alpha = cos, sigma = sin without the clip: the setting of the golden numbers. */
Noise unclipped(double u);
Denoiser exact_denoiser(const Mixture *mixture, int classes, double guidance);
/* A small random network; its last layer usually starts at zero, so every weight is drawn. */
Denoiser network_denoiser(NetSpec spec, double guidance, Arena *arena);

#endif
