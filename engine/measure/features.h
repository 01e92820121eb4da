/* A feature space for pictures: the layer before the last of a small classifier trained on the same
 * data (methods.md 9). Distances between samples and held-out pictures mean something there; in
 * pixels they hardly do. */
#ifndef DDIL_FEATURES_H
#define DDIL_FEATURES_H

#include "engine/data/dataset.h"
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"

typedef struct Features {
    char file[64];     /* its name, without the folder */
    uint32_t checksum; /* CRC-32 of the weights: never mix numbers of different networks */
    double accuracy;   /* share of the held-out pictures whose class it names, measured when it is
                          opened */
    int d;
    const float *held_out; /* of the data set's held-out pictures: n_test x d */
    const int *named;      /* the class it gives each */
    NetSpec spec;
    const float *weights;
    Arena arena;
} Features;

/* Reads the network and looks at all held-out pictures with it. BAD_INPUT: no such network,
 * pictures of another size, or a network that names fewer than half of them right, so is for other
 * pictures. *made is the caller's to close. */
Status features_open(Features **made, const char *path, const Dataset *data, Crew *crew,
                     Error *error);
void features_close(Features *features); /* NULL is fine */
/* Features (n x d) of pictures x, and the classes it gives them (named: n). */
void features_of(const Features *features, Crew *crew, int n, const float *x, float *feature,
                 int *named);

/* ---- Training one (features_train.c) ---- */

typedef struct FeatureTraining {
    const Dataset *data;
    Crew *crew;
    long steps;
    uint64_t seed;
    Model model;
    float *gradient;
    Arena arena;
} FeatureTraining;

/* Everything the network will be follows from data, steps and seed. BAD_INPUT when the data are no
 * labelled pictures. */
Status feature_training_begin(FeatureTraining *training, const Dataset *data, Crew *crew,
                              long steps, uint64_t seed, Error *error);
/* One optimiser step, index = 0 .. steps - 1; returns the batch's mean loss. */
double feature_training_step(FeatureTraining *training, long index);
/* Writes the averaged weights. */
Status feature_training_save(const FeatureTraining *training, const char *path, Error *error);
void feature_training_end(FeatureTraining *training);

#endif
