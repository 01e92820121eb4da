/* Owns what doctor says about the terminal: what the environment claims, and what the
 * terminal answers when asked. May call probe.h; no curses. */
#include "app/commands/doctor_terminal.h"

#include "app/base/doctor_lines.h"
#include "app/terminal/look.h"
#include "app/terminal/outside.h"
#include "app/terminal/probe.h"
#include "app/terminal/term_check.h"
#include "engine/base/clock.h"
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { LEAST_COLUMNS = 60, LEAST_ROWS = 16 };
static const double patience_s = 2;

/* Feeds what comes until the last answer or the end of our patience. Keys pressed
 * meanwhile are lost. */
static void listen(int tty, Probe *probe)
{
    double end = clock_s() + patience_s;
    while (!probe->answers.done) {
        int left = (int)(1000 * (end - clock_s()));
        struct pollfd wait = {.fd = tty, .events = POLLIN};
        unsigned char bytes[256];
        if (left <= 0 || poll(&wait, 1, left) <= 0)
            return;
        ssize_t n = read(tty, bytes, sizeof bytes);
        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++) {
            InputEvent events[PROBE_EVENTS];
            probe_feed(probe, bytes[i], events);
        }
    }
}

/* Its questions, and the row cleared of what a terminal may have printed of them. */
static bool put_questions(int tty)
{
    char text[256];
    bool kitty = probe_may_ask_kitty(getenv("TERM"), getenv("TMUX"));
    int size = snprintf(text, sizeof text, "%s%s%s", kitty ? probe_kitty : "",
                        kitty ? "\r\033[2K" : "", probe_burst);
    return write(tty, text, (size_t)size) == size;
}

/* Asks the terminal; false where there is none that may be asked. */
static bool ask(Answers *answers)
{
    struct termios sane, raw;
    Probe probe;
    int tty = isatty(STDOUT_FILENO) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (tty < 0)
        return false;
    bool asked = tcgetpgrp(tty) == getpgrp() && tcgetattr(tty, &sane) == 0;
    if (asked) {
        raw = sane;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        probe_init(&probe);
        probe.no_sixel_here = !outside_takes_sixel();
        tcsetattr(tty, TCSAFLUSH, &raw);
        if (put_questions(tty))
            listen(tty, &probe);
        tcsetattr(tty, TCSAFLUSH, &sane); /* late answers must not reach the shell */
        *answers = probe.answers;
    }
    close(tty);
    return asked;
}

static void say_size(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 &&
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) {
        doctor_say(true, "size", "unknown: no terminal on standard output");
        return;
    }
    bool enough = size.ws_col >= LEAST_COLUMNS && size.ws_row >= LEAST_ROWS;
    doctor_say(enough, "size", "%d x %d cells, %d x %d pixels", size.ws_col, size.ws_row,
               size.ws_xpixel, size.ws_ypixel);
    if (!enough)
        doctor_remedy("enlarge the window to 80 x 24 or more; below 60 x 16 one pane of "
                      "text is shown");
}

/* Terminals that show no pictures as they are usually started. */
static void say_remedy(const Answers *answers)
{
    const char *program = getenv("TERM_PROGRAM");
    if (getenv("TMUX"))
        doctor_remedy(
            "tmux passes pictures on from 3.4 on, built with sixel, and only to a terminal that "
            "has it: run ddil outside of it, or in such a terminal");
    else if (program && strcmp(program, "vscode") == 0)
        doctor_remedy("in VS Code set \"terminal.integrated.enableImages\": true");
    else if (strncmp(answers->name, "XTerm", 5) == 0 || getenv("XTERM_VERSION"))
        doctor_remedy("plain xterm has no sixel: start xterm -ti vt340");
    else
        doctor_remedy("for real pictures use kitty, mlterm, foot, WezTerm, contour, or "
                      "xterm -ti vt340");
    doctor_remedy("until then pictures are drawn with half blocks");
}

/* What the workbench would make of the answers. */
static CanvasLook look_there(const Answers *answers)
{
    const TermOptions options = {.in = STDIN_FILENO, .out = STDOUT_FILENO};
    TermSize size = term_size(&options);
    Sight sight = {.answers = answers,
                   .width = size.width,
                   .height = size.height,
                   .pixel_width = size.pixel_width,
                   .pixel_height = size.pixel_height,
                   .colours = COLOURS_256,
                   .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
                   .decided = true};
    return look_for(&sight);
}

static void say_pictures(void)
{
    Answers answers;
    if (!ask(&answers)) {
        doctor_say(true, "pictures", "not asked: no terminal on standard output");
        return;
    }
    CanvasLook look = look_there(&answers);
    bool good = look.graphics == GRAPHICS_SIXEL;
    doctor_say(good, "pictures", "%s%s%s%s", look.remark, *answers.name ? ", " : "", answers.name,
               answers.done ? "" : ": no answer within 2 s");
    if (good && answers.sixel && answers.kitty)
        doctor_say(true, "", "sixel as well: --graphics sixel");
    if (answers.sixel)
        doctor_say(true, "colours", "%d in a sixel picture", answers.registers);
    if (!good)
        say_remedy(&answers);
}

static void say_colours(const char *term)
{
    const char *no_color = getenv("NO_COLOR"), *more = getenv("COLORTERM");
    bool off = no_color && *no_color;
    bool many = (term && strstr(term, "256color")) || (more && *more);
    doctor_say(many && !off, "colours", "%s",
               off    ? "NO_COLOR is set: none"
               : many ? "256 or more"
                      : "8 or 16");
    if (!many && !off)
        doctor_remedy("if the terminal knows 256 colours: export TERM=xterm-256color");
}

void doctor_terminal(void)
{
    const char *term = getenv("TERM");
    bool usable = term && *term && strcmp(term, "dumb") != 0;
    doctor_say(usable, "terminal", "TERM=%s", term ? term : "");
    if (!usable)
        doctor_remedy("the workbench needs a terminal such as xterm-256color; ddil run "
                      "works anywhere");
    if (usable)
        say_colours(term);
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    doctor_say(utf8, "text", "%s", nl_langinfo(CODESET));
    if (!utf8)
        doctor_remedy("charts are drawn in ASCII; for finer ones: export LANG=C.UTF-8");
    say_size();
    if (usable)
        say_pictures();
}
