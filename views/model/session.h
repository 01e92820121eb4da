/* The one cursor and the choices that all views share, and what a view is given to look at. Pure.
 */
#ifndef DDIL_VIEWS_MODEL_SESSION_H
#define DDIL_VIEWS_MODEL_SESSION_H

#include "engine/engine.h"
#include "views/model/keys.h"
#include <stddef.h>

/* What the shift panel is measured against (cli.md, "What shift means"). */
typedef enum Reference {
    REFERENCE_RATIO,       /* own / forward disagreement */
    REFERENCE_MMD_FORWARD, /* MMD^2 to the forward law, over its 95 % null */
    REFERENCE_MMD_TEACHER, /* MMD^2 to the teacher's backward law, over its 95 % null */
    REFERENCE_PAIRED,      /* state error against the teacher from the same noise */
    REFERENCES,
    REFERENCE_AUTO = REFERENCES, /* ratio; guided: paired, or MMD^2 to the teacher where
                                    the sampler re-noises */
} Reference;

/* How charts are dotted. */
typedef enum Dots { DOTS_BRAILLE, DOTS_BLOCKS, DOTS_ASCII, DOTS_KINDS } Dots;

enum { STAGE_LAST = 1 << 20, OVERLAY_MAX = 7, UNFOLDED_MAX = 8 };

/* The one cursor and the choices that all views share. */
typedef struct Session {
    int run;      /* RunView.id of the chosen run, 0: none */
    bool live;    /* the training step follows the newest */
    long step;    /* else: the training step under the cursor */
    int stage;    /* sampling stage 0 (noise) .. N (the sample); clamped where it is used */
    int seed;     /* sample number, -1: none was chosen (session_seed) */
    bool playing; /* the sampling stage moves by itself */
    int zoom;     /* the chart shows 1 / 2^zoom of the axis */
    double from;  /* where that part begins: AxisWindow.from */
    bool linear_y, log_x;
    Dots dots;
    int curve;                  /* which RunView.term */
    int smoothing;              /* of lines: 0 off, else 1..SMOOTHINGS */
    bool all;                   /* ranges of values hold the outliers too */
    int across;                 /* what charts run along: an Across */
    int overlay[OVERLAY_MAX];   /* runs overlaid (their ids), 0: a free place */
    int unfolded[UNFOLDED_MAX]; /* groups of seeds that stand run by run: one of their runs each */
    char filter[96];            /* of the list of runs, "": all are shown */
    int sorting;                /* of it: run_list.h */
    int base;                   /* the run differences are taken to, 0: chosen by the screen */
    Reference reference;
    int ground;  /* 0: as the terminal says, 1 dark, 2 light */
    int palette; /* palette_names */
} Session;

/* The n-th name of a file that begins with `typed`; false: there are no more. */
typedef bool FileNames(const char *typed, int n, char *name, size_t size);

typedef struct Scene {
    const Snapshot *snapshot;
    const RunView *run; /* the chosen one, NULL when there is none */
    Session *session;   /* draw must not change it */
    int x_cells;        /* width of the chart last drawn, for scrubbing by one column */
    bool fixed_clock;   /* leave out what depends on the clock */
    bool readonly;
    bool tour;                /* a lesson is on */
    int front;                /* the view in front */
    const char *const *views; /* names of the views in the order of their tabs, NULL at the end */
    FileNames *files;         /* NULL: none are known */
} Scene;

/* Names of palettes for several lines, NULL at the end; Session.palette numbers them. */
extern const char *const palette_names[];

/* The run of that number, or NULL. */
const RunView *snapshot_run(const Snapshot *snapshot, int id);
/* Has the run nothing left to do? A fork at its end needs a larger run.steps. */
bool run_at_its_end(const RunView *run);
/* The measure REFERENCE_AUTO stands for in this run. */
Reference session_reference(const Session *session, const RunView *run);
/* The training step under the cursor. */
long session_step(const Session *session, const RunView *run);
/* The chosen sample, the first where none was. */
int session_seed(const Session *session);
/* What views of samples have in common: earlier and later training steps, End, playing. false: not
 * one of these. */
bool session_scrub(const Scene *scene, Action action);

#endif
