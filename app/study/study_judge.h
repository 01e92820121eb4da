/* The figures of a study that a run's own logs do not hold: its student at other numbers of
 * sampling steps, mixed with the teacher, beside the teacher's own law. */
#ifndef DDIL_STUDY_JUDGE_H
#define DDIL_STUDY_JUDGE_H

#include "engine/nets/crew.h"
#include "engine/study/study.h"

/* Where the weights of an arm's student stand in its run's folder when it is another's expert. */
#define CELL_WEIGHTS "expert.safetensors"

/* Computes what the done run of this folder lacks of the study's figures METRIC@HOW and adds it to
 * its figures.csv: on 4,000 samples of points or 2,000 pictures, from the run's own seed. An arm
 * that is another's expert also writes its weights. BAD_INPUT where it cannot be: no teacher, or a
 * metric that its data do not have. */
Status study_judge(const Study *study, int arm, const char *folder, Crew *crew, Error *error);
/* Is nothing of that missing? */
bool study_is_judged(const Study *study, int arm, const char *folder);

#endif
