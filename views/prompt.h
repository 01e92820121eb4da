/* A line being typed, in the place of the status row: editing, history of commands. Pure:
 * keys in, text out. */
#ifndef DDIL_PROMPT_H
#define DDIL_PROMPT_H

#include "views/draw/canvas.h"
#include "views/model/reply.h"

enum { PROMPT_SIZE = 512, PROMPT_LINES = 16 };

typedef struct Prompt {
    Asking asking; /* ASK_NOTHING: closed */
    char label[64];
    char text[PROMPT_SIZE];               /* UTF-8 */
    int cursor;                           /* bytes */
    char line[PROMPT_LINES][PROMPT_SIZE]; /* commands typed before, oldest first */
    int lines, back;                      /* how many; how far back one has gone */
} Prompt;

/* Begins a line with `text` in it. */
void prompt_open(Prompt *prompt, Asking asking, const char *label, const char *text);
/* Closes it; a command goes into the history. */
void prompt_close(Prompt *prompt, bool done);
/* A key that edits. false: it does not. */
bool prompt_edit(Prompt *prompt, int press);
/* A printable code point of pasted text: into an open line, else nowhere: text is never keys.
 * Returns what is to be said about it, "" for nothing. */
const char *prompt_paste(Prompt *prompt, int rune);
/* `by` lines up (1) or down (-1) in the history. */
void prompt_recall(Prompt *prompt, int by);
void prompt_set(Prompt *prompt, const char *text);
/* What fits of it, the cursor in sight. */
void prompt_draw(const Prompt *prompt, Canvas *canvas, Rect row);

#endif
