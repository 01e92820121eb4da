/* Thresholding of x0 estimates, "reflected diffusion" (methods.md 5): one operator and a
 * mask of the five places where it may act. */
#ifndef DDIL_THRESHOLD_H
#define DDIL_THRESHOLD_H

#include <stdbool.h>

typedef enum ThresholdKind {
    THRESHOLD_NONE,
    THRESHOLD_STATIC,  /* clip to [low, high] */
    THRESHOLD_DYNAMIC, /* s = max(1, quantile of |x|) over the sample, x <- clip(x, -s, s)
                          / s; box-centred */
    THRESHOLD_REFLECT, /* bounce off the walls */
    THRESHOLD_SOFT,    /* c tanh(x / c), box-centred */
} ThresholdKind;
#define THRESHOLD_CHOICES "none|static|dynamic|reflect|soft"

typedef enum Site {
    SITE_T, /* teacher inside the target */
    SITE_R, /* teacher inside roll-outs */
    SITE_S, /* student in roll-outs and at inference */
    SITE_L, /* student inside the loss (straight-through) */
    SITE_C, /* critic */
    SITES
} Site;
#define SITE_LETTERS "TRSLC" /* in their order */

typedef struct Threshold {
    ThresholdKind kind;
    double low, high, quantile;
    unsigned sites; /* a bit each: 1u << Site */
} Threshold;

/* What applications did: sums. */
typedef struct ClippedCount {
    long coordinates, clipped;
    double overshoot; /* sum over clipped coordinates of the distance past the box */
} ClippedCount;

/* ClippedCount by sampling step: step[i - 1] counts estimates made at times in ((i - 1) / steps, i
 * / steps]. */
enum { CLIPPED_STEPS = 64 };
typedef struct Clipped {
    int steps; /* 0 is 1: everything in step[0] */
    ClippedCount step[CLIPPED_STEPS];
} Clipped;

/* from's counts are added to those of the same steps. */
void clipped_add(Clipped *to, const Clipped *from);
/* Over all steps. */
ClippedCount clipped_total(const Clipped *clipped);

/* Does it do anything at `site`? */
bool threshold_acts(const Threshold *threshold, Site site);

/* Applies the operator to one sample of d coordinates in place when `site` is in the
 * mask. It was estimated at time u: that is where it is counted; count may be NULL.
 * Needs no scratch. */
void threshold_apply(const Threshold *threshold, Site site, int d, double u, float *x,
                     Clipped *count);

#endif
