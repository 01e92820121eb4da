/* The Kitty graphics protocol as a terminal reads it, for tests: commands in, the
 * pictures that stand on the screen out. */
#ifndef DDIL_KITTY_DECODER_H
#define DDIL_KITTY_DECODER_H

#include "app/terminal/sixel.h"
#include "views/draw/canvas.h"

enum { KITTY_SHOWN_MAX = 64 };

typedef struct KittyPicture {
    unsigned number;
    Rect cells;
    int width, height;
    uint8_t *rgb; /* [height][width][3] */
    bool cleared; /* with the text: terminals differ in whether it is seen then */
} KittyPicture;

typedef struct KittyScreen {
    KittyPicture shown[KITTY_SHOWN_MAX];
    int n;
    bool asked;   /* whether it is spoken here */
    bool loading; /* a picture has begun and not ended */
    bool cut;     /* a command was cut off */
    KittyPicture begun;
    Bytes text; /* its base64 */
} KittyScreen;

/* The command between ESC _ G and ESC \\; `x`, `y`: the cursor. Fails the test on
 * anything odd. */
void kitty_command(KittyScreen *screen, const char *command, size_t n, int x, int y);
void kitty_clear(KittyScreen *screen);
/* The text was cleared, all of it. */
void kitty_cleared(KittyScreen *screen);
/* Exactly these pictures stand there, `in_full` pixel by pixel. */
void assert_kitty_shows(const KittyScreen *screen, const Canvas *canvas, bool in_full);
/* None stands there but in the cells of one of these. */
void assert_kitty_not_stale(const KittyScreen *screen, const Canvas *canvas);

#endif
