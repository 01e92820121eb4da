/* A small classifier of pictures, whose penultimate layer is a feature space to measure in. */
#ifndef DDIL_CLASSIFIER_H
#define DDIL_CLASSIFIER_H

#include "engine/nets/net.h"

/* Scores of the classes (n x 1 x 1 x classes) for pictures x; *features (may be NULL) gets what the
 * last layer sees: n x 1 x 1 x spec->embed. gradient == NULL: frozen. spec->kind is net_classifier.
 */
Tensor *classifier_forward(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                           Tensor *x, Tensor **features);

#endif
