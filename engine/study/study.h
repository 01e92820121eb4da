/* Studies: methods x arms x seeds at an equal budget, as a file says (presets/studies/NAME.ini):
 *
 *   [study]
 *   title = ...
 *   presets = ring-pd, ring-lcm          what is compared, a table each
 *   seeds = 1-5                          also 1,3,7
 *   steps = 4000                         0: as the presets say
 *   budget_nfe = ddil                    of an arm: the others get the evaluations that this arm's
 *                                        run of the same preset and seed spent; or a number; 0:
 *                                        none
 *   budget_cpu_s = 60                    or CPU seconds, by a probe of each run (probe.h)
 *   metrics = shift, sw2, modes          names of cell.h
 *   baseline = data                      the arm that differences are to
 *   frontier = yes                       quality against diversity too (run.h, run_trade): of every
 *                                        run's student, of the teacher of the baseline's runs
 *
 *   [arm ddil]
 *   preset = *-ddil                      * stands for the preset; default *
 *   expert = many                        an arm whose student of the same preset and seed is the
 *                                        teacher of the roll-outs (source.expert)
 *   source.beta_floor = 0                any parameters
 *
 *   [slurm]                              options of sbatch's, for --slurm
 *   time = 1:00:00
 *
 * A cell is one run: a preset, an arm, a seed. It is found again by the name of its run, and
 * compared with what the study asks for. */
#ifndef DDIL_STUDY_H
#define DDIL_STUDY_H

#include "engine/base/param.h"
#include "engine/engine.h"
#include "engine/study/cell.h"

enum {
    STUDY_PRESETS = 16,
    STUDY_ARMS = 256,
    STUDY_SEEDS = 64,
    STUDY_METRICS = 24,
    STUDY_SETS = 24,
    STUDY_RUNGS = 8,
    STUDY_SLURMS = 24,
    STUDY_NAME_SIZE = 256
};

typedef struct StudyArm {
    char name[32], preset[200];
    char expert_name[32]; /* "": none */
    int expert;           /* -1: none */
    int sets;
    char set[STUDY_SETS][128]; /* "section.key=value" */
} StudyArm;

typedef struct Study {
    char file[256], name[48], title[PARAM_TEXT_SIZE];
    int presets, seeds, metrics, arms;
    char preset[STUDY_PRESETS][200], metric[STUDY_METRICS][FIGURE_NAME_SIZE];
    long seed[STUDY_SEEDS];
    long steps;
    double budget_nfe, budget_cpu_s; /* 0: none */
    int budget_arm, baseline;        /* -1: none */
    bool frontier;
    StudyArm arm[STUDY_ARMS];
    int slurms;
    char slurm[STUDY_SLURMS][128]; /* "--time=1:00:00", of its section [slurm] */
    /* a sweep's (sweep.h): an arm is a trial, its sets are what is varied, in one order */
    bool sweep;
    int rungs; /* steps, rising, at which the best stay */
    long rung[STUDY_RUNGS];
    int keep;  /* one trial in so many goes on */
    bool more; /* more of metric[0] is better */
} Study;

/* Could each cell be run, under a name that fits? The last thing a reader asks. */
Status study_check_cells(const Study *study, Error *error);
/* What a cell takes from others. */
typedef struct CellNeeds {
    double nfe; /* what the arm of the budget spent, where it waits for that, or what a budget of
                   CPU seconds comes to; else 0 */
    const char *expert; /* file of the expert's weights, where it has one; else NULL */
} CellNeeds;
/* The run of a cell. */
Status study_config(const Study *study, int preset, int arm, int seed, const CellNeeds *needs,
                    Config *config, Error *error);
/* Its name, at most NAME_SIZE - 9 characters (study_read saw to that). */
void study_run_name(const Study *study, int preset, int arm, int seed, char name[NAME_SIZE]);
/* The same into any room, as snprintf. */
int study_put_name(const Study *study, int preset, int arm, int seed, char *out, size_t size);
/* Do cells of this arm wait for those of `other` of the same preset and seed? */
bool study_waits(const Study *study, int arm, int other);

#endif
