/* What the files that make up the screen share. Nobody else includes this. */
#ifndef DDIL_SCREEN_PARTS_H
#define DDIL_SCREEN_PARTS_H

#include "views/draw/layout.h"
#include "views/lesson.h"
#include "views/model/alert.h"
#include "views/prompt.h"
#include "views/screen.h"
#include <stddef.h>
#include <stdio.h>

enum { VIEWS_MAX = 8, STATE_SIZE = 1024 };

/* A COMMAND_LOOK. */
typedef struct LookAt {
    int run;
    long step;
    bool paths;
} LookAt;

/* One of a run each. */
typedef struct LookSet {
    int n;
    LookAt at[LAID_MAX];
} LookSet;

typedef struct Pace {
    LookSet asked, wanted;
    double since; /* when `wanted` became so */
    double frame; /* when the next stage is due, 0: nothing plays */
} Pace;

struct Screen {
    ScreenOptions options;
    Session session;
    int front;           /* index into views */
    const View *overlay; /* NULL: none */
    union {
        max_align_t align;
        unsigned char bytes[STATE_SIZE];
    } state[VIEWS_MAX], overlay_state;
    Prompt prompt;
    Tour tour;
    Pace pace;
    bool side; /* the samples rail was drawn */
    Alerts alerts;
    char look[512]; /* words to carry out once there is a run */
    Rect body;      /* of the view in front, as last drawn */
    int newest_run; /* highest id met: a newer one is followed */
    int width;      /* of the canvas, then */
    bool flash;
    char remark[160];
    char dismissed[256]; /* the bad news a key press has put away */
};

/* What the views get: the chosen run among those there are. */
Scene screen_scene(Screen *screen, const Snapshot *snapshot);

/* ---- frame.c: what stands around the view in front ---- */
/* Where each tab begins; the last entry is the end of all. On a narrow screen the others
 * are digits. */
void frame_tabs(const Screen *screen, int width, int x[VIEWS_MAX + 1], bool *narrow);
/* Everything but the view in front and the layer over it. */
void frame_draw_rails(Canvas *canvas, const Scene *scene, const Layout *layout);
void frame_draw(Canvas *canvas, const Screen *screen, const Scene *scene, const Layout *layout);
void frame_draw_too_small(Canvas *canvas);

#endif
