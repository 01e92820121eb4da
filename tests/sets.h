/* Short words for tests that compare two sets: on the calling thread alone. */
#ifndef DDIL_TESTS_SETS_H
#define DDIL_TESTS_SETS_H

#include "engine/measure/pairs.h"

#define PAIR(n, x, m, y, d) (&(Pair){(n), (m), (d), (x), (y)})
#define ALONE(arena)        (&(Work){NULL, (arena)})

#endif
