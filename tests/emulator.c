/* Owns the emulator. Asserts with cmocka: to be called from tests only. */
#define _GNU_SOURCE
#include "tests/emulator.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
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
    while (**text >= '0' && **text <= '9')
        value = value * 10 + *(*text)++ - '0';
    return value;
}

static void paint(Decoded *d, int x, int y, int bits, int colour)
{
    for (int bit = 0; bit < 6; bit++) {
        if (bits >> bit & 1) {
            bool inside = x < d->width && y + bit < d->height;
            if (!inside) /* a call for every pixel would be slow */
                assert_true(inside);
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
            for (int i = 0; i < times; i++, x++)
                paint(&d, x, y, c - 63, colour);
        }
    }
    return d;
}

void assert_decodes_to(const Decoded *d, const Picture *picture)
{
    assert_int_equal(d->width, picture->width);
    assert_int_equal(d->height, picture->height);
    bool same = true;
    for (int i = 0; same && i < d->width * d->height; i++) {
        same = d->pixels[i] > 0; /* every pixel is painted */
        const uint8_t *is = d->rgb[same ? d->pixels[i] - 1 : 0],
                      *was = picture_rgb(picture, (size_t)i);
        bool own = picture->coloured && picture->pixels[i] == PICTURE_OWN;
        for (int c = 0; c < 3;
             c++) /* sixel colours are per cent; the cube's sides have six steps */
            same = same && abs(is[c] - was[c]) <= (own ? 51 : 0) + 2;
    }
    assert_true(same);
}

/* ---- Emulator ---- */

static int on_glyph(VTermGlyphInfo *info, VTermPos pos, void *user)
{
    Emulator *e = user;
    (void)info;
    if (pos.row < e->height && pos.col < e->width) {
        e->inked[pos.row * e->width + pos.col] = 0;
        e->whole[pos.row * e->width + pos.col] = 0;
    }
    return 1;
}

/* Some terminals take the picture away with the text, others leave it: the worse of the two. */
static int on_erase(VTermRect rect, int selective, void *user)
{
    Emulator *e = user;
    (void)selective;
    for (int y = rect.start_row; y < rect.end_row && y < e->height; y++)
        for (int x = rect.start_col; x < rect.end_col && x < e->width; x++)
            e->whole[y * e->width + x] = 0;
    if (rect.start_row == 0 && rect.end_row >= e->height && rect.start_col == 0)
        kitty_cleared(&e->kitty);
    return 1;
}

/* A picture of that many pixels at the cursor. */
static Rect place_of(const Emulator *e, int width, int height)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(e->ink), &at);
    Rect place = {at.col, at.row, (width + e->cell_width - 1) / e->cell_width,
                  (height + e->cell_height - 1) / e->cell_height}; /* as the ioctl says */
    bool fits = place.y + place.height <= e->height - 1 &&
                place.x + place.width <= e->width; /* never the last row */
    assert_true(fits || e->resized_within);
    return fits ? place : rect_intersect(place, (Rect){0, 0, e->width, e->height});
}

static void ink(Emulator *e, Rect place, int inked, int whole)
{
    for (int y = place.y; y < place.y + place.height; y++) {
        for (int x = place.x; x < place.x + place.width; x++) {
            e->inked[y * e->width + x] = inked;
            e->whole[y * e->width + x] = whole;
        }
    }
}

/* A slot whose picture nobody can see. */
static int free_slot(const Emulator *e)
{
    bool seen[SHOWN_MAX + 1] = {false};
    int slot = 0;
    for (int i = 0; i < e->width * e->height; i++)
        seen[e->inked[i] > 0 ? e->inked[i] : 0] = true;
    while (slot < SHOWN_MAX && seen[slot + 1])
        slot++;
    assert_true(slot < SHOWN_MAX);
    return slot;
}

static void picture_arrived(Emulator *e, const char *payload, size_t n)
{
    Decoded d = sixel_decode(payload, n);
    assert_true(d.height % 6 == 0 && d.width <= PICTURE_SIDE_MAX && d.height <= PICTURE_SIDE_MAX);
    int slot = free_slot(e);
    free(e->decoded[slot].pixels);
    e->decoded[slot] = d;
    e->shown[slot] = place_of(e, d.width, d.height);
    ink(e, e->shown[slot], slot + 1, slot + 1);
}

/* Part of a picture: any of its cells may be painted. `text` begins with ESC P. */
static void picture_was_cut(Emulator *e, const char *text, size_t n)
{
    char head[64] = "";
    int width, height;
    memcpy(head, text, n < sizeof head - 1 ? n : sizeof head - 1);
    if (sscanf(head, "\033P0;1;0q\"1;1;%d;%d#", &width, &height) == 2 && strchr(head, '#'))
        ink(e, place_of(e, width, height), INK_OF_A_PART, INK_OF_A_PART);
}

static int on_dcs(const char *command, size_t length, void *user)
{
    Emulator *e = user;
    if (length > 6 && memcmp(command, "0;1;0q", 6) == 0)
        picture_arrived(e, command + 6, length - 6);
    return 1;
}

static int on_osc(const char *command, size_t length, void *user)
{
    Emulator *e = user;
    e->caught_up = e->caught_up || (length >= 4 && memcmp(command, "777;", 4) == 0);
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

static const VTermStateCallbacks ink_callbacks = {
    .putglyph = on_glyph, .scrollrect = on_scroll, .erase = on_erase};
static const VTermParserCallbacks dcs_callbacks = {.dcs = on_dcs, .osc = on_osc};

/* Empties the pty, so that no writer ever waits for the test. On the heap: a test that failed
 * leaves its emulator behind. */
typedef struct Reader {
    int master;
    pthread_t thread;
    pthread_mutex_t lock;
    Bytes waiting; /* under the lock */
    bool ending;   /* under the lock */
} Reader;

static void *read_pty(void *user)
{
    Reader *e = user;
    char bytes[4096];
    for (bool ending = false; !ending;) {
        struct pollfd readable = {e->master, POLLIN, 0};
        poll(&readable, 1, 20);
        ssize_t n = read(e->master, bytes, sizeof bytes);
        pthread_mutex_lock(&e->lock);
        if (n > 0)
            bytes_add(&e->waiting, bytes, (size_t)n);
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

static struct winsize size_of(const Emulator *e, int width, int height)
{
    return (struct winsize){(unsigned short)height, (unsigned short)width,
                            (unsigned short)(width * e->cell_width),
                            (unsigned short)(height * e->cell_height)};
}

void emulator_open(Emulator *e, int width, int height)
{
    *e = (Emulator){.width = width, .height = height, .cell_width = 10, .cell_height = 20};
    struct winsize size = size_of(e, width, height);
    e->inked = calloc((size_t)(width * height), sizeof *e->inked);
    e->whole = calloc((size_t)(width * height), sizeof *e->whole);
    assert_int_equal(openpty(&e->master, &e->slave, NULL, NULL, &size), 0);
    fcntl(e->master, F_SETFL, O_NONBLOCK);
    e->text = new_vterm(width, height);
    e->ink = new_vterm(width, height);
    vterm_screen_enable_altscreen(vterm_obtain_screen(e->text), 1);
    vterm_screen_reset(vterm_obtain_screen(e->text), 1);
    vterm_state_set_callbacks(vterm_obtain_state(e->ink), &ink_callbacks, e);
    vterm_state_set_unrecognised_fallbacks(vterm_obtain_state(e->ink), &dcs_callbacks, e);
    vterm_state_reset(vterm_obtain_state(e->ink), 1);
    Reader *reader = e->reader = calloc(1, sizeof *reader);
    assert_non_null(reader);
    reader->master = e->master;
    pthread_mutex_init(&reader->lock, NULL);
    assert_int_equal(pthread_create(&reader->thread, NULL, read_pty, reader), 0);
}

/* Pictures stay where they are. */
static void keep_overlap(int **cells, int width, int height, int new_width, int new_height)
{
    int *kept = calloc((size_t)(new_width * new_height), sizeof *kept);
    for (int i = 0; i < new_width * new_height; i++) {
        int x = i % new_width, y = i / new_width;
        kept[i] = x < width && y < height ? (*cells)[y * width + x] : 0;
    }
    free(*cells);
    *cells = kept;
}

void emulator_resize(Emulator *e, int width, int height)
{
    struct winsize size = size_of(e, width, height);
    ioctl(e->slave, TIOCSWINSZ, &size);
    vterm_set_size(e->text, height, width);
    vterm_set_size(e->ink, height, width);
    e->resized_within = e->held.n > 0;
    keep_overlap(&e->inked, e->width, e->height, width, height);
    keep_overlap(&e->whole, e->width, e->height, width, height);
    e->width = width;
    e->height = height;
}

static void end_reader(Reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    reader->ending = true;
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    pthread_mutex_destroy(&reader->lock);
    bytes_done(&reader->waiting);
    free(reader);
}

void emulator_close(Emulator *e)
{
    end_reader(e->reader);
    for (int i = 0; i < SHOWN_MAX; i++)
        free(e->decoded[i].pixels);
    kitty_clear(&e->kitty);
    vterm_free(e->text);
    vterm_free(e->ink);
    free(e->inked);
    free(e->whole);
    bytes_done(&e->held);
    close(e->master);
    close(e->slave);
}

Bytes emulator_take(Emulator *e)
{
    Bytes taken = {0};
    for (int tries = 0; tries < 4 && taken.n == 0; tries++) {
        struct timespec moment = {0, 1000000};
        pthread_mutex_lock(&e->reader->lock);
        taken = e->reader->waiting;
        e->reader->waiting = (Bytes){0};
        pthread_mutex_unlock(&e->reader->lock);
        if (taken.n == 0)
            nanosleep(&moment, NULL);
    }
    e->received += taken.n;
    return taken;
}

static void answer(Emulator *e, const char *text, size_t n)
{
    assert_int_equal(write(e->master, text, n), (ssize_t)n);
    e->answered += n;
}

static void feed_vterm(Emulator *e, const char *data, size_t n)
{
    vterm_input_write(e->text, data, n);
    vterm_input_write(e->ink, data, n);
}

/* From ESC _ G or ESC P to ESC \\. The emulators do not know the Kitty protocol, nor what
 * a picture that is cut off has painted. */
static void feed_picture(Emulator *e, const char *data, size_t n)
{
    if (data[1] == 'P') {
        if (data[n - 3] == '\030')
            picture_was_cut(e, data, n);
        feed_vterm(e, data, n);
        e->resized_within = false;
        return;
    }
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(e->ink), &at);
    kitty_command(&e->kitty, data + 3, n - 5, at.col, at.row);
    if (e->kitty.asked && e->speaks_kitty)
        answer(e, "\033_Gi=31;OK\033\\", 12);
    e->kitty.asked = false;
}

static const char *next_picture(const char *data, size_t n)
{
    const char *kitty = memmem(data, n, "\033_G", 3), *sixel = memmem(data, n, "\033P", 2);
    return !kitty || (sixel && sixel < kitty) ? sixel : kitty;
}

static void feed(Emulator *e, const char *data, size_t n)
{
    while (n > 0) {
        const char *open = next_picture(data, n);
        size_t text = open ? (size_t)(open - data) : n, picture = 0;
        feed_vterm(e, data, text);
        if (open) {
            const char *end = memmem(open, n - text, "\033\\", 2);
            assert_non_null(end);
            picture = (size_t)(end + 2 - open);
            feed_picture(e, open, picture);
        }
        data += text + picture;
        n -= text + picture;
    }
}

/* Bytes up to the last picture or question that is not whole yet: this libvterm forgets the
 * beginning of a string that comes in two pieces. */
static size_t whole_part(const Bytes *bytes)
{
    const char *open = NULL;
    for (const char *at = bytes->data; at + 1 < bytes->data + bytes->n; at++)
        if (at[0] == '\033' && memchr("P_]", at[1], 3) && !open)
            open = at;
        else if (at[0] == '\033' && at[1] == '\\')
            open = NULL;
    size_t n = open ? (size_t)(open - bytes->data) : bytes->n;
    return n > 0 && n == bytes->n && bytes->data[n - 1] == '\033' ? n - 1 : n;
}

/* Answers as the emulator gives them, or as a terminal does that can more. */
static void say_more(Emulator *e, const char *said, size_t n)
{
    static const char plain[] = "\033[?1;2c", sixel[] = "\033[?62;4c";
    const char *at = e->speaks_sixel ? memmem(said, n, plain, sizeof plain - 1) : NULL;
    size_t before = at ? (size_t)(at - said) : n;
    if (before > 0)
        answer(e, said, before);
    if (at) {
        answer(e, sixel, sizeof sixel - 1);
        say_more(e, at + sizeof plain - 1, n - before - (sizeof plain - 1));
    }
}

size_t emulator_pump(Emulator *e)
{
    char said[4096];
    Bytes taken = emulator_take(e);
    bytes_add(&e->held, taken.data, taken.n);
    size_t n = taken.n, whole = whole_part(&e->held);
    if (whole > 0) {
        feed(e, e->held.data, whole);
        memmove(e->held.data, e->held.data + whole, e->held.n - whole);
        e->held.n -= whole;
    }
    bytes_done(&taken);
    say_more(e, said, vterm_output_read(e->text, said, sizeof said));
    return n;
}

void emulator_catch_up(Emulator *e)
{
    static const char mark[] = "\033]777;\033\\";
    e->caught_up = false;
    assert_int_equal(write(e->slave, mark, sizeof mark - 1), (ssize_t)sizeof mark - 1);
    for (int tries = 0; !e->caught_up; tries++) {
        assert_true(tries < 5000);
        emulator_pump(e);
    }
    e->received -= sizeof mark - 1; /* it was not the program's */
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
    TermOptions options = {.in = e->slave,
                           .out = e->slave,
                           .graphics = graphics,
                           .mono = mono,
                           .patience =
                               60}; /* it answers when it is pumped, on a busy machine late */
    Status status = term_open(&term, &options, &error);
    if (status != STATUS_OK)
        printf("# %s\n", error.text);
    assert_int_equal(status, STATUS_OK);
    return term;
}

void emulator_answers(Emulator *e)
{
    static const char attributes[] = "\033[?1;2c";
    answer(e, attributes, sizeof attributes - 1);
}

void emulator_term_close(Emulator *e, Term *term)
{
    emulator_answers(e);
    term_close(term);
}
