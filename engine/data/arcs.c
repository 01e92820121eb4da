/* Owns the data sets that are curves: two moons and a two-arm spiral, each arm a label,
 * as fine mixtures of components at equal distances along the arm: close enough for a
 * smooth ridge, so the teacher is still exact. */
#include "engine/data/procedural.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

enum { PER_ARM = 48, FINE = 4096 };

/* Point of an arm at t in [0, 1]. */
typedef void Curve(int arm, double t, double point[2]);

static void moon(int arm, double t, double point[2])
{
    point[0] = arm ? 1 - cos(pi * t) : cos(pi * t);
    point[1] = arm ? 0.5 - sin(pi * t) : sin(pi * t);
}

/* Archimedean, one and a quarter turns; the second arm is the first turned by half. */
static void spiral(int arm, double t, double point[2])
{
    double angle = 2.5 * pi * t + pi * arm, radius = 0.4 + 1.6 * t;
    point[0] = radius * cos(angle);
    point[1] = radius * sin(angle);
}

static double piece(Curve *curve, int arm, int i)
{
    double a[2], b[2];
    curve(arm, (double)i / FINE, a);
    curve(arm, (double)(i + 1) / FINE, b);
    return hypot(b[0] - a[0], b[1] - a[1]);
}

/* Adds PER_ARM components in the middles of equal stretches of the arm. */
static void add_arm(Mixture *mixture, Curve *curve, int arm)
{
    double length = 0, walked = 0;
    for (int i = 0; i < FINE; i++)
        length += piece(curve, arm, i);
    int placed = 0;
    for (int i = 0; i < FINE && placed < PER_ARM; i++) {
        double next = length * (placed + 0.5) / PER_ARM, step = piece(curve, arm, i);
        if (walked + step >= next) {
            curve(arm, (i + (next - walked) / step) / FINE, mixture->mean[mixture->n]);
            mixture->label[mixture->n++] = arm;
            placed++;
        }
        walked += step;
    }
}

static Status open_arms(Dataset *dataset, Arena *arena, Curve *curve)
{
    Mixture *mixture = arena_new(arena, Mixture, 1);
    mixture->deviation = 0.1;
    mixture->labels = 2;
    for (int arm = 0; arm < 2; arm++)
        add_arm(mixture, curve, arm);
    dataset_fill_mixture(dataset, mixture);
    return STATUS_OK;
}

static Status open_moons(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    (void)files, (void)error;
    return open_arms(dataset, arena, moon);
}

static Status open_spiral(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    (void)files, (void)error;
    return open_arms(dataset, arena, spiral);
}

const DatasetKind dataset_moons = {
    .name = "moons",
    .help = "two interleaved half circles; the label is the moon",
    .conditional_default = 1,
    .open = open_moons,
};

const DatasetKind dataset_spiral = {
    .name = "spiral",
    .help = "a spiral of two arms; the label is the arm",
    .open = open_spiral,
};
