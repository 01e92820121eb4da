/* What the process that works on a run knows of it beyond what the run's folder says: the owner of
 * a runs folder tells it through its port, a viewer puts it into the view it made from the folder.
 */
#ifndef DDIL_NEWS_H
#define DDIL_NEWS_H

#include "engine/engine.h"

typedef struct RunNews {
    int id;
    RunState state;
    long step, checkpoint, samples; /* -1: none */
    double speed, left, nfe, share; /* RunView's steps_per_s, seconds_left, nfe, shift_share */
    double prior[3], drawn[3];      /* RunView's prior, share */
    char name[NAME_SIZE];
    char note[96];
} RunNews;

#endif
