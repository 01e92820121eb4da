/* What the files that make up a run share. Nobody else includes this. */
#ifndef DDIL_RUN_PARTS_H
#define DDIL_RUN_PARTS_H

#include "engine/run/run.h"
#include "engine/run/window.h"
#include "engine/show/gallery.h"
#include "engine/store/checkpoint.h"
#include "engine/store/external.h"
#include "engine/store/folder.h"
#include "engine/store/history.h"
#include "engine/store/launch.h"
#include "engine/store/log.h"

/* What remains to be done at a step, in this order. A checkpoint holds it, so that one
 * made between two of these resumes there. */
typedef enum RunStage {
    STAGE_PRETRAIN, /* regression, before step 0 */
    STAGE_SHIFT,
    STAGE_EVAL,
    STAGE_SAVE,
    STAGE_STEP, /* the next optimiser step */
    STAGES
} RunStage;

/* Speed over the last seconds, for people only. */
typedef struct Speed {
    double before;         /* clock at the last quantum, 0: none */
    double steps, seconds; /* both fading */
} Speed;

/* What a column after lr in metrics.csv says of a step (run_terms.c). */
typedef struct TermColumn TermColumn;
struct TermColumn {
    const char *name;
    double (*value)(const Run *run, const StepReport *report, int index);
    int index;
};

struct Run {
    char folder[PATH_SIZE];
    Config config;
    Lineage lineage;
    RunState state;
    bool looking;        /* no lock, no logs, never advanced */
    int lock, runs_lock; /* descriptors, -1: none */
    Arena keep, scratch;
    Arena measuring; /* the shift's: given back when it is set up anew */
    Lab lab;
    Shift *shift; /* NULL: the method defines none */
    int terms;    /* columns after lr in metrics.csv */
    const char *term[TERMS_MAX];
    TermColumn column[TERMS_MAX]; /* the same with their values */
    Window window;
    Clipped clipped_logged[SITES], clipped_measured[SITES]; /* lab.clipped as of the last rows of
                                                               metrics.csv and threshold.csv */
    Log log;
    History history;
    /* the counters that a checkpoint holds besides the lab */
    long step, pretrained;
    RunStage stage;
    /* */
    long checkpoint;                 /* newest saved step, -1: none */
    long shift_every, gallery_every; /* steps; 0: never */
    bool watched;                    /* somebody asked for a view: keep a gallery */
    Gallery *gallery;
    bool follows;       /* the gallery has paths */
    bool gallery_stale; /* its teacher too: thresholding changed */
    long gallery_step;  /* the step it shows */
    int said;           /* marks up to this one were offered by run_warning */
    Error passed_over;  /* why the newest checkpoint could not be used, "" */
    Features *features; /* of the data's pictures, or NULL; see run_judge */
    bool features_sought;
    Error features_why; /* there are none, "" for points */
    EvalReport eval;
    bool evaluated;
    bool plain; /* nothing is worked out to stand beside its last evaluation */
    double pretrain_loss;
    Speed speed;
    double drawn[ORIGINS]; /* rows of the last batches by origin, fading; for people only */
    double times_next;     /* clock of the next row of times.csv */
    bool enlisted;         /* the other ranks hold replicas */
};

/* ---- run_judge.c ---- */

/* Where the features of the run's pictures are: the shipped file of their name, or what is kept for
 * their content. False: nowhere. */
bool run_features_file(const Run *run, char path[PATH_SIZE]);

/* ---- run_events.c ---- */
/* A mark, in the log and in the history. */
Status run_event(Run *run, long step, const char *text, Error *error);
/* A mark that asks for attention: "warning: ...". */
void run_warn(Run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Of schedules that go back because the run becomes longer. */
void run_warn_of_stretch(Run *run, const Config *before, const Config *after);
/* Of what a new run was given, whatever is unusual. */
void run_warn_of_networks(Run *run);
/* run_mark_state with a remark behind the state; "" for none. */
void run_mark_state_why(Run *run, RunState state, const char *why);
/* STATUS_FAILED: what left the finite numbers, when, and how to go on. */
Status run_broken(const Run *run, const char *what, long step, Error *error);
/* ---- run_state.c ---- */
/* A run with its lab, without a folder. On error too *made is to be closed. */
Status run_new(Run **made, const Config *config, Crew *crew, Error *error);
/* Hands the run over, or closes it when there was an error. */
Status run_give(Run **out, Run *run, Status status);
/* Loads one checkpoint of `folder` into a fresh run. */
Status run_load(Run *run, const char *folder, long step, Error *error);
/* The newest good one, if there is any at all; damaged ones are passed over. */
Status run_load_newest(Run *run, const char *folder, Error *error);
/* ---- run_open.c ---- */
/* Gives a run its folder; what was made is removed again on error. event: "" for none. */
Status run_settle(Run *run, const char *runs, const char *name, const char *event, Error *error);
/* run_new for an existing folder. */
Status run_open_folder(Run **made, const char *folder, const Config *config, const Lineage *lineage,
                       Crew *crew, Error *error);
/* The last evaluation, and the samples, as they were logged and saved. */
void run_recall(Run *run);
/* ---- run_beside.c ---- */
/* Is a finished run's last evaluation still to be set beside something? Then does it: some seconds
 * for points, a minute for pictures. */
bool run_beside_due(const Run *run);
Status run_beside(Run *run, Error *error);
/* ---- run_rollouts.c ---- */
/* Is a finished run's last measurement of the shift still to be made on more roll-outs? Then does
 * it. */
bool run_rollouts_due(const Run *run);
Status run_rollouts(Run *run, Error *error);
/* ---- run_files.c ---- */
/* Relative paths of files and folders that exist become absolute. */
void run_pin_paths(Config *config);
/* Is the parameter of this index such a path? */
bool run_is_path(const Config *config, int index);
/* ---- run_ini.c ---- */
/* What run.ini says that the newest checkpoint does not, as a mark would say it; "" for nothing.
 * BAD_INPUT with both values when a run under way cannot take it. */
Status run_check_ini(const char *folder, const Config *config, char *changes, size_t size,
                     Error *error);
/* Marks such changes unless that was done when they were made. */
Status run_mark_ini(Run *run, const char *changes, Error *error);
/* ---- run_inputs.c: networks it was given, features, data ---- */
/* Keeps the checksums of a new run's files in its folder, and copies of its networks. */
Status run_inputs_keep(const Run *run, Error *error);
/* Where a network's file is gone, or is no longer the same should that be asked, the copy in the
 * run's folder takes its place in the configuration. How many were replaced? */
int run_inputs_find(Config *config, const char *folder, bool same);
/* Refuses what changed since the run began. Folders without checksums pass. */
Status run_inputs_check(const Run *run, Error *error);
/* ---- run_fork.c ---- */
/* The configuration in force at a saved step; *step -1 becomes the newest. */
Status run_config_at(const char *folder, long *step, Config *config, Lineage *lineage,
                     Error *error);
/* ---- run_terms.c: the columns after lr in metrics.csv ---- */
void run_name_terms(Run *run); /* of a new run */
/* Those that the folder's metrics.csv began with, should it have been begun. */
Status run_adopt_terms(Run *run, Error *error);
void run_row_values(const Run *run, const StepReport *report, double *values);
/* ---- run_shift.c: cadence and the shift's set-up ---- */
/* Sets the measure up as the configuration now says; also after a tweak, so that a run
 * that goes on and one that is resumed measure with the same. */
void run_open_shift(Run *run);
void run_set_cadence(Run *run);
Status run_measure_shift(Run *run, Error *error);
/* ---- run_steer.c ---- */
/* Applies lines of "section.key=value". */
Status run_apply_lines(Config *config, const char *lines, Error *error);
/* "section.key old -> new, ...": what a mark says. BAD_INPUT when `size` does not hold it. */
Status run_describe_changes(const Config *before, const Config *after, char *text, size_t size,
                            Error *error);
/* ---- run_ranks.c: before work that all ranks do, and after it ---- */
typedef enum RankTask {
    TASK_END,
    TASK_OPEN,     /* number: bytes of a configuration */
    TASK_PRETRAIN, /* number: of the step, also below */
    TASK_START,    /* what comes between regression and training */
    TASK_STEP,
    TASK_SHIFT,
    TASK_EVAL, /* number: samples */
} RankTask;
void run_deal(Run *run, RankTask task, long number);
void run_dealt(Run *run);
/* ---- run_view.c ---- */
/* Where an owner puts the newest samples for viewers. Returns `path`. */
char *run_live_samples(char path[PATH_SIZE], const char *folder);
/* The view of a folder that was read. gallery: a reference that the view takes over, or
 * NULL. */
RunView *run_view_of(const char *folder, const Config *config, const Lineage *lineage,
                     const History *history, Gallery *gallery, External *external);
/* ---- run_advance.c ---- */
double run_speed(const Run *run); /* steps a second, NaN unknown */

#endif
