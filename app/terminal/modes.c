/* Owns the sequences. See modes.h. */
#include "app/terminal/modes.h"

#include "app/terminal/probe.h"
#include <stdlib.h>
#include <string.h>

static void say(Wire *wire, const char *text) { wire_write(wire, text, strlen(text)); }

void modes_mouse(Wire *wire, bool ours)
{
    say(wire, ours ? "\033[?1002h\033[?1006h" : "\033[?1002l\033[?1006l");
}

void modes_enter(Wire *wire) { say(wire, "\033[?80l\033[?2004h"); }

void modes_leave(Wire *wire) { say(wire, "\033[?2004l"); }

void modes_ask(Wire *wire)
{
    if (probe_may_ask_kitty(getenv("TERM"), getenv("TMUX"))) {
        say(wire, "\0337\033[0m\033[H");
        say(wire, probe_kitty);
        say(wire, "\033[H\033[2K\0338");
    }
    say(wire, probe_burst);
}

void modes_ask_cell(Wire *wire) { say(wire, probe_cell); }

void modes_ask_last(Wire *wire) { say(wire, "\033[c"); }
