/* Drawing many training rows, for tests of the source. */
#include "tests/draws.h"
#include "tests/near.h"
#include <stdlib.h>

Drawn *drawn_new(void)
{
    Drawn *d = calloc(1, sizeof *d);
    must(d);
    d->batch = (Batch){.n = ROWS,
                       .z = d->z,
                       .x = d->x,
                       .u = d->u,
                       .point = d->point,
                       .label = d->label,
                       .origin = d->origin,
                       .chance = d->chance};
    return d;
}

Draw draw_at(const Lab *lab, long step)
{
    Draw draw = {
        .stream = STREAM_BATCH, .step = step, .batch = ROWS, .continuous = !lab->grid.points};
    source_priors(&lab->source, step, lab->span, draw.beta);
    return draw;
}

Drawn *draw_all(const Lab *lab, const Draw *draw)
{
    Drawn *d = drawn_new();
    for (int r = 0; r < ROWS; r++)
        source_draw(&lab->source, draw, r, &d->batch);
    return d;
}

void refill(Lab *lab, long steps)
{
    for (long step = 0; step < steps; step++)
        lab_refresh(lab, step);
}

double chi_square(int n, const int *count, const double *share)
{
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++)
        total += count[i];
    for (int i = 0; i < n; i++) {
        double expected = total * share[i], gap = count[i] - expected;
        if (expected > 0)
            sum += gap * gap / expected;
        else
            assert_int_equal(count[i], 0);
    }
    return sum;
}
