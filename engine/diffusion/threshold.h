/* Thresholding of x0 estimates, "reflected diffusion" (methods.md 5): one operator and a
 * mask of the five places where it may act. */
#ifndef DDIL_THRESHOLD_H
#define DDIL_THRESHOLD_H

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
    SITE_T = 1,  /* teacher inside the target */
    SITE_R = 2,  /* teacher inside roll-outs */
    SITE_S = 4,  /* student in roll-outs and at inference */
    SITE_L = 8,  /* student inside the loss (straight-through) */
    SITE_C = 16, /* critic */
} Site;
#define SITE_LETTERS "TRSLC"

typedef struct Threshold {
    ThresholdKind kind;
    double low, high, quantile;
    unsigned sites; /* of Site */
} Threshold;

/* What an application did; add them up. */
typedef struct Clipped {
    long coordinates, clipped;
    double overshoot; /* sum over clipped coordinates of the distance past the box */
} Clipped;

/* Applies the operator to one sample of d coordinates in place when `site` is in the
 * mask. count may be NULL. Scratch-free for d <= NET_DIMS_MAX. */
void threshold_apply(const Threshold *threshold, Site site, int d, float *x,
                     Clipped *count);

#endif
