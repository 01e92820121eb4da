/* Pictures on a terminal: which are shown, which wait, which must go. Turns that into
 * bytes; writes nothing itself. One picture is in flight at a time, its acknowledgement
 * (CSI 0 n) lets the next one go; the governor says when, and how plain. */
#ifndef DDIL_PICTURES_H
#define DDIL_PICTURES_H

#include "app/terminal/governor.h"
#include "app/terminal/sixel.h"
#include "views/draw/canvas.h"
#include <stdbool.h>

/* How they go out. */
typedef enum Speech { SPEECH_SIXEL, SPEECH_KITTY, SPEECH_CELLS } Speech;

typedef struct Exhibit {
    Picture picture; /* pixels owned */
    bool wanted;     /* by the canvas shown last */
    unsigned number; /* in the Kitty protocol; 0: the other ways */
    bool hung;       /* some picture of ours stands in these cells */
    bool fresh;      /* what hangs is what is wanted */
    Stage stage;     /* as it was sent last */
    double sent_at;
    double patience; /* seconds for an acknowledgement, 3; tests wait longer */
    double bytes;    /* as it would be in STAGE_FULL, about */
} Exhibit;

typedef struct Pictures {
    Exhibit exhibit[2 * PICTURES_MAX];
    int n;
    Speech speech;
    int registers;    /* colours a sixel may have; 0: unknown, enough */
    int own;          /* what they were before the terminal was asked for more; 0: it was not */
    unsigned numbers; /* given out */
    bool in_flight, paused;
    Rect sending;   /* the cells of the one in flight */
    int unanswered; /* acknowledgements that never came, in a row */
    double sent_at;
    double patience;   /* seconds for an acknowledgement */
    double not_before; /* after a resize */
    Governor governor;
} Pictures;

/* patience: that of TermOptions. */
void pictures_init(Pictures *pictures, double now, double patience);
void pictures_done(Pictures *pictures);
/* Takes the pictures of a canvas. Appends to `erase` the bytes that blank what is no
 * longer wanted, and for the first coloured one the wish for more registers (XTSMGRAPHICS), which
 * the terminal answers as it answers probe.h's question; they must be written before the cells of
 * that canvas. */
void pictures_take(Pictures *pictures, const Canvas *canvas, Bytes *erase);
/* Appends the next picture due, with its request for an acknowledgement; false when none
 * is. */
bool pictures_next(Pictures *pictures, double now, bool synchronised, Bytes *out);
void pictures_acknowledged(Pictures *pictures, double now);
/* The picture in flight was cut off: it is to be sent again. Appends what the terminal must
 * be told. */
void pictures_cancel(Pictures *pictures, double now, Bytes *out);
/* The one in flight should long have been answered. */
bool pictures_stuck(const Pictures *pictures, double now);
/* Seconds until pictures_next may have one; negative: nothing is waiting. */
double pictures_wait(const Pictures *pictures, double now);
/* The screen was cleared: nothing hangs. Pictures still wanted are sent again, not before
 * `when`. */
void pictures_forget(Pictures *pictures, double when);
/* The screen has another size, all of it `screen`: nothing of ours is wanted, and a sixel
 * may stand anywhere. Appends what deletes pictures that a cleared screen would keep. */
void pictures_drop(Pictures *pictures, double when, Rect screen, Bytes *out);
/* How pictures go from now on. Appends bytes that blank what went another way. A number of colours
 * that has become known sends coloured ones again. */
void pictures_speak(Pictures *pictures, Speech speech, int registers, double now, Bytes *out);
/* Appends bytes that blank every picture, and forgets. */
void pictures_erase(Pictures *pictures, double when, Bytes *out);
/* The same before the terminal is left, and gives it back what was asked of it. */
void pictures_leave(Pictures *pictures, Bytes *out);

#endif
