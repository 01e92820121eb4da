/* The table of methods. */
#ifndef DDIL_METHODS_H
#define DDIL_METHODS_H

#include "engine/distill/method.h"

extern const Method *const methods[];
extern const int method_count;
const Method *method_find(const char *name); /* NULL when unknown */

#endif
