/* Owns the emulator. Asserts with cmocka: to be called from tests only. */
#define _GNU_SOURCE
#include "tests/emulator.h"

#include "engine/base/clock.h"
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail

/* ---- Sixel ---- */

static int number(const char **text)
{
    int value = 0;
    while (**text >= '0' && **text <= '9') {
        value = value * 10 + *(*text)++ - '0';
    }
    return value;
}

static void paint(Decoded *d, int x, int y, int bits, int colour)
{
    for (int bit = 0; bit < 6; bit++) {
        if (bits >> bit & 1) {
            assert_true(x < d->width &&
                        y + bit < d->height); /* nothing outside the declared size */
            d->pixels[(y + bit) * d->width + x] = (uint8_t)(colour + 1);
        }
    }
}

static void decode_colour(Decoded *d, const char **text, int *colour)
{
    *colour = number(text);
    assert_true(*colour < 256);
    if (**text == ';') {
        ++*text;
        assert_int_equal(number(text), 2);
        for (int c = 0; c < 3; c++) {
            assert_int_equal(*(*text)++, ';');
            d->rgb[*colour][c] = (uint8_t)((number(text) * 255 + 50) / 100);
        }
    }
}

Decoded sixel_decode(const char *text, size_t n)
{
    Decoded d = {0};
    const char *end = text + n;
    int x = 0, y = 0, colour = 0;
    assert_int_equal(*text++, '"');
    assert_int_equal(number(&text), 1);
    text++;
    assert_int_equal(number(&text), 1);
    text++;
    d.width = number(&text);
    text++;
    d.height = number(&text);
    d.pixels = calloc((size_t)d.width, (size_t)d.height);
    while (text < end) {
        char c = *text++;
        if (c == '#') {
            decode_colour(&d, &text, &colour);
        } else if (c == '$' || c == '-') {
            x = 0;
            y += c == '-' ? 6 : 0;
        } else {
            int times = c == '!' ? number(&text) : 1;
            c = c == '!' ? *text++ : c;
            assert_true(c >= 63 && c < 127);
            for (int i = 0; i < times; i++, x++) {
                paint(&d, x, y, c - 63, colour);
            }
        }
    }
    return d;
}

void assert_decodes_to(const Decoded *d, const Picture *picture)
{
    assert_int_equal(d->width, picture->width);
    assert_int_equal(d->height, picture->height);
    for (int i = 0; i < d->width * d->height; i++) {
        assert_true(d->pixels[i] > 0); /* every pixel is painted */
        const uint8_t *is = d->rgb[d->pixels[i] - 1],
                      *was = picture->palette[picture->pixels[i]];
        for (int c = 0; c < 3; c++) {
            assert_true(abs(is[c] - was[c]) <= 2); /* sixel colours are per cent */
        }
    }
}

/* ---- Emulator ---- */

static int on_glyph(VTermGlyphInfo *info, VTermPos pos, void *user)
{
    Emulator *e = user;
    (void)info;
    if (pos.row < e->height && pos.col < e->width) {
        e->inked[pos.row * e->width + pos.col] = 0;
    }
    return 1;
}

static void picture_arrived(Emulator *e, const char *payload, size_t n)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(e->ink), &at);
    assert_true(e->pictures < SHOWN_MAX);
    Decoded d = sixel_decode(payload, n);
    int columns = (d.width + 9) / 10,
        rows = (d.height + 19) / 20; /* 10x20 cells: the ioctl says so */
    assert_true(d.height % 6 == 0 && d.width <= PICTURE_SIDE_MAX &&
                d.height <= PICTURE_SIDE_MAX);
    assert_true(at.row + rows <= e->height - 1 &&
                at.col + columns <= e->width); /* never the last row */
    for (int y = at.row; y < at.row + rows; y++) {
        memset(e->inked + y * e->width + at.col, 1, (size_t)columns);
    }
    e->shown[e->pictures] = (Rect){at.col, at.row, columns, rows};
    e->decoded[e->pictures++] = d;
}

static int on_dcs(const char *command, size_t length, void *user)
{
    Emulator *e = user;
    if (length > 6 && memcmp(command, "0;1;0q", 6) == 0) {
        picture_arrived(e, command + 6, length - 6);
    }
    return 1;
}

/* Moving lines would carry pictures along. */
static int on_scroll(VTermRect rect, int downward, int rightward, void *user)
{
    Emulator *e = user;
    (void)rect;
    (void)downward;
    (void)rightward;
    e->scrolled = true;
    return 1;
}

static const VTermStateCallbacks ink_callbacks = {.putglyph = on_glyph,
                                                  .scrollrect = on_scroll};
static const VTermParserCallbacks dcs_callbacks = {.dcs = on_dcs};

static void *read_pty(void *user)
{
    Emulator *e = user;
    char bytes[4096];
    for (bool ending = false; !ending;) {
        struct pollfd readable = {e->master, POLLIN, 0};
        poll(&readable, 1, 20);
        ssize_t n = read(e->master, bytes, sizeof bytes);
        pthread_mutex_lock(&e->lock);
        if (n > 0) {
            bytes_add(&e->waiting, bytes, (size_t)n);
        }
        ending = e->ending;
        pthread_mutex_unlock(&e->lock);
    }
    return NULL;
}

static VTerm *new_vterm(int width, int height)
{
    VTerm *vterm = vterm_new(height, width);
    vterm_set_utf8(vterm, 1);
    return vterm;
}

void emulator_open(Emulator *e, int width, int height)
{
    struct winsize size = {(unsigned short)height, (unsigned short)width,
                           (unsigned short)(width * 10), (unsigned short)(height * 20)};
    *e = (Emulator){.width = width, .height = height};
    assert_int_equal(openpty(&e->master, &e->slave, NULL, NULL, &size), 0);
    fcntl(e->master, F_SETFL, O_NONBLOCK);
    e->text = new_vterm(width, height);
    e->ink = new_vterm(width, height);
    vterm_screen_enable_altscreen(vterm_obtain_screen(e->text), 1);
    vterm_screen_reset(vterm_obtain_screen(e->text), 1);
    vterm_state_set_callbacks(vterm_obtain_state(e->ink), &ink_callbacks, e);
    vterm_state_set_unrecognised_fallbacks(vterm_obtain_state(e->ink), &dcs_callbacks, e);
    vterm_state_reset(vterm_obtain_state(e->ink), 1);
    e->inked = calloc((size_t)width, (size_t)height);
    pthread_mutex_init(&e->lock, NULL);
    assert_int_equal(pthread_create(&e->reader, NULL, read_pty, e), 0);
}

void emulator_resize(Emulator *e, int width, int height)
{
    struct winsize size = {(unsigned short)height, (unsigned short)width,
                           (unsigned short)(width * 10), (unsigned short)(height * 20)};
    ioctl(e->slave, TIOCSWINSZ, &size);
    vterm_set_size(e->text, height, width);
    vterm_set_size(e->ink, height, width);
    e->width = width;
    e->height = height;
    free(e->inked);
    e->inked = calloc((size_t)width, (size_t)height);
}

void emulator_forget(Emulator *e)
{
    for (int i = 0; i < e->pictures; i++) {
        free(e->decoded[i].pixels);
    }
    e->pictures = 0;
}

void emulator_close(Emulator *e)
{
    pthread_mutex_lock(&e->lock);
    e->ending = true;
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->reader, NULL);
    pthread_mutex_destroy(&e->lock);
    emulator_forget(e);
    kitty_clear(&e->kitty);
    vterm_free(e->text);
    vterm_free(e->ink);
    free(e->inked);
    bytes_done(&e->waiting);
    bytes_done(&e->held);
    close(e->master);
    close(e->slave);
}

Bytes emulator_take(Emulator *e)
{
    Bytes taken = {0};
    for (int tries = 0; tries < 4 && taken.n == 0; tries++) {
        struct timespec moment = {0, 1000000};
        pthread_mutex_lock(&e->lock);
        taken = e->waiting;
        e->waiting = (Bytes){0};
        pthread_mutex_unlock(&e->lock);
        if (taken.n == 0) {
            nanosleep(&moment, NULL);
        }
    }
    e->received += taken.n;
    return taken;
}

/* Feeds the emulators; commands of the Kitty protocol, which they do not know, go to ours. */
static void feed(Emulator *e, const char *data, size_t n)
{
    while (n > 0) {
        const char *open = memmem(data, n, "\033_G", 3);
        size_t text = open != NULL ? (size_t)(open - data) : n;
        vterm_input_write(e->text, data, text);
        vterm_input_write(e->ink, data, text);
        data += text;
        n -= text;
        if (open != NULL) {
            VTermPos at;
            const char *end = memmem(data, n, "\033\\", 2);
            assert_non_null(end);
            vterm_state_get_cursorpos(vterm_obtain_state(e->ink), &at);
            kitty_command(&e->kitty, data + 3, (size_t)(end - data) - 3, at.col, at.row);
            if (e->kitty.asked && e->speaks_kitty) {
                assert_int_equal(write(e->master, "\033_Gi=31;OK\033\\", 12), 12);
            }
            e->kitty.asked = false;
            n -= (size_t)(end + 2 - data);
            data = end + 2;
        }
    }
}

/* Bytes up to the last picture that is not whole yet: this libvterm forgets the beginning
 * of a string that comes in two pieces. */
static size_t whole_part(const Bytes *bytes)
{
    const char *open = NULL;
    for (const char *at = bytes->data; at + 1 < bytes->data + bytes->n; at++) {
        if (at[0] == '\033' && (at[1] == 'P' || at[1] == '_') && open == NULL) {
            open = at;
        } else if (at[0] == '\033' && at[1] == '\\') {
            open = NULL;
        }
    }
    size_t n = open != NULL ? (size_t)(open - bytes->data) : bytes->n;
    return n > 0 && n == bytes->n && bytes->data[n - 1] == '\033' ? n - 1 : n;
}

size_t emulator_pump(Emulator *e)
{
    char answer[4096];
    Bytes taken = emulator_take(e);
    bytes_add(&e->held, taken.data, taken.n);
    size_t n = taken.n, whole = whole_part(&e->held);
    if (whole > 0) {
        feed(e, e->held.data, whole);
        memmove(e->held.data, e->held.data + whole, e->held.n - whole);
        e->held.n -= whole;
    }
    bytes_done(&taken);
    size_t length = vterm_output_read(e->text, answer, sizeof answer);
    if (length > 0) {
        assert_int_equal(write(e->master, answer, length), (ssize_t)length);
    }
    return n;
}

void emulator_environment(void)
{
    setenv("TERM", "xterm-256color", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    setlocale(LC_CTYPE, "C.UTF-8");
}

Term *emulator_term(Emulator *e, GraphicsChoice graphics, bool mono)
{
    Term *term = NULL;
    Error error = {""};
    TermOptions options = {
        .in = e->slave, .out = e->slave, .graphics = graphics, .mono = mono, .steady = true};
    Status status = term_open(&term, &options, &error);
    if (status != STATUS_OK) {
        printf("# %s\n", error.text);
    }
    assert_int_equal(status, STATUS_OK);
    return term;
}

void desk_open(Desk *desk, int width, int height, GraphicsChoice graphics)
{
    emulator_environment();
    emulator_open(&desk->emulator, width, height);
    desk->term = emulator_term(&desk->emulator, graphics, false);
    desk->screen = screen_new(&(ScreenOptions){0});
    CanvasLook look = term_look(desk->term);
    canvas_init(&desk->canvas, width, height, &look);
}

/* Lets everything that was asked for happen: pictures out, acknowledgements in. */
void desk_settle(Desk *desk)
{
    double until = clock_s() + 5;
    for (int quiet = 0; quiet < 2 && clock_s() < until;) {
        int press[256];
        bool changed;
        size_t bytes = emulator_pump(&desk->emulator);
        assert_int_equal(term_read(desk->term, press, 256, &changed),
                         0); /* answers are never keys */
        bool again = term_tick(desk->term);
        double wait = term_wait(desk->term);
        quiet = bytes == 0 && !changed && !again && wait < 0 ? quiet + 1 : 0;
    }
}

void desk_draw(Desk *desk, const Snapshot *snapshot)
{
    desk->canvas.look = term_look(desk->term);
    screen_draw(desk->screen, snapshot, &desk->canvas);
    term_show(desk->term, &desk->canvas);
    desk_settle(desk);
}

void desk_close(Desk *desk)
{
    /* the emulator must answer while the terminal drains */
    desk_settle(desk);
    term_close(desk->term);
    emulator_pump(&desk->emulator);
    emulator_close(&desk->emulator);
    screen_free(desk->screen);
    canvas_done(&desk->canvas);
}

void assert_text_arrived(const Desk *desk)
{
    const Canvas *canvas = &desk->canvas;
    VTermScreen *screen = vterm_obtain_screen(desk->emulator.text);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            VTermScreenCell cell;
            const Cell *wanted = &canvas->cell[y * canvas->width + x];
            vterm_screen_get_cell(screen, (VTermPos){y, x}, &cell);
            uint32_t rune = cell.chars[0] == 0 ? ' ' : cell.chars[0];
            assert_int_equal(rune, wanted->rune);
            if (rune != ' ') {
                assert_int_equal(cell.attrs.bold,
                                 (wanted->style.attributes & ATTRIBUTE_BOLD) != 0);
                assert_true(VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) ==
                            (wanted->style.fg < 0));
                assert_true(wanted->style.fg < 0 || !VTERM_COLOR_IS_INDEXED(&cell.fg) ||
                            cell.fg.indexed.idx == wanted->style.fg);
            }
        }
    }
}

/* The pictures on the canvas arrived, pixel by pixel, in their places; no other cell
 * carries ink. */
void assert_pictures_arrived(const Desk *desk)
{
    assert_false(desk->emulator.scrolled);
    const Emulator *e = &desk->emulator;
    const Canvas *canvas = &desk->canvas;
    uint8_t *allowed = calloc((size_t)e->width, (size_t)e->height);
    for (int i = 0; i < canvas->pictures; i++) {
        const Picture *picture = &canvas->picture[i];
        int found = -1;
        for (int k = 0; k < e->pictures; k++) {
            bool here =
                e->shown[k].x == picture->cells.x && e->shown[k].y == picture->cells.y;
            found = here && e->decoded[k].width == picture->width ? k : found;
        }
        assert_true(found >= 0);
        assert_decodes_to(&e->decoded[found], picture);
        for (int y = 0; y < picture->cells.height; y++) {
            memset(allowed + (picture->cells.y + y) * e->width + picture->cells.x, 1,
                   (size_t)picture->cells.width);
        }
    }
    for (int i = 0; i < e->width * e->height; i++) {
        assert_true(allowed[i] || !e->inked[i]);
    }
    free(allowed);
}
