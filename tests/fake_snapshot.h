/* Snapshots made up for tests of views: deterministic, with everything a real one has. */
#ifndef DDIL_FAKE_SNAPSHOT_H
#define DDIL_FAKE_SNAPSHOT_H

#include "engine/engine.h"

typedef struct FakeOptions {
    int runs;     /* 0 .. 5, in different states; the last is live */
    long step;    /* of the live run */
    long steps;   /* its length; 0: 4000 */
    int sampling; /* sampling steps N; 0: 4 */
    bool images;  /* 28 x 28 pictures of ten classes instead of points */
    bool colour;  /* a colour a class */
    bool guided;
    bool empty;    /* just started: no series, no shift, no samples */
    bool hole;     /* a gap of NaN in the loss */
    long spike;    /* a training step with a lone huge loss; 0: none */
    bool all_done; /* nothing is live */
    bool steered;  /* a note and a second change among the marks */
    bool no_paths; /* no seeds are followed */
    long past;     /* samples made at this earlier step stand beside the newest; 0: none */
    bool bad_news; /* the newest note is an error */
    unsigned seed; /* changes every number */
} FakeOptions;

/* Everything in one piece; fake_free gives it back. */
const Snapshot *fake_snapshot(const FakeOptions *options);
void fake_free(const Snapshot *snapshot);

#endif
