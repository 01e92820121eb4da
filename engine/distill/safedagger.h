/* SafeDAgger's question to the expert (Zhang & Cho 2017; methods.md 7.1). */
#ifndef DDIL_SAFEDAGGER_H
#define DDIL_SAFEDAGGER_H

#include "engine/distill/lab.h"

/* error[k]: of each roll-out (with its x0s) of its policy, the mean squared disagreement with the
 * method's label over its states; counted in lab->cost. Memory from lab->step. */
void safedagger_ask(Lab *lab, const Rollout *rollout, double *error);

#endif
