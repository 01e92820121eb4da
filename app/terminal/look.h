/* From what is known of a terminal to what is drawn for it. Pure. */
#ifndef DDIL_LOOK_H
#define DDIL_LOOK_H

#include "app/terminal/governor.h"
#include "app/terminal/probe.h"
#include "views/draw/canvas.h"

typedef enum GraphicsChoice {
    CHOICE_AUTO, /* sixel when the terminal says so, else Kitty, else half blocks */
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
    GraphicsChoice choice;
    bool decided; /* no longer waiting for answers */
    bool paused;  /* pictures were not acknowledged */
    Stage stage;  /* how plain pictures have become */
} Sight;

/* Cell size: the terminal's own answer wins over the kernel's, which may be wrong over a
 * network; 10x20 when nobody says, with a question mark in the remark. */
CanvasLook look_for(const Sight *sight);
/* Pictures, if any are shown as pixels, go by the Kitty protocol. */
bool look_kitty(const Sight *sight);
/* The next way to show pictures that this terminal can do; never the present one. */
GraphicsChoice look_next(const Sight *sight);

#endif
