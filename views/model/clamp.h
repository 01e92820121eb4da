/* Small comparisons of whole numbers. */
#ifndef DDIL_CLAMP_H
#define DDIL_CLAMP_H

static inline int smaller(int a, int b) { return a < b ? a : b; }

static inline int larger(int a, int b) { return a > b ? a : b; }

/* The value, or the end of [low, high] that it lies beyond; low where high is below it. */
static inline int clamp(int value, int low, int high) { return larger(smaller(value, high), low); }

#endif
