/* One parameter's value as something to be pushed up and down: sensible steps, a slider.
 * Pure; the parameter table decides what is allowed. */
#ifndef DDIL_PARAM_STEPS_H
#define DDIL_PARAM_STEPS_H

#include "engine/engine.h"

enum { VALUE_SIZE = 64 };

/* The next value up (by = 1) or down (-1), ten times as far when `big`: 1-2-5 steps where
 * the range spans decades, even ones elsewhere, the next choice. false: there is none (a
 * limit, or a kind of value that can only be typed). */
bool param_step(const ParamInfoView *param, const char *now, int by, bool big,
                char next[VALUE_SIZE]);

/* The ends of the slider: where such a value usually lies, within what is allowed. false:
 * no slider for this kind. */
bool slider_ends(const ParamInfoView *param, double *low, double *high);
/* 0 at the low end, 1 at the high one. */
double slider_part(const ParamInfoView *param, const char *value);

#endif
