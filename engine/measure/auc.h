/* Classifier two-sample test (Lopez-Paz & Oquab 2017; methods.md 8.1 e). Pure; any thread with its
 * own scratch arena. */
#ifndef DDIL_AUC_H
#define DDIL_AUC_H

#include "engine/base/arena.h"
#include <stdint.h>

/* Area under the ROC curve of a logistic regression that tells x (n x d, label 0) from y (m x d,
 * label 1), on rows it has not seen: 0.5 when it cannot. Half of each set (drawn by `seed`) trains
 * it, the other half judges; ties count half. Coordinates are standardised by the training rows;
 * the fit minimises the mean log loss + AUC_RIDGE / 2 |w|^2 (Newton steps by conjugate gradients),
 * so it has one solution. n, m >= 4. */
double auc_logistic(int n, const float *x, int m, const float *y, int d, uint64_t seed,
                    Arena *scratch);
#define AUC_RIDGE 1e-3
/* auc_logistic with the rows in the given orders; of each the first half trains. */
double auc_split(int n, const float *x, const int *order_x, int m, const float *y,
                 const int *order_y, int d, Arena *scratch);

/* Share of pairs in which a score of b is above one of a, ties half. Reorders both. */
double auc_of(int n, double *a, int m, double *b);
/* Its standard error (Hanley & McNeil 1982). */
double auc_error(double auc, int n, int m);

#endif
