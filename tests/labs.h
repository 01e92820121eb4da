/* Labs for tests: opened from a configuration's text, with a crew and arenas of their
 * own. */
#ifndef DDIL_TESTS_LABS_H
#define DDIL_TESTS_LABS_H

#include "engine/distill/lab.h"
#include "engine/distill/lab_open.h"
#include "engine/distill/methods.h"
#include "engine/distill/params.h"
#include "engine/distill/train.h"
#include "engine/measure/shift.h"

typedef struct Bench {
    Crew *crew;
    Arena keep, step;
    Lab lab;
} Bench;

/* `text` is INI, read over the defaults; the test fails with the message when it is
 * refused. Heap. */
Bench *bench_open(const char *text, int threads);
/* The same from a file. */
Bench *bench_open_file(const char *path, const char *const *assignments, int threads);
void bench_close(Bench *bench);

/* Ends the regression after `pretrain` steps of it (none where the configuration has
 * none), then does optimiser steps from..to-1. */
void bench_start(Bench *bench, int pretrain);
void bench_advance(Bench *bench, long from, long to);

/* Rows of a batch (labels and points set) at states whose noise vectors_wave gives, as
 * tests/vectors/states.py has them: forward-diffused rows->x, or the teacher's (two sub-steps) or
 * the live student's own backward trajectories, row r's from its own noise. */
void bench_stand(Bench *bench, Origin origin, Batch *rows);

/* The method's shift on n roll-outs, against a teacher of `substeps` sub-steps; lives as
 * long as the bench. */
Shift *bench_shift(Bench *bench, int n, int substeps);
/* The same rows, bit for bit? The test fails when not. */
void assert_same_shift(int n, const ShiftRow *a, const ShiftRow *b);

/* The lab's whole state (lab_walk) as bytes on the heap. */
typedef struct State {
    unsigned char *bytes;
    size_t size;
    int arrays;
} State;
State state_take(Lab *lab);
/* Overwrites the lab's state; the test fails when the sizes differ. */
void state_give(const State *state, Lab *lab);
bool state_same(const State *a, const State *b);
void state_drop(State *state);
/* Are the two labs' whole states the same, bit for bit? */
bool state_of_same(Lab *a, Lab *b);

#endif
