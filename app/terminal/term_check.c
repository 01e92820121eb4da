/* Owns the refusal of terminals that cannot carry the workbench, and raw mode. See term_check.h. */
#include "app/terminal/term_check.h"

#include "views/draw/layout.h"
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

TermSize term_size(const TermOptions *options)
{
    struct winsize size = {0};
    ioctl(options->out, TIOCGWINSZ, &size);
    return (TermSize){
        .width = options->width > 0 ? options->width
                 : size.ws_col > 0  ? size.ws_col
                                    : 80,
        .height = options->height > 0 ? options->height
                  : size.ws_row > 0   ? size.ws_row
                                      : 24,
        .pixel_width = size.ws_col > 0 ? size.ws_xpixel / size.ws_col : 0,
        .pixel_height = size.ws_row > 0 ? size.ws_ypixel / size.ws_row : 0,
    };
}

static Status check_type(const TermOptions *options, Error *error)
{
    const char *name = getenv("TERM");
    int problem = 0;
    if (!name || *name == '\0' || setupterm(name, options->out, &problem) != OK) {
        return fail(error, STATUS_BLOCKED,
                    "the terminal type TERM=%s is not known here; set it to what the "
                    "terminal is, for example "
                    "TERM=xterm-256color, or use: ddil run PRESET",
                    name ? name : "");
    }
    bool able = tigetstr("cup") && tigetstr("cup") != (char *)-1 && tigetstr("clear");
    del_curterm(cur_term);
    if (!able) {
        return fail(error, STATUS_BLOCKED,
                    "a terminal of type TERM=%s cannot move its cursor; set TERM to what "
                    "it really is, for example "
                    "TERM=xterm-256color, or use: ddil run PRESET",
                    name);
    }
    return STATUS_OK;
}

void term_raw(const TermOptions *options, const struct termios *sane)
{
    struct termios raw = *sane;
    cfmakeraw(&raw);
    tcsetattr(options->in, TCSADRAIN, &raw);
}

static void tell(const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    if (value > 0)
        setenv(name, text, 1);
    else
        unsetenv(name);
}

void term_tell_size(int width, int height)
{
    tell("COLUMNS", width);
    tell("LINES", height);
}

Status term_check(const TermOptions *options, Error *error)
{
    TermSize size = term_size(options);
    if (!isatty(options->in) || !isatty(options->out)) {
        return fail(error, STATUS_BLOCKED,
                    "the workbench needs a terminal on standard input and output; "
                    "without one use: ddil run PRESET");
    }
    if (size.width < SCREEN_MIN_WIDTH || size.height < SCREEN_MIN_HEIGHT) {
        return fail(error, STATUS_BLOCKED,
                    "the terminal is %dx%d and the workbench needs at least %dx%d; "
                    "enlarge it, or use: ddil run PRESET",
                    size.width, size.height, SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT);
    }
    return check_type(options, error);
}
