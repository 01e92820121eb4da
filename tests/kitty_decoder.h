/* The Kitty graphics protocol as a terminal reads it, for tests: commands in, the
 * pictures that stand on the screen out. */
#ifndef DDIL_KITTY_DECODER_H
#define DDIL_KITTY_DECODER_H

#include "app/sixel.h"
#include "views/canvas.h"

enum { KITTY_SHOWN_MAX = 64 };

typedef struct KittyPicture {
    unsigned number;
    Rect cells;
    int width, height;
    uint8_t *rgb; /* [height][width][3] */
} KittyPicture;

typedef struct KittyScreen {
    KittyPicture shown[KITTY_SHOWN_MAX];
    int n;
    bool asked;   /* whether it is spoken here */
    bool loading; /* a picture has begun and not ended */
    KittyPicture begun;
    Bytes text; /* its base64 */
} KittyScreen;

/* The command between ESC _ G and ESC \\; `x`, `y`: the cursor. Fails the test on
 * anything odd. */
void kitty_command(KittyScreen *screen, const char *command, size_t n, int x, int y);
void kitty_clear(KittyScreen *screen);
/* Exactly these pictures stand there, pixel by pixel. */
void assert_kitty_shows(const KittyScreen *screen, const Canvas *canvas);

#endif
