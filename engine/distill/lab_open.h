/* Building a lab from a configuration. */
#ifndef DDIL_LAB_OPEN_H
#define DDIL_LAB_OPEN_H

#include "engine/distill/lab.h"

/* Builds everything but the student's starting weights from lab->config (already checked). crew and
 * arenas are borrowed. `assets` is the folder where teacher.file names are looked up besides the
 * working folder. */
Status lab_open(Lab *lab, const Config *config, Crew *crew, Arena *keep, Arena *step, Error *error);
#endif
