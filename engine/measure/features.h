/* A feature space for pictures: the layer before the last of a small classifier trained on the same
 * data (methods.md 9); where these have one class only, it tells by how many quarters a picture was
 * turned (Gidaris et al. 2018, arXiv 1803.07728; halves where pictures are no squares). Distances
 * between samples and held-out pictures mean something there; in pixels they hardly do. */
#ifndef DDIL_FEATURES_H
#define DDIL_FEATURES_H

#include "engine/base/file.h"
#include "engine/data/dataset.h"
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"

typedef struct Features {
    char file[64];     /* its name, without the folder */
    uint32_t checksum; /* CRC-32 of the weights: never mix numbers of different networks */
    double accuracy;   /* share of the held-out pictures whose class it names, measured when it is
                          opened */
    char other[160];   /* what is unusual: it was trained on pictures of other content; "" */
    int d;
    const float *held_out; /* of the data set's held-out pictures: n_test x d */
    const int *named;      /* the class it gives each, or the turn */
    NetSpec spec;
    const float *weights;
    Arena arena;
} Features;

/* Turns to tell apart where the data have one class; 0: their classes are told. */
int features_turns(const Dataset *data);
/* Where the features of a data set's content are kept when no shipped file has its name: in the
 * cache folder, by dataset_checksum. "" where there is no such folder. Returns `path`. */
char *features_kept(const Dataset *data, char path[PATH_SIZE]);
/* A picture turned by `turn`: height x width x channels numbers. */
void features_turn(const Dataset *data, const float *from, int turn, float *to);
/* Reads the network and looks at all held-out pictures with it. BAD_INPUT: no such network,
 * pictures of another size, or a network that names hardly more of them right than chance would, so
 * is for other pictures. *made is the caller's to close. */
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

/* Everything the network will be follows from data, steps (0: usual, by how many pictures there
 * are) and seed. BAD_INPUT when the data are no pictures. */
Status feature_training_begin(FeatureTraining *training, const Dataset *data, Crew *crew,
                              long steps, uint64_t seed, Error *error);
/* One optimiser step, index = 0 .. steps - 1; returns the batch's mean loss. */
double feature_training_step(FeatureTraining *training, long index);
/* Writes the averaged weights, with the checksum of the content they were trained on. */
Status feature_training_save(const FeatureTraining *training, const char *path, Error *error);
void feature_training_end(FeatureTraining *training);

#endif
