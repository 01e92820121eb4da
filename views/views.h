/* What a view is, and what all views share. A view draws a Snapshot on a Canvas and
 * answers keys; a Command it wants sent is returned, never sent. Adding a view: one file,
 * one row in `views`. */
#ifndef DDIL_VIEWS_H
#define DDIL_VIEWS_H

#include "engine/engine.h"
#include "views/draw/canvas.h"
#include "views/keys.h"

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

enum { STAGE_LAST = 1 << 20, LAID_MAX = 7 };

/* The one cursor and the choices that all views share. */
typedef struct Session {
    int run;      /* RunView.id of the chosen run, 0: none */
    bool live;    /* the training step follows the newest */
    long step;    /* else: the training step under the cursor */
    int stage;    /* sampling stage 0 (noise) .. N (the sample); clamped where it is used */
    int seed;     /* sample number */
    bool playing; /* the sampling stage moves by itself */
    int zoom;     /* the chart shows 1 / 2^zoom of the axis */
    bool linear_y, log_x;
    Dots dots;
    int curve;          /* which RunView.term */
    int smoothing;      /* of lines: 0 off, else 1..SMOOTHINGS */
    bool all;           /* ranges of values hold the outliers too */
    int across;         /* what charts run along: an Across */
    int laid[LAID_MAX]; /* runs overlaid (their ids), 0: a free place */
    int base;           /* the run differences are taken to, 0: chosen by the screen */
    Reference reference;
    int ground;  /* 0: as the terminal says, 1 dark, 2 light */
    int palette; /* theme_palettes */
} Session;

typedef struct Scene {
    const Snapshot *snapshot;
    const RunView *run; /* the chosen one, NULL when there is none */
    Session *session;   /* draw must not change it */
    int x_cells;        /* width of the chart last drawn, for scrubbing by one column */
    bool fixed_clock;   /* leave out what depends on the clock */
    bool readonly;
    bool tour; /* a lesson is on */
} Scene;

typedef enum ReplyKind {
    REPLY_UNKNOWN, /* the key means nothing here: flash the hints */
    REPLY_NONE,    /* taken; draw again */
    REPLY_SEND,    /* send `command` */
    REPLY_VIEW,    /* show view `view` */
    REPLY_BACK,    /* close the overlay */
    REPLY_LEAVE_SAVING,
    REPLY_LEAVE_DROPPING,
    REPLY_LEAVE_DETACHING, /* the engine goes on without this terminal */
    REPLY_SUSPEND,
    REPLY_REPAINT,
    REPLY_GRAPHICS,
    REPLY_MOUSE,   /* mouse on or off */
    REPLY_ASK,     /* let the person type: `asking`, label in `say`, to begin with in
                      command.text */
    REPLY_REFUSED, /* what was typed will not do: `say` why; the line stays */
    REPLY_HELP,
    REPLY_QUIT,
    REPLY_LESSON,  /* command.text: next, back, reset, leave */
    REPLY_DISPLAY, /* write the screen to the file command.text */
    REPLY_SHARE,   /* put the line that brings this screen back where a person can take it:
                      command.text */
    REPLY_ALERT,   /* command.text: a rule to ring for, or off */
    REPLY_BELL,
    REPLY_PICTURE, /* write the pictures on screen to the file command.text */
} ReplyKind;

/* What a line is typed for. */
typedef enum Asking { ASK_NOTHING, ASK_COMMAND, ASK_FILTER, ASK_NOTE, ASK_VALUE } Asking;

typedef struct Reply {
    ReplyKind kind;
    int view;
    Asking asking;
    char say[160]; /* for the status row, "": nothing */
    Command command;
} Reply;

/* What of the engine's a view shows beyond each run's newest state (COMMAND_LOOK). */
enum Beyond {
    LOOK_PAST = 1,
    LOOK_PATHS = 2,
    LOOK_LAID = 4, /* the past of every run laid over the others */
};

typedef struct View {
    const char *name, *title, *help;
    unsigned place;    /* its bit in the key table */
    size_t state_size; /* zeroed at the start */
    unsigned looks;    /* of Beyond */
    bool rail, side;   /* leaves room for the runs rail, the samples rail */
    void (*draw)(void *state, const Scene *scene, Canvas *canvas, Rect body);
    /* Answers an action the screen itself does not handle. */
    Reply (*act)(void *state, const Scene *scene, Action action);
    /* Takes what was typed (REPLY_ASK, or ACTION_FILTER); NULL: it never asks. */
    Reply (*typed)(void *state, const Scene *scene, Asking asking, const char *text);
    /* Takes a press of the mouse inside `body`; NULL: the mouse means nothing here. */
    Reply (*mouse)(void *state, const Scene *scene, Rect body, int press);
    /* One line about what the cursor is on. */
    void (*describe)(const Scene *scene, char *text, size_t size);
} View;

extern const View view_runs, view_curves, view_samples, view_paths, view_tweak, view_compare;
extern const View view_help, view_quit, view_picker, view_marks;

extern const View *const views[]; /* the tabs */
extern const int view_count;

/* ---- Shared by views ---- */

/* A reply that says something. */
Reply reply_say(ReplyKind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The measure REFERENCE_AUTO stands for in this run. */
Reference views_reference(const Session *session, const RunView *run);
/* The training step under the cursor. */
long views_step(const Session *session, const RunView *run);
/* The samples that fit a training step, -1: the newest: the run's own, or those of the past. */
const SamplesView *views_samples_at(const RunView *run, long step);
/* The same for the training step under the cursor. */
const SamplesView *views_samples(const Session *session, const RunView *run);
/* What views of samples have in common: earlier and later training steps, End, playing. false: not
 * one of these. */
bool views_scrub(const Scene *scene, Action action);
/* Moves an index by an action (up, down, page, first, last) within [0, n). */
int views_move(int index, int n, Action action);
/* "─ title ───── right ─" on the first row of `rect`, which is cut off it. */
void views_title(Canvas *canvas, Rect *rect, const char *title, const char *right);
/* At most `width` cells, the last a mark of it when the text was cut. */
void views_cut_text(Canvas *canvas, int x, int y, int width, Style style, const char *text);
/* Words of `text` on as many rows of `rect` as they take, from `row` on; rows outside are left out.
 * Returns the rows taken; canvas NULL: only counts. */
int views_wrap(Canvas *canvas, Rect rect, int row, Style style, const char *text);
/* "label   value" on row y; false when there is no room for it. */
bool views_fact(Canvas *canvas, Rect rect, int row, const char *label, const char *value);
/* State as a sign and a word. */
Style views_state(const Canvas *canvas, RunState state, const char **sign, const char **word);
/* The chosen run's figures, one a row; what does not fit is left out. */
void views_facts(Canvas *canvas, const Scene *scene, Rect rect);
/* Who owns the folder: "this workbench", "process 1234, headless: attached". Returns `text`. */
const char *views_owner(const Scene *scene, char *text, size_t size);
/* News, newest first. */
void views_news(Canvas *canvas, const Scene *scene, Rect rect);
/* The samples picture for rails. */
void views_samples_rail(Canvas *canvas, const Scene *scene, Rect rect);

#endif
