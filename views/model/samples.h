/* Which samples, at which stage, and how a sheet of them is arranged. Pure. */
#ifndef DDIL_SAMPLES_H
#define DDIL_SAMPLES_H

#include "views/model/format.h"
#include "views/model/session.h"

typedef enum SamplesSource {
    SOURCE_STUDENT,
    SOURCE_TEACHER,
    SOURCE_X0,
    SOURCE_DIFFERENCE,
    SOURCE_CRITIC, /* what the critic makes of the samples diffused again; stages are noise levels
                    */
    SOURCE_SCORE,  /* and the teacher of the same */
    SOURCES
} SamplesSource;

/* Which samples, at which stage, which of them is chosen. */
typedef struct SamplesSpec {
    const SamplesView *samples;
    SamplesSource source;
    int stage; /* 0 .. steps */
    int seed;  /* -1: none */
} SamplesSpec;

bool samples_are_points(const SamplesView *samples);
/* Estimates of samples diffused again: stages are noise levels. */
bool samples_are_judged(SamplesSource source);
/* The last stage a source has, -1: none. */
int samples_last_stage(const SamplesView *samples, SamplesSource source);
/* Floats of sample `index` at a stage; NULL where the source has none. For the
 * difference: the student's. */
const float *samples_at(const SamplesView *samples, SamplesSource source, int stage, int index);
/* "noise i=4", "i=3", ..., "sample": stage k is what sampling step i = N - k sees. */
const char *samples_stage_name(char text[FORMAT_SIZE], const SamplesView *samples, int stage);
/* Of whatever the spec shows: for estimates by teacher and critic the noise level, "u=0.40". */
const char *samples_shown_name(char text[FORMAT_SIZE], const SamplesSpec *spec, int stage);
/* "student", "teacher", ... */
/* What a label of them is called, NULL: it has a number only. */
const char *samples_class_name(const SamplesView *samples, const char *data, int label);
const char *samples_source_name(SamplesSource source);

/* The samples that fit a training step, -1: the newest: the run's own, or those of the past. */
const SamplesView *samples_made_by(const RunView *run, long step);
/* Those that fit the training step under the cursor. */
const SamplesView *samples_shown(const Session *session, const RunView *run);
/* Is there a run with samples to show? */
bool samples_any(const Scene *scene);
/* The chosen run's samples under the cursor, stage and seed within what there is. */
SamplesSpec samples_under_cursor(const Scene *scene, SamplesSource source);

/* How image tiles stand: a column a class, in one or more bands of `each` rows. */
typedef struct SheetPlan {
    int columns, rows;    /* tiles */
    int pitch_x, pitch_y; /* pixels from tile to tile */
    int classes, each;    /* 0, 0: tiles from all over, because there is little room */
} SheetPlan;
SheetPlan sheet_plan(const SamplesView *samples, int width, int height);
/* The sample shown at a place of the sheet, or -1. */
int sheet_sample(const SamplesView *samples, const SheetPlan *plan, int column, int row);
/* Number of the class that stands at `place` among those present. */
int samples_class(const SamplesView *samples, int place);

#endif
