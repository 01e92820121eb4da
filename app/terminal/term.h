/* The terminal: cells through curses, pictures through sixel, keys and answers through
 * one parser. The only owner of curses. One thread. No call waits for the terminal but
 * term_show, when the line is slower than what is drawn. */
#ifndef DDIL_TERM_H
#define DDIL_TERM_H

#include "app/terminal/look.h"
#include "app/terminal/term_check.h"
#include "engine/base/status.h"
#include "views/draw/canvas.h"

typedef struct Term Term;

/* term_check, then takes the terminal over. */
Status term_open(Term **term, const TermOptions *options, Error *error);
/* Gives the terminal back, and waits (3 s at most) for answers that would else reach the
 * shell. */
void term_close(Term *term);

int term_width(const Term *term);
int term_height(const Term *term);
/* What to draw for, right now. */
CanvasLook term_look(const Term *term);

/* Puts the cells on the screen and takes the pictures to be shown; term_tick sends them.
 */
void term_show(Term *term, const Canvas *canvas);
/* The descriptor to poll for writing while a picture is on its way; -1: none is. Data can
 * wait for it; drawing in answer to a key cuts it off. */
int term_output(const Term *term);
/* Does what is due: sends the next picture when the one before was acknowledged and the
 * line has room for it. Returns true when the look changed and the screen must be drawn
 * again. */
bool term_tick(Term *term);
/* Seconds until term_tick has something to do; negative: nothing is waiting. */
double term_wait(const Term *term);

/* Reads what there is: presses go to `press` (at most `most`), answers are taken in.
 * Returns the number of presses, or -1 when the terminal is gone. *changed is set when an
 * answer changed the look. */
int term_read(Term *term, int *press, int most, bool *changed);

/* The size changed: everything is drawn anew, pictures after a moment of quiet. */
void term_resized(Term *term);
/* Paints the whole screen again. */
void term_repaint(Term *term);
/* Stops the process as ^Z does; returns when it goes on. */
void term_suspend(Term *term);
/* Bytes that change no cell: the bell, the clipboard. */
void term_send(Term *term, const char *bytes, size_t n);
/* Mouse presses come as keys; else the terminal keeps the mouse for itself. Returns what
 * it is now. */
bool term_toggle_mouse(Term *term);
/* The next way to show pictures that this terminal can do. */
void term_next_graphics(Term *term);
#endif
