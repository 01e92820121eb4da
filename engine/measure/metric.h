/* What a metric of sample quality is: a value of two sets of rows, with the interval of what it
 * estimates. Adding one: one file, its name below, one row in metrics.c. */
#ifndef DDIL_METRIC_H
#define DDIL_METRIC_H

#include "engine/data/dataset.h"
#include "engine/measure/interval.h"

enum {
    BLOCKS = INTERVAL_BLOCKS,
    PICTURE_ROWS = 2000 /* rows of samples and of reference that dear metrics of pictures look at */
};

/* Rows of one origin: samples, or the reference. */
typedef struct Rows {
    int n;
    const float *x;       /* n x dims; NULL: those of the reference's files, from the first on */
    const int *label;     /* n: the class asked for, or the data's own */
    const float *feature; /* n x d of the features, or NULL */
    const int *named;     /* n: the class it is given */
} Rows;

typedef struct Sets {
    const Dataset *data;
    int d; /* of the features */
    Rows samples, reference;
    Arena *scratch;
} Sets;

enum { GROUP_MAX = 4 };
typedef enum Domain {
    DOMAIN_ALL,
    DOMAIN_POINTS,
    DOMAIN_MIXTURES,
    DOMAIN_FEATURES,
    DOMAIN_CLASSES
} Domain;

typedef struct Bounds {
    const char *name;
    double least,
        most; /* what it can be at all: intervals end there; most < 0: the number of classes */
} Bounds;

/* Metrics that come out of one computation. */
typedef struct Measure {
    Domain domain; /* where they are defined, or cheap enough */
    int rows;      /* the first so many samples are judged; 0: all */
    /* value[GROUP_MAX]: of each metric in the group, ends not yet cut at its bounds */
    void (*judge)(const Sets *sets, Interval *value);
    Bounds metric[GROUP_MAX];
} Measure;

/* Each computes a group of metrics; metrics.c has the table. Within a worker, memory from
 * sets->scratch, rewound. */
extern const Measure measure_sw2, measure_energy, measure_modes, measure_frechet, measure_names,
    measure_kid, measure_neighbours; /* quality.c */
/* Coverage alone, of points in their own coordinates: of the frontier only (frontier.h). */
extern const Measure measure_cover; /* quality.c */

/* Rows that are looked at. */
static inline int at_most(int n, int most) { return n < most ? n : most; }

#endif
