/* Classifier two-sample test (Lopez-Paz & Oquab 2017; methods.md 8.1 e). Any thread with its own
 * Work: the same bits on any number of them. */
#ifndef DDIL_AUC_H
#define DDIL_AUC_H

#include "engine/measure/pairs.h"
#include <stdint.h>

/* Area under the ROC curve of a logistic regression that tells x (n x d, label 0) from y (m x d,
 * label 1), on rows it has not seen: 0.5 when it cannot. Half of each set (drawn by `seed`) trains
 * it, the other half judges; ties count half. Coordinates are standardised by the training rows;
 * the fit minimises the mean log loss + AUC_RIDGE / 2 |w|^2 (Newton steps by conjugate gradients),
 * so it has one solution. n, m >= 4. Memory: all rows once more, as floats. */
double auc_logistic(const Pair *pair, uint64_t seed, const Work *work);
#define AUC_RIDGE 1e-3
/* auc_logistic with the rows in the given orders; of each the first half trains. */
double auc_split(const Pair *pair, const int *order_x, const int *order_y, const Work *work);

/* Share of pairs in which a score of b is above one of a, ties half. Reorders both. */
double auc_of(int n, double *a, int m, double *b);
/* Its standard error (Hanley & McNeil 1982). */
double auc_error(double auc, int n, int m);

#endif
