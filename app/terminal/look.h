/* From what is known of a terminal to what is drawn for it. Pure. */
#ifndef DDIL_LOOK_H
#define DDIL_LOOK_H

#include "app/terminal/pictures.h"
#include "app/terminal/probe.h"
#include "views/draw/canvas.h"

typedef enum GraphicsChoice {
    CHOICE_AUTO, /* Kitty when the terminal says so, else sixel, else half blocks: not all that know
                  * both take a sixel away where text is written (Konsole 22.12) */
    CHOICE_SIXEL,
    CHOICE_BLOCKS,
    CHOICE_ASCII,
    CHOICE_OFF,
    CHOICE_KITTY, /* pixels as well, by another protocol */
    CHOICES
} GraphicsChoice;

typedef struct Sight {
    const Answers *answers;
    int width, height;             /* cells */
    int pixel_width, pixel_height; /* of a cell as the kernel says; 0: it does not */
    ColourLevel colours;
    bool ascii;
    bool rgb; /* cells take any colour */
    GraphicsChoice choice;
    bool decided;          /* no longer waiting for answers */
    bool paused;           /* pictures were not acknowledged */
    Stage stage;           /* how plain pictures have become */
    const uint8_t *ground; /* the background by the environment, or NULL */
} Sight;

/* Cell size: the terminal's own answer wins over the kernel's, which may be wrong over a
 * network; 10x20 when nobody says, with a question mark in the remark. A cell that the terminal
 * rounded up (xterm.js says 8 for 7.5) is the text area's part. */
CanvasLook look_for(const Sight *sight);
/* What a colour of the palette of 256 is where colours are numbers of RGB (xterm-direct): those
 * past the first eight as 0xRRGGBB; these, and COLOUR_DEFAULT, as they are. */
int look_direct(int colour);
/* How pictures go, if any are shown: by the Kitty protocol or sixel where they are pixels. */
Speech look_speech(const Sight *sight);
/* The next way to show pictures that this terminal can do; never the present one. */
GraphicsChoice look_next(const Sight *sight);

#endif
