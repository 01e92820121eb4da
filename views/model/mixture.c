/* Owns the arithmetic of mixtures. See mixture.h. */
#include "views/model/mixture.h"

#include "views/model/clamp.h"
#include <math.h>

bool mixture_of(const double weight[SIMPLEX_CORNERS], Mixture *mixture)
{
    double sum = 0, rest[SIMPLEX_CORNERS];
    int given = 0;
    for (int i = 0; i < SIMPLEX_CORNERS; i++)
        sum += weight[i];
    if (!(sum > 0) || !isfinite(sum))
        return false;
    for (int i = 0; i < SIMPLEX_CORNERS; i++) {
        double exact = weight[i] / sum * SIMPLEX_WHOLE;
        mixture->part[i] = (int)floor(exact + 1e-9);
        rest[i] = exact - mixture->part[i];
        given += mixture->part[i];
    }
    for (; given < SIMPLEX_WHOLE; given++) { /* to the largest remainder */
        int most = rest[MIXTURE_DATA] >= rest[MIXTURE_TEACHER] ? MIXTURE_DATA : MIXTURE_TEACHER;
        most = rest[MIXTURE_STUDENT] > rest[most] ? MIXTURE_STUDENT : most;
        mixture->part[most]++;
        rest[most] -= 1;
    }
    return true;
}

/* Data get `data` thousandths; the others share the rest as they did, evenly when they
 * had nothing. */
static Mixture with_data(Mixture mixture, int data)
{
    int others = mixture.part[MIXTURE_TEACHER] + mixture.part[MIXTURE_STUDENT],
        rest = SIMPLEX_WHOLE - data;
    int teacher =
        others > 0 ? (mixture.part[MIXTURE_TEACHER] * rest + others / 2) / others : rest / 2;
    return (Mixture){{data, teacher, rest - teacher}};
}

static Mixture with_teacher(Mixture mixture, int teacher)
{
    int both = mixture.part[MIXTURE_TEACHER] + mixture.part[MIXTURE_STUDENT];
    teacher = clamp(teacher, 0, both);
    return (Mixture){{mixture.part[MIXTURE_DATA], teacher, both - teacher}};
}

Mixture mixture_move(Mixture mixture, Action action)
{
    int data = mixture.part[MIXTURE_DATA];
    switch (action) {
    case ACTION_UP:
        return with_data(mixture,
                         data + SIMPLEX_STEP > SIMPLEX_WHOLE ? SIMPLEX_WHOLE : data + SIMPLEX_STEP);
    case ACTION_DOWN: return with_data(mixture, data < SIMPLEX_STEP ? 0 : data - SIMPLEX_STEP);
    case ACTION_LEFT: return with_teacher(mixture, mixture.part[MIXTURE_TEACHER] + SIMPLEX_STEP);
    case ACTION_RIGHT: return with_teacher(mixture, mixture.part[MIXTURE_TEACHER] - SIMPLEX_STEP);
    default: return mixture;
    }
}
