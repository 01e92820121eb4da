/* Owns the search for figures that are not there. */
#include "engine/study/lacks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Lacks {
    const Study *study;
    const double *value;
    const bool *there;
    int preset;
} Lacks;

static bool is_there(const Lacks *lacks, int arm, int seed)
{
    const Study *study = lacks->study;
    return lacks->there[(lacks->preset * study->arms + arm) * study->seeds + seed];
}

static bool has(const Lacks *lacks, int metric, int arm, int seed)
{
    const Study *study = lacks->study;
    size_t row = (size_t)((lacks->preset * study->metrics + metric) * study->arms + arm);
    return isfinite(lacks->value[row * (size_t)study->seeds + (size_t)seed]);
}

/* The runs of an arm that were read; *with: those of them that have the metric. */
static int count(const Lacks *lacks, int metric, int arm, int *with)
{
    int runs = 0;
    *with = 0;
    for (int seed = 0; seed < lacks->study->seeds; seed++) {
        bool there = is_there(lacks, arm, seed);
        runs += there;
        *with += there && has(lacks, metric, arm, seed);
    }
    return runs;
}

static bool preset_has(const Lacks *lacks, int metric)
{
    int with = 0;
    for (int arm = 0; arm < lacks->study->arms && !with; arm++)
        count(lacks, metric, arm, &with);
    return with > 0;
}

/* Is it the arm that has none, rather than a run of it that lost its own? */
static bool arm_has_none(const Lacks *lacks, int metric, int arm)
{
    int with, runs = count(lacks, metric, arm, &with);
    return !with && (runs > 1 || (runs == 1 && !preset_has(lacks, metric)));
}

static void tell(const Lacks *lacks, int arm, int seed, LackUse *use, void *context)
{
    char metrics[LACKS_SIZE] = "";
    for (int metric = 0; metric < lacks->study->metrics; metric++) {
        bool none = arm_has_none(lacks, metric, arm);
        bool lacking = seed < 0 ? none : !none && !has(lacks, metric, arm, seed);
        size_t used = strlen(metrics);
        if (lacking)
            snprintf(metrics + used, sizeof metrics - used, "%s%s", used ? ", " : "",
                     lacks->study->metric[metric]);
    }
    if (*metrics)
        use(context, lacks->preset, arm, seed, metrics);
}

void lacks_each(const Study *study, const double *value, const bool *there, int preset,
                LackUse *use, void *context)
{
    const Lacks lacks = {study, value, there, preset};
    for (int arm = 0; arm < study->arms; arm++) {
        tell(&lacks, arm, -1, use, context);
        for (int seed = 0; seed < study->seeds; seed++)
            if (is_there(&lacks, arm, seed))
                tell(&lacks, arm, seed, use, context);
    }
}
