/* Which two noise levels a consistency model compares (methods.md 3.2, 3.3). Levels t are in
 * variance-exploding coordinates, sigma / alpha. Pure functions, in double. */
#ifndef DDIL_PAIRING_H
#define DDIL_PAIRING_H

/* iCT (Song & Dhariwal 2023): points of the grid at step k of `steps`: they double from `first` to
 * `last`, plus one. */
int ict_points(long k, long steps, int first, int last);
/* Chance of each interval between n increasing levels: the share of a lognormal (mean, deviation of
 * ln t) that falls there, normalised. */
void ict_chances(int n, const double *t, double mean, double deviation, double *chance);
/* Pseudo-Huber c for the distance over d coordinates. */
double ict_huber_c(int dims);
/* ECT (Geng et al. 2024): the level that t is compared with; 0: the clean sample. */
double ect_partner(double t, double q, int stage);

#endif
