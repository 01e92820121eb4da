/* Screen, canvas, terminal and emulator put together, for tests, and what must be true of
 * them. */
#ifndef DDIL_DESK_H
#define DDIL_DESK_H

#include "engine/engine.h"
#include "tests/emulator.h"
#include "views/screen.h"

typedef struct Desk {
    Emulator emulator;
    Term *term;
    Canvas canvas;
    Screen *screen;
} Desk;

/* Everything at once; close ends all of it. */
void desk_open(Desk *desk, int width, int height, GraphicsChoice graphics);
void desk_close(Desk *desk);
/* Lets everything that was asked for happen: pictures out, acknowledgements in. */
void desk_settle(Desk *desk);
/* Draws, shows, settles; again when an answer changed what is drawn for, as the workbench does. */
void desk_draw(Desk *desk, const Snapshot *snapshot);
/* The emulator shows the canvas, in its runes and styles. */
void assert_text_arrived(const Desk *desk);
/* The pictures on the canvas arrived in their places, `in_full` pixel by pixel; no other
 * cell carries ink. */
void assert_pictures_arrived(const Desk *desk, bool in_full);
/* No cell carries ink but of pictures that the canvas has in that very place. */
void assert_nothing_stale(const Desk *desk);

#endif
