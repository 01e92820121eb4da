/* Pictures on their way into a data set: collected one by one, equal ones once, divided into what
 * is trained on and what is held out, labels without gaps. */
#ifndef DDIL_STAGE_H
#define DDIL_STAGE_H

#include "engine/data/dataset.h"

enum { STAGE_LEAST = 10 /* pictures that a set must have */ };

typedef struct Stage Stage;

typedef enum Part { PART_BY_CONTENT, PART_TRAIN, PART_TEST } Part;

/* Pictures of dims bytes each. */
Stage *stage_open(int height, int width, int channels);
void stage_free(Stage *stage);
/* Takes a copy. label >= 0. False: an equal picture was there before and this one is left out. */
bool stage_add(Stage *stage, const uint8_t *row, int label, Part part);
/* What labels 0 .. n - 1 are called; copied. */
void stage_name_classes(Stage *stage, int n, const char *const *name);
/* Makes them the data set's, from the arena. One in ten is held out by a hash of its bytes, which
 * moves no other when pictures come or go; no class loses its last picture to that. Where every
 * pixel of a colour picture is grey, or `channels` says so, one channel is left. `name` stands in
 * messages. BAD_INPUT: fewer than STAGE_LEAST different pictures. */
Status stage_finish(Stage *stage, const char *name, int channels, Dataset *dataset, Arena *arena,
                    Error *error);

#endif
