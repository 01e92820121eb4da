/* What can be known and set of a terminal before curses has it. */
#ifndef DDIL_TERM_CHECK_H
#define DDIL_TERM_CHECK_H

#include "app/terminal/look.h"
#include "engine/base/status.h"
#include <termios.h>

typedef struct TermOptions {
    int in, out; /* descriptors of a terminal */
    GraphicsChoice graphics;
    bool mono;
    double patience;   /* 0: as people have it; else seconds for any answer, and pictures never
                          become plainer, however late answers come: of tests */
    int width, height; /* 0: as large as the terminal is */
} TermOptions;

/* BLOCKED, with the remedy, when there is no terminal or it is too small or too dumb;
 * touches nothing. */
Status term_check(const TermOptions *options, Error *error);

typedef struct TermSize {
    int width, height;             /* cells: as asked for, or as the kernel says, or 80x24 */
    int pixel_width, pixel_height; /* of a cell as the kernel says; 0: it does not */
} TermSize;
TermSize term_size(const TermOptions *options);

/* Keys come at once and as they are, output goes out as it is: the modes `sane` without
 * what a line of text needs. curses cannot set them: it writes to no terminal (curses_buffer.h). */
void term_raw(const TermOptions *options, const struct termios *sane);
/* What newterm takes for the size, and sets the terminal's margins by: behind no terminal it
 * would find 24 rows, and a picture below them scrolls the screen. 0: no longer. */
void term_tell_size(int width, int height);

#endif
