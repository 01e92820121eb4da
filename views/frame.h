/* What stands around the view in front: tabs, rails, timeline, status, hints. */
#ifndef DDIL_VIEWS_FRAME_H
#define DDIL_VIEWS_FRAME_H

#include "views/draw/layout.h"
#include "views/prompt.h"
#include "views/view.h"

typedef struct Frame {
    int front;         /* index into views */
    const View *popup; /* over it; NULL: none */
    Prompt prompt;
    char remark[160];    /* of the program itself, for the status row */
    char dismissed[256]; /* the bad news a key press has put away */
    bool flash;          /* a key meant nothing */
} Frame;

/* Where each tab begins; the last entry is the end of all. On a narrow screen the others
 * are digits. */
void frame_tabs(const Frame *frame, int width, int x[TABS_MAX + 1], bool *narrow);
/* Everything but the view in front and the popup over it. */
void frame_draw_rails(Canvas *canvas, const Scene *scene, const Layout *layout);
void frame_draw(Canvas *canvas, const Frame *frame, const Scene *scene, const Layout *layout);
void frame_draw_too_small(Canvas *canvas);

#endif
