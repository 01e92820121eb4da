/* A study's file (study.h says what stands in it). */
#ifndef DDIL_STUDY_READ_H
#define DDIL_STUDY_READ_H

#include "engine/study/study.h"

/* Reads a study by path, or by name from presets/studies, and checks it whole: each arm of each
 * preset is a configuration that could be run, each metric has a name. BAD_INPUT with file:line. */
Status study_read(Study *study, const char *path, Error *error);

#endif
