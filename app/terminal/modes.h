/* What is said to a terminal past curses: modes and questions. */
#ifndef DDIL_APP_TERMINAL_MODES_H
#define DDIL_APP_TERMINAL_MODES_H

#include "app/terminal/wire.h"

/* Buttons and drags come as keys, with columns as numbers (SGR); or the mouse is the terminal's. */
void modes_mouse(Wire *wire, bool ours);
/* Pasted text comes between marks; sixels are drawn at the cursor, whatever another program left
 * behind (mode 80). */
void modes_enter(Wire *wire);
void modes_leave(Wire *wire);
/* Every question of probe.h. Whoever prints Kitty's question prints it into the first row, which is
 * then cleared: it must be drawn again. */
void modes_ask(Wire *wire);
/* The cell, in two ways: another font has another. */
void modes_ask_cell(Wire *wire);
/* What every terminal answers, after all that it was asked before: device attributes. */
void modes_ask_last(Wire *wire);

#endif
