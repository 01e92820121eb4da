/* The only bridge between the engine and everything above it: Commands in, immutable Snapshots out,
 * one descriptor that becomes readable when a newer snapshot exists. The engine calls nobody. Plain
 * data both ways. Nothing here points into live training state. Any thread may call; none of these
 * waits for numerical work. */
#ifndef DDIL_ENGINE_H
#define DDIL_ENGINE_H

#include "engine/base/param_kind.h"
#include "engine/base/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Engine Engine;

typedef struct EngineOptions {
    const char *runs; /* runs folder; created when missing */
    int threads;      /* 0: all cores */
    bool readonly;    /* look only: no lock is taken, commands are refused */
    bool stepped;     /* lock-step: no worker thread, no port; engine_advance does the work (tests,
                         scripts) */
    bool headless;    /* no screen: viewers are told */
} EngineOptions;

/* How to leave. */
typedef enum Leave {
    LEAVE_SAVE, /* checkpoint every live run first */
    LEAVE_DROP, /* stop as after a kill: what the last checkpoints hold */
} Leave;

/* The owner of a folder trains in it and listens on runs/.socket (engine/port/port.h). When another
 * process owns it already, what opens is a viewer: the same API, its commands carried out by the
 * owner, its snapshots made from the folders and from what the owner says. STATUS_BLOCKED when the
 * owner does not listen, STATUS_BAD_INPUT when the folder cannot be made or written. */
Status engine_open(Engine **engine, const EngineOptions *options, Error *error);
/* Frees the engine whatever happens. STATUS_FAILED with the reason when a run could not be saved:
 * it then stands at its last good checkpoint. error may be NULL. */
Status engine_close(Engine *engine, Leave leave, Error *error);

/* Does this process own the folder? A viewer that may steer comes to own it when its owner is gone.
 */
bool engine_owns(const Engine *engine);
/* The run a person looks at now (0: none): what is read first and kept fresh. Cheap when it is the
 * same. */
void engine_watch(Engine *engine, int run);
/* Viewers attached to this owner now. */
int engine_viewers(const Engine *engine);
/* From now on this owner has no screen. */
void engine_headless(Engine *engine);
/* Ends all threads of an owner after the present quantum, so that the process may fork; nothing is
 * saved, released or closed. engine_unpark goes on, in whichever process calls it: the other one
 * must leave with _exit. */
void engine_park(Engine *engine);
Status engine_unpark(Engine *engine, Error *error);

/* Becomes readable when engine_look would return a newer snapshot. engine_look drains it. */
int engine_wakeup(const Engine *engine);

/* ---- Commands
 * ------------------------------------------------------------------------------------------ */

typedef enum CommandKind {
    COMMAND_NEW,   /* text: a preset's name or path, then lines "section.key=value", "name=NAME" and
                      "seeds=1-5"; the run starts at once, or one a seed, called NAME-sSEED */
    COMMAND_START, /* run: go on (also loads a run from disk) */
    COMMAND_PAUSE, /* run */
    COMMAND_STEP,  /* run, number: do so many steps, then pause */
    COMMAND_SET,   /* run, text: lines "section.key=value", all or none; a checkpoint is written
                      first, one mark after */
    COMMAND_SAVE,  /* run */
    COMMAND_FORK,  /* run, number: at this saved step, or FORK_..., text: lines "section.key=value"
                    */
    COMMAND_NOTE,  /* run, number: the training step it is about (-1: the present one), text */
    COMMAND_STOP,  /* run: saved, then nobody's */
    COMMAND_DELETE, /* run: paused, done or failed only */
    /* run: measure its frontier now, sampler by sampler, and its student's again after each of its
     * evaluations to come; number -1: no more */
    COMMAND_FRONTIER,
    /* run, number: also show the samples of the newest checkpoint at or before this step (-1: only
     * the newest there are); text: "paths" follows the seeds' paths too. Allowed to viewers;
     * answered by a note only when it fails. Holds for that run until the next one about it; -1
     * without paths ends it. */
    COMMAND_LOOK,
    COMMANDS
} CommandKind;
/* As lines of the port name them; the last is no line's. */
static const char *const COMMAND_WORDS[COMMANDS] = {"new",  "start",  "pause",    "step",
                                                    "set",  "save",   "fork",     "note",
                                                    "stop", "delete", "frontier", "look"};

enum { COMMAND_TEXT_SIZE = 1024, NAME_SIZE = 64, SEEDS_AT_ONCE = 16 };
enum {
    FORK_NEWEST = -1, /* at the latest saved step */
    FORK_HERE =
        -2, /* at the present step: saved first; of a run that is not open, the latest saved one */
};

typedef struct Command {
    CommandKind kind;
    int run; /* RunView.id */
    long number;
    char text[COMMAND_TEXT_SIZE];
} Command;

/* Copies the command into a bounded queue. Returns a ticket > 0, or 0 when the queue is full. The
 * answer, good or bad, arrives as a Note with that ticket. */
long engine_send(Engine *engine, const Command *command);

/* ---- Snapshots
 * ----------------------------------------------------------------------------------------- */

typedef enum RunState {
    RUN_QUEUED,
    RUN_LIVE,
    RUN_PAUSED,
    RUN_DONE,
    RUN_FAILED,
    RUN_STATES,
} RunState;
static const char *const RUN_STATE_WORDS[RUN_STATES] = {
    [RUN_QUEUED] = "queued", [RUN_LIVE] = "live",     [RUN_PAUSED] = "paused",
    [RUN_DONE] = "done",     [RUN_FAILED] = "failed",
};

/* Every logged value of one quantity, row by row. Rows stand in chunks that are written once and
 * shared by all snapshots, so a million of them cost nothing to publish. Each chunk sums up its
 * rows in groups, so that any range is known from a few looks and no spike is lost at any zoom.
 * Only rows [0, n) may be read, and of the sums those of groups and chunks that lie wholly inside.
 * A row in which the quantity was not measured is NaN. */
enum { CHUNK_ROWS = 1024, GROUP_ROWS = 16, CHUNK_GROUPS = CHUNK_ROWS / GROUP_ROWS, SMOOTHINGS = 3 };
static const double SMOOTHING[SMOOTHINGS] = {0.9, 0.98, 0.995};
typedef struct SeriesChunk {
    float value[CHUNK_ROWS];
    float low[CHUNK_GROUPS], high[CHUNK_GROUPS]; /* NaN: nothing was measured; may be infinite */
    float smooth[SMOOTHINGS]
                [CHUNK_GROUPS]; /* debiased EMAs of all finite values up to a group's last row */
    int count[CHUNK_GROUPS];    /* how many those are */
    float lowest, highest;      /* of the chunk */
} SeriesChunk;
typedef struct Series {
    long n;
    const long *const *step; /* row r was logged at step[r / CHUNK_ROWS][r % CHUNK_ROWS]; rising */
    const SeriesChunk *const *chunk;
} Series;

/* The covariate-shift history (cli.md, "What shift means"). Cell (column, row) at [column * rows +
 * row]; row 0 is i = N (pure noise), row N-1 is i = 1. Columns are measurements, oldest first. */
typedef struct ShiftView {
    int rows, columns;
    int rollouts;       /* of the newest column, where that was measured again on more; else 0 */
    const long *step;   /* [columns] */
    const double *time; /* [rows] u_i */
    const float *own, *forward, *ratio, *low, *high, *mmd2, *null95, *mmd2_teacher, *null95_teacher,
        *paired;
} ShiftView;

/* The first n seeds of the samples on their way through the sampler, in two coordinates: the data's
 * own, or the first two principal components of the held-out data. Lengths are root mean squares
 * over a sample's coordinates. Where the sampler re-noises, the teacher does as the student does,
 * with the same noise: its x0 is the end of its own long path from its state. */
typedef struct PathsView {
    int n, steps; /* seeds; sampling steps N */
    int starts;   /* N + 1, or 1 where there is no teacher: then only `path` has meaning */
    int fine; /* parts of the teacher's line in a sampling step: 1 where the sampler re-noises */
    int teacher_steps; /* denoiser steps of the teacher from noise to sample */
    bool projected;    /* on principal components */
    /* starts x (N+1) x n x 2: path r is the student's that begins at stage r in the teacher's
     * state; before it the teacher's states. Path 0 is the student's own, path N the teacher's. */
    const float *path;
    const float
        *gap; /* starts x (N+1) x n: length of what separates path r from the teacher's state */
    const float *fresh;   /* (N+1) x n: of path 0's gap, along its direction, what the step into the
                             stage made; the rest was there before */
    const float *teacher; /* (N fine + 1) x n x 2 */
    int n_cloud;
    const float *cloud; /* n_cloud x 2: held-out data */
    /* x0 estimates on a square grid, points only: classes x N x field^2 x 2; the grid spans
     * [-field_half, field_half] each way. The teacher's is the x0 whose one step leads where its
     * own steps lead. */
    int field, field_classes;
    float field_half;
    const float *student_field, *teacher_field;
} PathsView;

enum { CLASS_NAME_SIZE = 24, CAPTION_SIZE = 96 };

/* Samples from fixed seeds: points or pictures, at every sampling step. */
typedef struct SamplesView {
    long step;                   /* training step they were made at */
    int n, steps;                /* samples; sampling steps N */
    int height, width, channels; /* 1 x 1 x 2: points */
    const int *label;            /* [n], or NULL */
    int classes;                 /* that have names in the data set's files, cut to fit; else 0 */
    const char (*class_name)[CLASS_NAME_SIZE];
    /* stage k = 0 is pure noise (i = N), stage k = N is the finished sample: (N+1) x n x dims */
    const float *student;    /* states z: planes of rows of pixels of channels */
    const float *student_x0; /* x0 estimate made AT stage k (k = 0..N-1): N x n x dims */
    const float *teacher;    /* the teacher's states from the same noise, (N+1) x n x dims */
    /* Methods with a critic, else 0 and NULL: the finished samples diffused to a few levels, the
     * noisiest first, and what teacher and critic make of them: levels x n x dims. Where the two
     * differ the student is moved. */
    int levels;
    const float *level; /* times u */
    const float *score, *critic;
    int n_reference; /* points only: draws of the full held-out law */
    const float *reference;
    float low, high;        /* range of finished samples, for scaling */
    const PathsView *paths; /* NULL unless asked for */
    /* [n] of other programs' samples: what each was made from, plain text; NULL: nothing is said */
    const char (*caption)[CAPTION_SIZE];
} SamplesView;

enum { TERMS_MAX = 40 };
typedef struct TermView {
    char name[24];
    Series series;
} TermView;

/* What happened at a training step; in the order of steps. An intervention says "section.key old ->
 * new", several of them separated by ", "; a fork begins with "forked from NNNN@STEP" and what it
 * changed after ": "; a note with "note: ". */
enum { MARK_TEXT_SIZE = 256 };
typedef struct MarkView {
    long step;
    char text[MARK_TEXT_SIZE];
} MarkView;

typedef struct MetricView {
    char name[24];
    double value, low, high;
} MetricView;

/* Quality against diversity of one sampler (methods.md 9), with 95 % intervals. */
enum { TRADES_MAX = 32 };
typedef struct TradeView {
    bool teacher;         /* else the student */
    int k, nfe, n;        /* sampling steps, network evaluations a sample, samples */
    long step;            /* training step of the student */
    double guidance;      /* scale; of a student what it was told, or has baked in */
    char quality_name[8]; /* "frechet" or "sw2": less is better */
    double quality, quality_low, quality_high;
    double diversity, diversity_low, diversity_high; /* coverage, 0..1 */
} TradeView;

/* What a label of a data set is called, NULL: it has a number only. Constant. */
const char *engine_class_name(const char *data, int label);

typedef struct ParamInfoView {
    const char *section, *key, *help, *unit, *fallback, *choices;
    ParamType type;
    ParamApplies applies;
    double low, high;
    const char *method; /* whose parameter it is, "" when every method shares it */
} ParamInfoView;

/* One run as of its last publication. Immutable. */
typedef struct RunView {
    int id;               /* the number in the folder's name */
    char name[NAME_SIZE]; /* without the number */
    char method[16], data[16];
    char note[96]; /* last remark: "forked from 07@9000", why it failed, ... */
    RunState state;
    bool brief; /* curves, marks and samples are still to be read (a folder of many runs) */
    int parent; /* 0: none */
    long parent_step;
    long step, steps;
    long checkpoint; /* newest saved step, -1: none */
    double loss, smooth_loss, lr, grad_norm;
    double best;   /* lowest smoothed loss so far */
    double shift;  /* largest own/forward ratio over i < N, NaN before the first measure */
    int shift_row; /* where that is */
    double steps_per_s, seconds_left;
    double nfe;                  /* network evaluations so far (backward counts 2) */
    Series seconds, evaluations; /* of training: measuring left out; at every few seconds' step */
    long batch;                  /* samples a training step sees */
    double nfe_teacher, nfe_student, nfe_critic; /* of them, in training */
    double budget;      /* of those three together (run.budget_nfe), 0: none */
    double shift_share; /* share of nfe spent on measuring */
    bool guided;        /* then the teacher's own law is the right reference (methods.md 11.5 b) */
    double prior[3]; /* in force now under the schedule: data, teacher, student; NaN: the run is not
                        open */
    double share[3]; /* of the rows of the last batches; NaN unknown */
    bool renoises;   /* the sampler draws fresh noise: the paired error then says little */
    int loss_terms;
    TermView *term; /* [0] is the loss itself, [1] grad_norm, then the method's terms */
    ShiftView shift_view;
    SamplesView samples;
    SamplesView past; /* what COMMAND_LOOK asked for; n = 0: nothing */
    int marks;
    MarkView *mark;
    int metrics; /* last evaluation */
    MetricView *metric;
    long metrics_step;
    int metrics_n;            /* samples it took */
    const MetricView *beside; /* a finished run's, of as many samples: metric by metric, held-out
                                 data against themselves, then the teacher's own `teacher_steps`;
                                 NaN where there is none. NULL: not measured */
    int teacher_steps;
    double best_metric; /* the least frechet, or sw2, of all its evaluations; NaN: none */
    long best_step;     /* the step of that */
    int trades;         /* its frontier as far as it was measured */
    const TradeView *trade;
    bool external; /* another program trains it */
    /* Its parameters, [params]; NULL: those of engine_params(). See run_param_row. */
    const ParamInfoView *info;
    char complaint[120]; /* what its own table, values or logs are wrong in, the first; "" */
    const char *output;  /* the last lines of what its program printed, plain text; or NULL */
    int params;          /* values as text, in that order */
    const char (*param)[64];
} RunView;

typedef struct NoteView {
    long ticket; /* of the command answered; 0: news */
    Status status;
    int run; /* concerned run, or 0 */
    char time[12];
    char text[256];
} NoteView;

enum { NOTES_MAX = 32 };

/* Who owns the runs folder, that is, trains in it. */
typedef enum OwnerKind { OWNER_NONE, OWNER_WORKBENCH, OWNER_HEADLESS } OwnerKind;
typedef struct OwnerView {
    OwnerKind kind;
    bool here;     /* this very process */
    long process;  /* its number, 0: unknown */
    int viewers;   /* attached to it */
    char host[64]; /* "": this one */
} OwnerView;

typedef struct Snapshot {
    long serial;
    OwnerView owner;
    int runs;
    const RunView *const *run; /* by id, ascending */
    int notes;                 /* newest last */
    NoteView note[NOTES_MAX];
    long notes_ever; /* the newest note is number notes_ever */
    double
        cpu_share; /* of all cores, 0..1, over the last second; NaN unknown. Of the owner, as is: */
    double rss_mib;
} Snapshot;

/* The newest snapshot; stays valid until dropped. Never NULL. */
const Snapshot *engine_look(Engine *engine);
void engine_drop(Engine *engine, const Snapshot *snapshot);

/* Sends one command to whoever trains the run in `folder` (command->run is set from it) and waits
 * so many seconds for the answer, without an engine. BLOCKED: nobody trains it, or nobody answers
 * (then as the answer's status). */
Status engine_tell(const char *runs, const char *folder, const Command *command, double wait,
                   NoteView *answer, Error *error);

/* Lock-step only: does up to `quanta` quanta of work and publishes; returns quanta done (0: nothing
 * to do). */
int engine_advance(Engine *engine, int quanta);

/* ---- Constant tables
 * ------------------------------------------------------------------------------------ */

typedef struct PresetInfo {
    char name[NAME_SIZE];
    char path[512];
    char title[120];    /* the first comment line of the file */
    char comment[1200]; /* the comment lines before the first section: paragraphs as lines */
} PresetInfo;
/* The presets found (presets/ beside the program or in the installed data folder), by name.
 * Allocated; free() it. */
int engine_presets(PresetInfo **presets);
/* What the preset of that name says engine_param's row `index` is, as RunView.param would show it.
 * false, an empty text: there is no such preset or row, or its file cannot be read. */
bool engine_preset_param(const char *preset, int index, char *text, size_t size);

/* Are larger values of the metric of that name better? Constant. */
bool engine_more_is_better(const char *metric);

/* Every parameter, in table order. Allocated; free() it. */
int engine_params(ParamInfoView **params);
/* One of them, by its index there; false past the end. Allocates nothing. */
bool engine_param(int index, ParamInfoView *param);
/* One of a run's parameters, by its index there: engine_param's, or the run's own. */
bool run_param_row(const RunView *run, int index, ParamInfoView *param);
/* Its index by name, -1: the run has none. */
int run_param_find(const RunView *run, const char *section, const char *key);
/* The frontier of n runs that stand as one: each sampler's means over those that have it, with
 * Student's 95 % intervals (NaN where there is one); of one run its own. How many samplers. */
int run_trades(const RunView *const *run, int n, TradeView mean[TRADES_MAX]);
/* All of them, as engine_params. */
int run_params(const RunView *run, ParamInfoView **params);
/* Is the text a value of this parameter? `canonical` gets it as RunView.param would show it. */
Status engine_param_check(int index, const char *text, char canonical[64], Error *error);
/* The same of run_param_row's. */
Status run_param_check(const RunView *run, int index, const char *text, char canonical[64],
                       Error *error);

#endif
