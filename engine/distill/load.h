/* Networks from files: the teacher, and a few-step distilled model as the expert who rolls in. */
#ifndef DDIL_LOAD_H
#define DDIL_LOAD_H

#include "engine/distill/lab.h"

/* The weights that a parameter names, which must fit the data. */
Status lab_load_network(Lab *lab, const char *param, Denoiser *denoiser, Error *error);
/* The expert, if there is one; `widest`: the finest grid it will be asked for. */
Status lab_open_expert(Lab *lab, const Grid *widest, Error *error);
#endif
