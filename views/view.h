/* What a view is: it draws a Snapshot on a Canvas and answers keys; a Command it wants sent is
 * returned, never sent. Adding a view: one file, its name below, one row in views.c. */
#ifndef DDIL_VIEW_H
#define DDIL_VIEW_H

#include "views/draw/canvas.h"
#include "views/model/reply.h"
#include "views/model/session.h"

/* What of the engine's a view shows beyond each run's newest state (COMMAND_LOOK). */
enum Beyond {
    LOOK_PAST = 1,
    LOOK_PATHS = 2,
    LOOK_OVERLAY = 4, /* the past of every run overlay over the others */
};

typedef struct View {
    const char *name, *title, *help;
    unsigned place;    /* of a popup: its bit in the key table */
    size_t state_size; /* zeroed at the start */
    unsigned looks;    /* of Beyond */
    bool rail, side;   /* leaves room for the runs rail, the samples rail */
    /* Before each drawing: what changed moves what follows it. NULL: nothing does. */
    void (*update)(void *state, const Scene *scene, const CanvasLook *look, Rect body);
    void (*draw)(const void *state, const Scene *scene, Canvas *canvas, Rect body);
    /* Answers an action the screen itself does not handle. */
    Reply (*act)(void *state, const Scene *scene, Action action);
    /* Takes a key that the table does not know here: what is typed into it. NULL: nothing is. */
    Reply (*type)(void *state, const Scene *scene, int press);
    /* Takes what was typed (REPLY_ASK, or ACTION_FILTER); NULL: it never asks. */
    Reply (*typed)(void *state, const Scene *scene, Asking asking, const char *text);
    /* Takes a press of the mouse inside `body`; NULL: the mouse means nothing here. */
    Reply (*mouse)(void *state, const Scene *scene, Rect body, int press);
    /* One line about what the cursor is on. */
    void (*describe)(const Scene *scene, char *text, size_t size);
} View;

/* The tabs, and the popups. */
extern const View view_runs, view_curves, view_samples, view_paths, view_tweak, view_compare;
extern const View view_help, view_quit, view_picker, view_marks, view_explain, view_output;
extern const View view_drawing, view_form;

#endif
