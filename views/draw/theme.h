/* Colours: Okabe-Ito on exact xterm-256 cube entries, a cividis-like ramp, and what is
 * left of them with eight colours or none. Meaning is never carried by colour alone.
 * Constant tables only. */
#ifndef DDIL_THEME_H
#define DDIL_THEME_H

#include "views/draw/canvas.h"

typedef enum Role {
    ROLE_TEXT,
    ROLE_STRONG,
    ROLE_FAINT,
    ROLE_RULE,
    ROLE_TITLE,
    ROLE_FRONT,    /* the tab in front */
    ROLE_KEY,      /* a key's name in the hints bar */
    ROLE_SELECTED, /* the row chosen in a list */
    ROLE_LIVE,
    ROLE_PAUSED,
    ROLE_DONE,
    ROLE_FAILED,
    ROLE_LINE, /* a chart's line */
    ROLE_BAND, /* the edges of its min/max band; the shortest grey there is to switch to:
                  columns must be cheap */
    ROLE_CURSOR,
    ROLE_MARK,
    ROLES
} Role;

/* A role's look at the canvas' colour level. */
Style theme_style(const Canvas *canvas, Role role);

/* Colour of the n-th of several lines; n 0 is ROLE_LINE's in the first palette. */
Style theme_line(const Canvas *canvas, int n);

enum { RAMP_SIZE = 15 };
/* level 0..RAMP_SIZE-1, dark to bright. */
void theme_ramp_rgb(int level, uint8_t rgb[3]);
/* The ramp as xterm-256 entries, chosen by eye: the nearest ones jump in hue. */
int16_t theme_ramp_256(int level);
/* The terminal colour nearest to rgb, or COLOUR_DEFAULT without colours. */
int16_t theme_nearest(ColourLevel colours, const uint8_t rgb[3]);
/* 0..255 */
int theme_luminance(const uint8_t rgb[3]);

/* Colours of points and paths in pictures, on a ground. */
typedef enum Ink { INK_STUDENT, INK_TEACHER, INK_CHOSEN, INK_PALE, INKS } Ink;
void theme_ink_rgb(Ink ink, const uint8_t ground[3], uint8_t rgb[3]);

#endif
