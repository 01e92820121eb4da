/* The other end of a terminal, for tests: an independent emulator on a pty, and a sixel
 * decoder of its own. */
#ifndef DDIL_EMULATOR_H
#define DDIL_EMULATOR_H

#include "app/terminal/sixel.h"
#include "app/terminal/term.h"
#include "tests/kitty_decoder.h"
#include <vterm.h>

typedef struct Decoded {
    int width, height; /* declared */
    uint8_t rgb[256][3];
    uint8_t *pixels; /* palette number + 1; 0: unpainted */
} Decoded;

/* `text` begins after "P0;1;0q" and ends before ESC \. Fails the test on anything odd;
 * the caller frees pixels. */
Decoded sixel_decode(const char *text, size_t n);
/* Every pixel painted, and in the source's colour. */
void assert_decodes_to(const Decoded *d, const Picture *picture);

enum { SHOWN_MAX = 64, INK_OF_A_PART = -1 };

/* An emulator at the other end of a pty, which also tracks which cells carry picture ink.
 */
typedef struct Emulator {
    int master, slave;
    VTerm *text; /* its screen layer: what a person reads */
    VTerm *ink;  /* its state layer: who writes where */
    int width, height;
    int cell_width, cell_height; /* pixels; 10x20 at first, others from the next resize on */
    int *inked; /* [height * width]: 1 + the slot of the picture that may still be seen there */
    int *whole; /* ... that is sure to be */
    Rect shown[SHOWN_MAX];
    Decoded decoded[SHOWN_MAX];
    KittyScreen kitty;
    bool speaks_sixel, speaks_kitty; /* answers that it does */
    bool scrolled;                   /* the program moved lines */
    bool resized_within;             /* the picture that comes in began at another size */
    bool caught_up;
    size_t received, answered; /* bytes */
    struct Reader *reader;
    Bytes held; /* the beginning of a picture whose end has not come */
} Emulator;

/* A pty with cells of 10x20 pixels. */
void emulator_open(Emulator *e, int width, int height);
void emulator_close(Emulator *e);
/* Another size, from now on. */
void emulator_resize(Emulator *e, int width, int height);
/* Takes what was written (waits a few ms for it), answers as terminals do; returns bytes
 * taken. */
size_t emulator_pump(Emulator *e);
/* Takes it unseen. */
Bytes emulator_take(Emulator *e);
/* Pumps until everything is taken that was written before, by anyone. Not in the middle of
 * a picture. */
void emulator_catch_up(Emulator *e);
/* TERM, locale and the rest as the tests want them. */
void emulator_environment(void);
/* A terminal on the pty. */
Term *emulator_term(Emulator *e, GraphicsChoice graphics, bool mono);
/* Gives the answer that ends a row of questions: to what was taken and not pumped. */
void emulator_answers(Emulator *e);
/* Closes it. Its last question is answered beforehand: nobody pumps while it waits. */
void emulator_term_close(Emulator *e, Term *term);

#endif
