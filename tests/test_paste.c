/* Pasted text is never carried out: whatever is pasted wherever, nothing but an open line changes.
 */
#include "app/terminal/probe.h"
#include "app/workbench/dump.h"
#include "tests/fake_snapshot.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 100, HEIGHT = 30, TEXTS = 200, LONGEST = 5000 };

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 10;
}

typedef struct Stage {
    const Snapshot *snapshot;
    Screen *screen;
    Canvas canvas;
} Stage;

static void stage_open(Stage *stage, const char *keys)
{
    static const CanvasLook look = {.colours = COLOURS_256, .graphics = GRAPHICS_BLOCKS};
    stage->snapshot = fake_snapshot(&(FakeOptions){.runs = 5, .step = 2000, .bad_news = true});
    stage->screen = screen_new(&(ScreenOptions){.fixed_clock = true});
    canvas_init(&stage->canvas, WIDTH, HEIGHT, &look);
    screen_draw(stage->screen, stage->snapshot, &stage->canvas);
    for (; *keys; keys++)
        screen_press(stage->screen, stage->snapshot,
                     *keys == '>'    ? PRESS_RIGHT
                     : *keys == '\r' ? PRESS_ENTER
                                     : *keys);
}

static void stage_close(Stage *stage)
{
    canvas_done(&stage->canvas);
    screen_free(stage->screen);
    fake_free(stage->snapshot);
}

/* What is on the screen, without remarks; the caller frees it. */
static Cell *shown(Stage *stage)
{
    size_t size = WIDTH * HEIGHT * sizeof(Cell);
    Cell *copy = malloc(size);
    assert_non_null(copy);
    screen_say(stage->screen, "");
    screen_draw(stage->screen, stage->snapshot, &stage->canvas);
    memcpy(copy, stage->canvas.cell, size);
    return copy;
}

static void assert_same_screen(const Cell *a, const Cell *b)
{
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        Style x = a[i].style, y = b[i].style;
        bool same =
            a[i].rune == b[i].rune && x.fg == y.fg && x.bg == y.bg && x.attributes == y.attributes;
        if (!same)
            fail_msg("row %d, column %d: %x became %x", i / WIDTH, i % WIDTH, a[i].rune, b[i].rune);
    }
}

/* As it comes from a terminal. */
static void paste(Stage *stage, const char *text, size_t n)
{
    InputEvent events[PROBE_EVENTS];
    Probe probe;
    probe_init(&probe);
    size_t head = strlen("\033[200~");
    for (size_t i = 0; i < n + 2 * head; i++) {
        const char *bytes = i < head ? "\033[200~" : i < head + n ? text : "\033[201~";
        size_t at = i < head ? i : i < head + n ? i - head : i - head - n;
        int count = probe_feed(&probe, (unsigned char)bytes[at], events);
        for (int e = 0; e < count; e++) {
            Reply reply = screen_press(stage->screen, stage->snapshot, events[e].press);
            assert_int_equal(events[e].kind, INPUT_KEY);
            assert_int_equal(reply.kind, REPLY_NONE);
        }
    }
    probe_feed(&probe, 'x', events); /* the paste is over */
    assert_int_equal(events[0].press, 'x');
}

/* Keys, words and line ends more than anything, then any byte; but never the mark that ends a
 * paste. */
static size_t random_text(unsigned *seed, char text[LONGEST])
{
    static const char likely[] = "qsxdD1\r\n :/mf?n '\t\003\033[M";
    size_t n = 1 + next(seed) % LONGEST;
    for (size_t i = 0; i < n; i++)
        text[i] = next(seed) % 2 ? likely[next(seed) % (sizeof likely - 1)] : (char)next(seed);
    for (size_t i = 0; i + 6 <= n; i++)
        if (memcmp(text + i, "\033[201~", 6) == 0)
            text[i] = ' ';
    return n;
}

/* Keys that lead there ('>': the arrow), and what tells the place. */
static const struct {
    const char *keys, *shows;
    /* clang-format off */
} places[] = {
    {"1",                 "[1 Runs]"                },
    {"2",                 "[2 Curves]"              },
    {"3",                 "[3 Samples]"             },
    {"4",                 "[4 Paths]"               },
    {"5",                 "[5 Tweak]"               },
    {"6",                 "[6 Compare]"             },
    {"",                  "[1 Runs]"                },
    {"5j",                "[5 Tweak]"               },
    {"1?",                "Help"                    },
    {"2:explain sw2\r",   "What it means"           },
    {"1n",                "Start a preset"          },
    {"1n>",               "A new run of"            },
    {"1n\004",            "Draw where data are"     },
    {"2'",                "Marks and notes"         },
    {"2q",                "Leave the workbench?"    },
    {"2qx",               "x again"                 },
};
/* clang-format on */
enum { PLACES = sizeof places / sizeof *places };

static void assert_shows(Stage *stage, const char *what)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    dump_text(&stage->canvas, out);
    fclose(out);
    if (!strstr(text, what))
        fail_msg("\"%s\" is not to be seen:\n%s", what, text);
    free(text);
}

static void test_pastes_change_nothing(void **state)
{
    (void)state;
    static char text[LONGEST];
    unsigned seed = 1;
    for (int p = 0; p < PLACES; p++) {
        Stage stage;
        stage_open(&stage, places[p].keys);
        Cell *before = shown(&stage);
        assert_shows(&stage, places[p].shows);
        for (int i = 0; i < TEXTS; i++)
            paste(&stage, text, random_text(&seed, text));
        Cell *after = shown(&stage);
        assert_same_screen(before, after);
        free(before);
        free(after);
        stage_close(&stage);
    }
}

/* Into a line: and with the line given up everything is as before. */
static void test_pastes_go_into_an_open_line(void **state)
{
    (void)state;
    static const char *const lines[] = {":", "/", "m"};
    static char text[LONGEST];
    unsigned seed = 2;
    for (int l = 0; l < 3; l++) {
        Stage stage;
        stage_open(&stage, "1");
        Cell *before = shown(&stage);
        for (int i = 0; i < TEXTS; i++) {
            screen_press(stage.screen, stage.snapshot, lines[l][0]);
            paste(&stage, text, random_text(&seed, text));
            assert_int_equal(screen_press(stage.screen, stage.snapshot, PRESS_ESCAPE).kind,
                             REPLY_NONE);
        }
        Cell *after = shown(&stage);
        assert_same_screen(before, after);
        free(before);
        free(after);
        stage_close(&stage);
    }
}

/* A note of two lines becomes one, and is sent by Enter alone. */
static void test_a_pasted_note_is_kept(void **state)
{
    (void)state;
    static const char note[] = "lr too high here\nquestion: next try 1e-4";
    Stage stage;
    stage_open(&stage, "2m");
    paste(&stage, note, sizeof note - 1);
    Reply reply = screen_press(stage.screen, stage.snapshot, PRESS_ENTER);
    assert_int_equal(reply.kind, REPLY_SEND);
    assert_int_equal(reply.command.kind, COMMAND_NOTE);
    assert_non_null(strstr(reply.command.text, "lr too high here question: next try 1e-4"));
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pastes_change_nothing),
        cmocka_unit_test(test_pastes_go_into_an_open_line),
        cmocka_unit_test(test_a_pasted_note_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
