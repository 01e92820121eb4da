/* The only file that draws with curses. Owns the terminal's modes, the cells last shown,
 * the pictures of pictures. */
#define NCURSES_WIDECHAR 1
#include "app/terminal/term.h"

#include "app/base/signals.h"
#include "app/terminal/curses_buffer.h"
#include "app/terminal/look.h"
#include "app/terminal/modes.h"
#include "app/terminal/outside.h"
#include "app/terminal/pictures.h"
#include "app/terminal/term_check.h"
#include "app/terminal/wire.h"
#include "engine/base/clock.h"
#include "engine/base/trace.h"
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double last_s = 3, decide_s = 0.3, quiet_s = 0.15;

struct Term {
    TermOptions options;
    SCREEN *curses;
    FILE *in, *out; /* of curses; what is written to `out` is sent by send_text */
    Wire wire;      /* a separate way to the same terminal, for pictures */
    struct termios sane;
    int width, height;
    int pixel_width, pixel_height; /* of the window, 0: unknown */
    ColourLevel colours;
    bool ascii, direct; /* colours are RGB numbers */
    bool rgb;           /* text past curses may have any colour */
    Cell *shown;        /* [height * width] what curses was given last */
    Probe probe;
    int asked; /* how often, for the device attributes */
    double probed_at, fed_at, patience;
    GraphicsChoice choice;
    bool mouse;   /* ours; else the terminal's own */
    bool decided; /* AUTO has settled on something */
    uint8_t ground[3];
    bool knows_ground; /* by the environment */
    Pictures pictures;
};

/* ---- Sizes and looks ---- */

static void ask_size(Term *term)
{
    TermSize size = term_size(&term->options);
    term->width = size.width;
    term->height = size.height;
    term->pixel_width = size.pixel_width;
    term->pixel_height = size.pixel_height;
}

static Sight sight_of(const Term *term)
{
    return (Sight){.answers = &term->probe.answers,
                   .width = term->width,
                   .height = term->height,
                   .pixel_width = term->pixel_width,
                   .pixel_height = term->pixel_height,
                   .colours = term->colours,
                   .ascii = term->ascii,
                   .rgb = term->rgb || term->direct,
                   .choice = term->choice,
                   .decided = term->decided,
                   .paused = term->pictures.paused,
                   .stage = term->pictures.governor.stage,
                   .ground = term->knows_ground ? term->ground : NULL};
}

CanvasLook term_look(const Term *term)
{
    Sight sight = sight_of(term);
    return look_for(&sight);
}

int term_width(const Term *term) { return term->width; }

int term_height(const Term *term) { return term->height; }

/* ---- Writing past curses ---- */

static void cancel_picture(Term *term)
{
    Bytes rest = {0};
    pictures_cancel(&term->pictures, clock_s(), &rest);
    wire_write_bytes(&term->wire, &rest);
}

static void end_picture(Term *term)
{
    if (wire_end(&term->wire))
        cancel_picture(term);
}

/* The first row may have been printed into: curses is to write it again. */
static void ask(Term *term)
{
    probe_forget(&term->probe);
    term->decided = false;
    term->probed_at = clock_s();
    term->probe.no_sixel_here = !outside_takes_sixel();
    term->asked++;
    modes_ask(&term->wire);
    wredrawln(stdscr, 0, 1);
}

/* What curses has written since the last time. */
static void send_text(Term *term)
{
    size_t n = gather_send(term->out, term->options.out);
    trace_event("frame", "%dx%d cells, %zu bytes of text", term->width, term->height, n);
    governor_text(&term->pictures.governor, n);
}

/* ---- Opening ---- */

static void set_modes(Term *term)
{
    term_raw(&term->options, &term->sane);
    raw();
    noecho();
    nonl();
    curs_set(0);
    typeahead(-1);        /* we read the keys ourselves */
    idlok(stdscr, FALSE); /* moving lines would carry pictures along */
    idcok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, TRUE);
    const char *plain = getenv("NO_COLOR");
    if (!term->options.mono && (!plain || *plain == '\0') && has_colors() && start_color() == OK) {
        use_default_colors();
        term->direct = COLORS > 0xffff;
        term->colours = COLORS >= 256 ? COLOURS_256 : COLORS >= 8 ? COLOURS_8 : COLOURS_NONE;
    }
}

static void forget_cells(Term *term)
{
    free(term->shown);
    term->shown = calloc((size_t)term->width * (size_t)term->height, sizeof *term->shown);
    need(term->shown); /* rune 0 equals no cell: all are given to curses */
}

static Status start_curses(Term *term, Error *error)
{
    term->in = fdopen(dup(term->options.in), "r");
    term->out = gather_open();
    if (!term->in || !term->out)
        return fail(error, STATUS_BLOCKED, "no room for the screen: %s", strerror(errno));
    tcgetattr(term->options.in, &term->sane);
    wire_open(&term->wire, term->options.out);
    signals_guard(term->wire.fd, &term->sane);
    term_tell_size(term->width, term->height);
    term->curses = newterm(NULL, term->out, term->in);
    term_tell_size(0, 0);
    if (!term->curses) {
        signals_unguard();
        return fail(error, STATUS_BLOCKED, "cannot use TERM=%s", getenv("TERM"));
    }
    set_modes(term);
    resizeterm(term->height, term->width);
    return STATUS_OK;
}

static void close_streams(Term *term)
{
    wire_close(&term->wire);
    if (term->in)
        fclose(term->in);
    if (term->out)
        fclose(term->out);
}

Status term_open(Term **out, const TermOptions *options, Error *error)
{
    Term *term = calloc(1, sizeof *term);
    need(term);
    term->options = *options;
    term->choice = options->graphics;
    term->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    term->knows_ground = outside_ground(getenv("COLORFGBG"), term->ground);
    term->rgb = outside_takes_rgb(getenv("COLORTERM"), getenv("TERM"), getenv("TMUX"));
    ask_size(term);
    Status status = term_check(options, error);
    if (status != STATUS_OK) {
        free(term);
        return status;
    }
    status = start_curses(term, error);
    if (status != STATUS_OK) {
        close_streams(term);
        free(term);
        return status;
    }
    forget_cells(term);
    probe_init(&term->probe);
    pictures_init(&term->pictures, clock_s(), options->patience);
    term->patience = options->patience > 0 ? options->patience : decide_s;
    *out = term;
    refresh(); /* enters the alternate screen before anything is asked */
    send_text(term);
    modes_enter(&term->wire);
    ask(term);
    return STATUS_OK;
}

/* ---- Showing ---- */

static attr_t attributes_of(Style style)
{
    attr_t attributes = style.attributes & ATTRIBUTE_BOLD ? A_BOLD : 0;
    attributes |= style.attributes & (ATTRIBUTE_DIM | ATTRIBUTE_PICTURE) ? A_DIM : 0;
    attributes |= style.attributes & ATTRIBUTE_REVERSE ? A_REVERSE : 0;
    attributes |= style.attributes & ATTRIBUTE_UNDERLINE ? A_UNDERLINE : 0;
    return attributes;
}

static void put_cell(const Term *term, int x, int y, const Cell *cell)
{
    wchar_t text[2] = {(wchar_t)cell->rune, 0};
    bool plain = term->colours == COLOURS_NONE;
    int fg = term->direct ? look_direct(cell->style.fg) : cell->style.fg;
    int bg = term->direct ? look_direct(cell->style.bg) : cell->style.bg;
    int pair = plain ? 0 : alloc_pair(fg, bg);
    cchar_t wide;
    pair = pair < 0 ? 0 : pair;
    setcchar(&wide, text, attributes_of(cell->style), (short)pair, &pair);
    mvadd_wch(y, x, &wide);
}

static bool same_cell(const Cell *a, const Cell *b)
{
    return a->rune == b->rune && a->style.fg == b->style.fg && a->style.bg == b->style.bg &&
           a->style.attributes == b->style.attributes;
}

/* Returns whether it changed. */
static bool show_row(Term *term, const Canvas *canvas, int y, int width)
{
    bool changed = false;
    for (int x = 0; x < width; x++) {
        const Cell *cell = &canvas->cell[y * canvas->width + x];
        Cell *shown = &term->shown[y * term->width + x];
        if (!same_cell(cell, shown)) {
            put_cell(term, x, y, cell);
            *shown = *cell;
            changed = true;
        }
    }
    return changed;
}

/* Row by row: curses scrolls a part of the screen, whatever idlok says, where a line of the
 * last refresh stands elsewhere and nowhere else in this one, and pictures would go along.
 * One new row at a time is never such a line: what it repeats is still there as well. */
static void show_cells(Term *term, const Canvas *canvas)
{
    int width = canvas->width < term->width ? canvas->width : term->width;
    int height = canvas->height < term->height ? canvas->height : term->height;
    for (int y = 0; y < height; y++)
        if (show_row(term, canvas, y, width))
            refresh();
    refresh(); /* if only to clear */
    send_text(term);
}

void term_show(Term *term, const Canvas *canvas)
{
    Bytes erase = {0};
    Sight sight = sight_of(term);
    end_picture(term);
    pictures_speak(&term->pictures, look_speech(&sight), term->probe.answers.registers, clock_s(),
                   &erase);
    pictures_take(&term->pictures, canvas, &erase);
    wire_write_bytes(&term->wire, &erase);
    show_cells(term, canvas);
}

bool term_tick(Term *term)
{
    double now = clock_s();
    bool paused = term->pictures.paused, changed = false;
    Stage stage = term->pictures.governor.stage;
    if (!term->decided && (term->probe.answers.done || now - term->probed_at >= term->patience))
        term->decided = changed = true;
    if (wire_busy(&term->wire) && pictures_stuck(&term->pictures, now))
        end_picture(term);
    if (!wire_busy(&term->wire))
        pictures_next(&term->pictures, now, term->probe.answers.synchronised, &term->wire.pending);
    wire_push(&term->wire);
    return changed || paused != term->pictures.paused || stage != term->pictures.governor.stage;
}

static double sooner(double a, double b) { return a < 0 ? b : b < 0 ? a : fmin(a, b); }

int term_output(const Term *term) { return wire_busy(&term->wire) ? term->wire.fd : -1; }

double term_wait(const Term *term)
{
    double now = clock_s(), wait = pictures_wait(&term->pictures, now);
    int patience = probe_patience_ms(&term->probe);
    if (patience >= 0)
        wait = sooner(wait, fmax(term->fed_at + patience / 1000.0 - now, 0));
    if (!term->decided)
        wait = sooner(wait, fmax(term->probed_at + term->patience - now, 0));
    return wait;
}

/* ---- Reading ---- */

static int take_events(Term *term, const InputEvent *events, int n, int *press, int most)
{
    int taken = 0;
    for (int i = 0; i < n; i++)
        if (events[i].kind == INPUT_KEY && taken < most)
            press[taken++] = events[i].press;
        else if (events[i].kind == INPUT_ACKNOWLEDGED)
            pictures_acknowledged(&term->pictures, clock_s());
    return taken;
}

static bool readable(const Term *term)
{
    struct pollfd input = {term->options.in, POLLIN, 0};
    return poll(&input, 1, 0) > 0;
}

/* All of the screen and of its pictures is drawn anew. */
static void begin_anew(Term *term)
{
    Bytes drop = {0};
    if (wire_busy(&term->wire)) { /* its place may be outside by now, or in the last row */
        wire_cut(&term->wire);
        cancel_picture(term);
    }
    ask_size(term);
    resizeterm(term->height, term->width);
    forget_cells(term);
    pictures_drop(&term->pictures, clock_s() + quiet_s, (Rect){0, 0, term->width, term->height},
                  &drop);
    wire_write_bytes(&term->wire, &drop);
    clearok(curscr, TRUE);
}

/* Another font has come, of which nobody is told where the rows and columns stay. */
static bool other_cell(const Term *term, const CanvasLook *before)
{
    CanvasLook now = term_look(term);
    return now.cell_width != before->cell_width || now.cell_height != before->cell_height;
}

int term_read(Term *term, int *press, int most, bool *changed)
{
    Answers before = term->probe.answers;
    CanvasLook look = term_look(term);
    Stage stage = term->pictures.governor.stage;
    InputEvent events[PROBE_EVENTS];
    unsigned char byte[64];
    int n = 0;
    double now = clock_s();
    int patience = probe_patience_ms(&term->probe);
    bool more = readable(term);
    if (!more && patience >= 0 && now - term->fed_at >= patience / 1000.0)
        n += take_events(term, events, probe_idle(&term->probe, events), press, most);
    while (more && n + PROBE_EVENTS * (int)sizeof byte <= most) {
        ssize_t got = read(term->options.in, byte, sizeof byte);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return -1;
        for (ssize_t i = 0; i < got; i++) {
            n += take_events(term, events, probe_feed(&term->probe, byte[i], events), press + n,
                             most - n);
        }
        term->fed_at = now;
        more = readable(term);
    }
    if (!before.done && term->probe.answers.done)
        governor_round_trip(&term->pictures.governor, clock_s() - term->probed_at);
    if (before.done && other_cell(term, &look))
        begin_anew(term);
    *changed = memcmp(&before, &term->probe.answers, sizeof before) != 0 ||
               stage != term->pictures.governor.stage;
    return n;
}

/* ---- Changes ---- */

void term_repaint(Term *term)
{
    Bytes erase = {0};
    end_picture(term);
    pictures_erase(&term->pictures, clock_s(), &erase);
    wire_write_bytes(&term->wire, &erase);
    clearok(curscr, TRUE);
}

void term_resized(Term *term)
{
    begin_anew(term);
    modes_ask_cell(&term->wire); /* a new font, perhaps */
}

/* Asks one last thing and reads on until that is answered, so that no answer is left for the shell:
 * not for a terminal that has never said anything. */
static void drain(Term *term)
{
    int press[PROBE_EVENTS * 64];
    bool changed;
    end_picture(term);
    if (term->probe.ends == 0 && clock_s() - term->probed_at > last_s)
        return;
    modes_ask_last(&term->wire);
    term->asked++;
    for (double until = clock_s() + last_s; term->probe.ends < term->asked;) {
        int left = (int)((until - clock_s()) * 1000) + 1;
        struct pollfd input = {term->options.in, POLLIN, 0};
        if (left <= 1 || poll(&input, 1, left) <= 0 ||
            term_read(term, press, PROBE_EVENTS * 64, &changed) < 0)
            return;
    }
}

static void leave_screen(Term *term)
{
    Bytes erase = {0};
    end_picture(term);
    pictures_leave(&term->pictures, &erase);
    wire_write_bytes(&term->wire, &erase);
    modes_mouse(&term->wire, false);
    modes_leave(&term->wire);
    endwin();
    send_text(term);
}

void term_suspend(Term *term)
{
    static const char text[] =
        "ddil is suspended and trains no further until it is resumed: fg\r\n";
    drain(term);
    leave_screen(term);
    tcsetattr(term->options.in, TCSADRAIN, &term->sane);
    wire_write(&term->wire, text, sizeof text - 1);
    signals_unguard();
    signals_stop_here();
    signals_guard(term->wire.fd, &term->sane);
    ask_size(term);
    resizeterm(term->height, term->width);
    forget_cells(term);
    term_raw(&term->options, &term->sane);
    clearok(curscr, TRUE);
    refresh();
    send_text(term);
    modes_mouse(&term->wire, term->mouse);
    modes_enter(&term->wire);
    ask(term);
}

void term_send(Term *term, const char *bytes, size_t n)
{
    end_picture(term);
    wire_write(&term->wire, bytes, n);
}

bool term_toggle_mouse(Term *term)
{
    term->mouse = !term->mouse;
    modes_mouse(&term->wire, term->mouse);
    return term->mouse;
}

void term_next_graphics(Term *term)
{
    Sight sight = sight_of(term);
    term->choice = look_next(&sight);
}

void term_close(Term *term)
{
    drain(term);
    leave_screen(term);
    tcsetattr(term->options.in, TCSADRAIN, &term->sane);
    tcflush(term->options.in, TCIFLUSH);
    signals_unguard();
    delscreen(term->curses);
    pictures_done(&term->pictures);
    free(term->shown);
    close_streams(term);
    free(term);
}
