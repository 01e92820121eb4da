/* Where several DDIM steps of an expert lead, as the x0 of one big step (Salimans & Ho 2022;
 * methods.md 2.1): the label that methods share which fold steps together. */
#ifndef DDIL_EXPERT_H
#define DDIL_EXPERT_H

#include "engine/distill/lab.h"

/* Whose x0 stand in a target, and how many of its steps. */
typedef struct Expert {
    Policy policy;
    int substeps;
} Expert;

/* The lab's teacher at site T. */
Expert expert_teacher(const Lab *lab, int substeps);

/* n rows z at times u = i[row] / points. Folded are the steps down to (i - span[row]) / points;
 * span NULL: 1. x0 (n x dims), also thresholded at T, is such that one DDIM step from z lands
 * there. count may be NULL. */
typedef struct Fold {
    int n;
    const float *z;
    const int *i, *span, *label;
    int points;
    float *x0;
    Clipped *count;
    const float *end;           /* n x dims: where the path leads in rows for which */
    const unsigned char *known; /* it is known; NULL: in none */
} Fold;
/* Where the path of each row leads (n x dims); fold->x0 is not looked at. */
void expert_walk(const Lab *lab, const Expert *expert, Arena *arena, const Fold *fold, float *end);
void expert_fold(const Lab *lab, const Expert *expert, Arena *arena, const Fold *fold);

#endif
