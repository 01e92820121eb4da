/* Owns the measures by neighbours' balls. May call base and stats. Distances are compared as
 * squares, all from one function, so that ties are ties. */
#include "engine/measure/prdc.h"
#include "engine/base/status.h"
#include "engine/measure/stats.h"
#include <math.h>
#include <stdbool.h>

enum { BLOCKS_MAX = 16 };

/* Keeps the k least values seen, in order. */
static void keep_least(int k, double *least, double value)
{
    int at = k - 1;
    if (value >= least[at])
        return;
    for (; at > 0 && least[at - 1] > value; at--)
        least[at] = least[at - 1];
    least[at] = value;
}

static const float *row_of(const float *x, int d, int r) { return x + (size_t)r * (size_t)d; }

/* The squares of each real row's two radii. */
static void real_radii(int m, const float *y, int d, int ball, int density, double *small,
                       double *wide, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int k = ball > density ? ball : density;
    double *least = arena_new(scratch, double, (size_t)m *k);
    for (size_t i = 0; i < (size_t)m * k; i++)
        least[i] = INFINITY;
    for (int p = 1; p < m; p++)
        for (int q = 0; q < p; q++) {
            double square = squared_distance(d, row_of(y, d, p), row_of(y, d, q));
            keep_least(k, least + (size_t)p * k, square);
            keep_least(k, least + (size_t)q * k, square);
        }
    for (int p = 0; p < m; p++) {
        small[p] = least[(size_t)p * k + ball - 1];
        wide[p] = least[(size_t)p * k + density - 1];
    }
    arena_rewind(scratch, mark);
}

/* Everything the passes share. radius[b * n + j]: of sample j among those without block b. */
typedef struct Balls {
    int n, m, d, ball, density, blocks;
    const float *x, *y;
    const int *block;
    const double *small, *wide;
    double *radius;
} Balls;

static void sample_radii(Balls *balls)
{
    int n = balls->n, all = balls->blocks + 1;
    for (int j = 0; j < n; j++) {
        double least[PRDC_K_MAX * (BLOCKS_MAX + 1)];
        for (int i = 0; i < all * balls->ball; i++)
            least[i] = INFINITY;
        for (int q = 0; q < n; q++) {
            if (q == j)
                continue;
            double square = squared_distance(balls->d, row_of(balls->x, balls->d, j),
                                             row_of(balls->x, balls->d, q));
            for (int b = 0; b < all; b++)
                if (b != balls->block[q])
                    keep_least(balls->ball, least + (size_t)b * balls->ball, square);
        }
        for (int b = 0; b < all; b++)
            balls->radius[(size_t)b * n + j] = least[(size_t)(b + 1) * balls->ball - 1];
    }
}

/* What one real row sees of all samples. */
typedef struct Seen {
    bool recalled[BLOCKS_MAX + 1]; /* without block b */
    int near[BLOCKS_MAX + 1]; /* samples of block b strictly inside its wide ball; the last: all */
} Seen;

static Seen look_from(const Balls *balls, int i, bool *inside, int *inside_wide)
{
    Seen seen = {{false}, {0}};
    for (int j = 0; j < balls->n; j++) {
        double square = squared_distance(balls->d, row_of(balls->y, balls->d, i),
                                         row_of(balls->x, balls->d, j));
        int block = balls->block[j];
        inside[j] |= square <= balls->small[i];
        if (square < balls->wide[i]) {
            inside_wide[j]++;
            seen.near[balls->blocks]++;
            if (block >= 0)
                seen.near[block]++;
        }
        for (int b = 0; b <= balls->blocks; b++)
            if (b != block && square <= balls->radius[(size_t)b * balls->n + j])
                seen.recalled[b] = true;
    }
    return seen;
}

/* Means over the samples that block b leaves. */
static void sum_samples(const Balls *balls, const bool *inside, const int *inside_wide, Prdc *value)
{
    for (int b = 0; b <= balls->blocks; b++) {
        long left = 0, precise = 0, dense = 0;
        for (int j = 0; j < balls->n; j++) {
            if (balls->block[j] == b)
                continue;
            left++;
            precise += inside[j];
            dense += inside_wide[j];
        }
        value[b].precision = (double)precise / (double)left;
        value[b].density = (double)dense / ((double)left * balls->density);
    }
}

void prdc_blocks(int n, const float *x, int m, const float *y, int d, int ball, int density,
                 int blocks, Prdc *value, Arena *scratch)
{
    must(ball >= 1 && density >= 1 && ball <= PRDC_K_MAX && density <= PRDC_K_MAX && blocks >= 0 &&
         blocks <= BLOCKS_MAX);
    must(n > ball && m > ball && m > density);
    size_t mark = arena_mark(scratch);
    double *small = arena_new(scratch, double, m), *wide = arena_new(scratch, double, m);
    int *block = arena_new(scratch, int, n), *inside_wide = arena_new(scratch, int, n);
    bool *inside = arena_new(scratch, bool, n);
    real_radii(m, y, d, ball, density, small, wide, scratch);
    block_rows(n, blocks, block);
    Balls balls = {n,       m,      d,    ball,
                   density, blocks, x,    y,
                   block,   small,  wide, arena_new(scratch, double, (size_t)(blocks + 1) * n)};
    sample_radii(&balls);
    for (int b = 0; b <= blocks; b++)
        value[b] = (Prdc){0};
    for (int i = 0; i < m; i++) {
        Seen seen = look_from(&balls, i, inside, inside_wide);
        for (int b = 0; b <= blocks; b++) {
            int near = seen.near[blocks] - (b < blocks ? seen.near[b] : 0);
            value[b].recall += (seen.recalled[b] ? 1.0 : 0.0) / m;
            value[b].coverage += (near > 0 ? 1.0 : 0.0) / m;
        }
    }
    sum_samples(&balls, inside, inside_wide, value);
    arena_rewind(scratch, mark);
}

Prdc prdc(int n, const float *x, int m, const float *y, int d, int ball, int density,
          Arena *scratch)
{
    Prdc value;
    prdc_blocks(n, x, m, y, d, ball, density, 0, &value, scratch);
    return value;
}
