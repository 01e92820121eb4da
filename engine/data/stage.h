/* Pictures on their way into a data set: collected one by one, equal ones once, divided into what
 * is trained on and what is held out, labels without gaps, all of it kept for the next time. */
#ifndef DDIL_STAGE_H
#define DDIL_STAGE_H

#include "engine/data/prepared.h"

enum { STAGE_LEAST = 10 /* pictures that a set must have */ };

typedef struct Stage Stage;

typedef enum Part { PART_BY_CONTENT, PART_TRAIN, PART_TEST } Part;

/* Pictures of dims bytes each; `prepared` is borrowed and says where they will be. Rows go to a
 * file: memory grows by some tens of bytes a picture. */
Stage *stage_open(const Prepared *prepared, int height, int width, int channels);
void stage_free(Stage *stage);
/* Takes a copy, unless there was an equal picture before. label >= 0. */
void stage_add(Stage *stage, const uint8_t *row, int label, Part part);
/* Counts a file that is no picture, and keeps its name and the reason while there is room. */
void stage_leave_out(Stage *stage, const char *name, const char *why);
void stage_count_links(Stage *stage, int links);
/* What labels 0 .. n - 1 are called; copied. */
void stage_name_classes(Stage *stage, int n, const char *const *name);
/* Makes them the data set's, mapped into the arena. One in ten is held out by a hash of its bytes,
 * which moves no other when pictures come or go; no class loses its last picture to that. Held-out
 * ones lie in an order of chance (by that hash). Where every pixel of a colour picture is grey, or
 * `channels` says so, one channel is left. `name` stands in messages. BAD_INPUT: fewer than
 * STAGE_LEAST different pictures, too many classes. */
Status stage_finish(Stage *stage, const char *name, int channels, Dataset *dataset, Arena *arena,
                    Error *error);

#endif
