/* Building a lab from a configuration. */
#ifndef DDIL_LAB_OPEN_H
#define DDIL_LAB_OPEN_H

#include "engine/distill/lab.h"

/* Builds everything but the student's starting weights from `config`, which it checks. crew
 * and arenas are borrowed: `keep` lives as long as the lab, `step` is its scratch. Files are looked
 * for in the working folder and among the shipped assets. */
Status lab_open(Lab *lab, const Config *config, Crew *crew, Arena *keep, Arena *step, Error *error);

/* The data set that a configuration names, alone; everything from `keep`. `seed`: of data.limit. */
Status lab_open_data(const Config *config, uint64_t seed, Dataset *data, Arena *keep, Error *error);

#endif
