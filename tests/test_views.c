/* Views without a terminal: layout at every size, golden screens, keys that never crash.
 */
#include "tests/fake_snapshot.h"
#include "tests/screen_dump.h"
#include "views/draw/layout.h"
#include "views/model/format.h"
#include "views/model/glossary.h"
#include "views/screen.h"
#include "views/views.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const CanvasLook sixel_look = {.colours = COLOURS_256,
                                      .graphics = GRAPHICS_SIXEL,
                                      .cell_width = 10,
                                      .cell_height = 20,
                                      .remark = "sixel 10x20"};

static CanvasLook look_of(ColourLevel colours, bool ascii, Graphics graphics)
{
    CanvasLook look = sixel_look;
    look.colours = colours;
    look.ascii = ascii;
    look.graphics = graphics;
    snprintf(look.remark, sizeof look.remark, "%s",
             graphics == GRAPHICS_SIXEL ? "sixel 10x20" : "blocks");
    return look;
}

/* ---- Layout ---- */

static void assert_apart(const Rect *rect, int n, Rect outer)
{
    for (int i = 0; i < n; i++) {
        assert_true(rect[i].width >= 0 && rect[i].height >= 0);
        if (rect_is_empty(rect[i]))
            continue;
        Rect inside = rect_intersect(rect[i], outer);
        assert_memory_equal(&inside, &rect[i], sizeof inside);
        for (int k = 0; k < i; k++)
            assert_false(rects_overlap(rect[i], rect[k]));
    }
}

static void assert_body_layouts(Rect body)
{
    for (int n = 0; n < 20; n++) {
        CurvesLayout curves = layout_curves(body, n);
        assert_apart((Rect[]){curves.chart, curves.heat, curves.bars}, 3, body);
        RunsLayout runs = layout_runs(body, n);
        assert_apart((Rect[]){runs.table, runs.chart, runs.facts, runs.log}, 4, body);
        assert_false(rect_is_empty(runs.table));
    }
    for (int n = 1; n < 20; n++) {
        PathsLayout paths = layout_paths(body, n, n % 2);
        assert_apart((Rect[]){paths.picture, paths.steps, paths.spread, paths.strip, paths.sampler},
                     5, body);
        assert_false(rect_is_empty(paths.picture));
    }
    SamplesLayout samples = layout_samples(body);
    assert_apart((Rect[]){samples.sheet, samples.facts, samples.strip}, 3, body);
    assert_false(rect_is_empty(samples.sheet));
}

static void test_layout(void **state)
{
    (void)state;
    for (int width = 1; width <= 300; width++) {
        for (int height = 1; height <= 100; height++) {
            for (int rails = 0; rails < 4; rails++) {
                Layout l = layout_screen(width, height, rails & 1, rails & 2);
                Rect parts[] = {l.tabs, l.rail, l.body, l.side, l.timeline, l.status, l.hints};
                assert_apart(parts, 7, (Rect){0, 0, width, height});
                assert_false(rect_is_empty(l.body));
                assert_true(l.too_small || l.hints.y == height - 1);
                assert_true(l.too_small || l.body.y + l.body.height < height);
            }
            Layout l = layout_screen(width, height, false, false);
            if (!l.too_small && width % 7 == 0)
                assert_body_layouts(l.body);
        }
    }
}

/* ---- Golden screens ---- */

typedef struct Shot {
    const char *name;
    FakeOptions fake;
    const char *keys; /* pressed before */
} Shot;

/* In keys: the arrows. */
#define RIGHT "\016"
#define DOWN  "\017"

static int press_of(char key)
{
    if (key == *RIGHT)
        return PRESS_RIGHT;
    return key == *DOWN ? PRESS_DOWN : key;
}

/* clang-format off */
static const Shot shots[] = {
    {"runs",           {.runs = 5, .step = 2000, .seed = 1},                   "1"           },
    {"curves",         {.runs = 5, .step = 2000, .seed = 1},                   "2"           },
    {"curves-held",    {.runs = 5, .step = 2000, .seed = 1},                   "2hhhhhhhhhhk"},
    {"curves-guided",
     {.runs = 2, .step = 3900, .seed = 2, .guided = true, .sampling = 8},
     "2"                                                                                     },
    {"curves-laid",    {.runs = 5, .step = 2000, .seed = 1},                   "2v\tv\thhhhhh"},
    {"compare",        {.runs = 5, .step = 2000, .seed = 1},                   "v\tv6"     },
    {"compare-values", {.runs = 5, .step = 2000, .seed = 1},                   "v\tv6dXX"  },
    {"runs-filter",    {.runs = 5, .step = 2000, .seed = 1},                   "v>>>/shift>2\r"},
    {"samples",        {.runs = 5, .step = 2000, .seed = 1},                   "3"           },
    {"samples-images", {.runs = 5, .step = 2000, .seed = 1, .images = true},   "3jjd"        },
    {"samples-colour", {.runs = 5, .step = 2000, .seed = 1, .images = true, .colour = true}, "3ll"},
    {"paths",          {.runs = 5, .step = 2000, .seed = 1},                   "4jjj"        },
    {"paths-field",    {.runs = 5, .step = 2000, .seed = 1},                   "4jhhRF"      },
    {"paths-images",
     {.runs = 5, .step = 2000, .seed = 1, .images = true, .past = 1500},
     "4j,,h"                                                                                 },
    {"help",           {.runs = 5, .step = 2000, .seed = 1},                   "?"           },
    {"help-commands",  {.runs = 5, .step = 2000, .seed = 1},                   ":help\r"     },
    {"help-search",    {.runs = 5, .step = 2000, .seed = 1},                   "?/mouse\r"    },
    {"explain-here",   {.runs = 5, .step = 2000, .seed = 1},                   "4:explain here\r"},
    {"explain",        {.runs = 5, .step = 2000, .seed = 1},                   "2:explain own\r"},
    {"quit-drop",      {.runs = 5, .step = 2000, .seed = 1},                   "3qx"         },
    {"quit",           {.runs = 5, .step = 2000, .seed = 1},                   "3q"          },
    {"tweak",          {.runs = 5, .step = 2900, .seed = 1, .steered = true},  "5lljjj"},
    {"tweak-mixture",  {.runs = 5, .step = 2900, .seed = 1, .steered = true},  "5\tjjlll"},
    {"tweak-changes",  {.runs = 5, .step = 2900, .seed = 1, .steered = true},  "5\t\tjju"},
    {"tweak-filter",   {.runs = 5, .step = 2900, .seed = 1},                   "5/thr\rjjl="},
    {"form",           {.runs = 5, .step = 2000, .seed = 1},
     "nquickstart" RIGHT DOWN "/home/me/my pictures" DOWN DOWN "0,3" DOWN DOWN DOWN "\177"                  },
    {"drawing",        {.runs = 5, .step = 2000, .seed = 1},
     ":draw\r   " RIGHT RIGHT RIGHT "   " DOWN RIGHT RIGHT " " DOWN DOWN "  " RIGHT "xx"                     },
    {"marks",          {.runs = 5, .step = 2900, .seed = 1, .steered = true},  "2'j"},
    {"empty",          {.runs = 0},                                            ""            },
    {"started",        {.runs = 1, .empty = true},                             "2"           },
    {"bad-news",       {.runs = 5, .step = 2000, .seed = 1, .bad_news = true}, ""            },
};
/* clang-format on */

static void draw_shot(const Shot *shot, int width, int height, CanvasLook look, Canvas *canvas)
{
    const Snapshot *snapshot = fake_snapshot(&shot->fake);
    Screen *screen = screen_new(&(ScreenOptions){.fixed_clock = false});
    canvas_init(canvas, width, height, &look);
    for (const char *key = shot->keys; *key != '\0'; key++) {
        screen_draw(screen, snapshot, canvas);
        screen_press(screen, snapshot, press_of(*key));
    }
    screen_draw(screen, snapshot, canvas);
    screen_free(screen);
    fake_free(snapshot);
}

static void dump_look(const Shot *shot, int width, int height, CanvasLook look, const char *title,
                      FILE *out)
{
    Canvas canvas;
    draw_shot(shot, width, height, look, &canvas);
    fprintf(out, "== %s\n", title);
    if (look.graphics == GRAPHICS_SIXEL)
        dump_pictures(&canvas, out);
    else if (look.colours == COLOURS_256 || look.ascii)
        dump_text(&canvas, out);
    if (look.graphics != GRAPHICS_SIXEL && !look.ascii)
        dump_styles(&canvas, out);
    canvas_done(&canvas);
}

static void compare_shot(const Shot *shot, int width, int height)
{
    char name[64], *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    dump_look(shot, width, height, look_of(COLOURS_256, false, GRAPHICS_BLOCKS), "256 colours",
              out);
    dump_look(shot, width, height, look_of(COLOURS_8, false, GRAPHICS_BLOCKS), "8 colours", out);
    dump_look(shot, width, height, look_of(COLOURS_NONE, false, GRAPHICS_BLOCKS), "no colour", out);
    dump_look(shot, width, height, look_of(COLOURS_NONE, true, GRAPHICS_ASCII), "ASCII", out);
    dump_look(shot, width, height, sixel_look, "sixel", out);
    fclose(out);
    snprintf(name, sizeof name, "%s-%dx%d.txt", shot->name, width, height);
    bool equal = golden_equal(name, text);
    free(text);
    assert_true(equal);
}

static void test_golden_80x24(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shots / sizeof *shots; i++)
        compare_shot(&shots[i], 80, 24);
}

static bool is_a_view(const Shot *shot)
{
    return strcmp(shot->name, "runs") == 0 || strcmp(shot->name, "curves") == 0 ||
           strcmp(shot->name, "curves-laid") == 0 || strcmp(shot->name, "compare") == 0 ||
           strncmp(shot->name, "samples", 7) == 0 || strncmp(shot->name, "paths", 5) == 0 ||
           strcmp(shot->name, "tweak") == 0;
}

static void test_golden_larger(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shots / sizeof *shots; i++) {
        if (is_a_view(&shots[i])) {
            compare_shot(&shots[i], 120, 40);
            compare_shot(&shots[i], 200, 60);
        }
    }
}

static void test_golden_smallest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shots / sizeof *shots; i++)
        if (is_a_view(&shots[i]) || strncmp(shots[i].name, "tweak", 5) == 0 ||
            strcmp(shots[i].name, "form") == 0 || strcmp(shots[i].name, "drawing") == 0)
            compare_shot(&shots[i], 60, 16);
}

static void test_front_tab_is_bracketed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[1 Runs] 2 Curves  3 Samples  4 Paths  5 Tweak  6 Compare ",
        " 1 Runs [2 Curves] 3 Samples  4 Paths  5 Tweak  6 Compare ",
        " 1 Runs  2 Curves [3 Samples] 4 Paths  5 Tweak  6 Compare ",
        " 1 Runs  2 Curves  3 Samples [4 Paths] 5 Tweak  6 Compare ",
        " 1 Runs  2 Curves  3 Samples  4 Paths [5 Tweak] 6 Compare ",
        " 1 Runs  2 Curves  3 Samples  4 Paths  5 Tweak [6 Compare]",
    };
    for (int i = 0; i < view_count; i++) {
        Canvas canvas;
        char row[64] = "", keys[2] = {(char)('1' + i), 0};
        Shot shot = {"", {.runs = 5, .step = 900}, keys};
        draw_shot(&shot, 80, 24, sixel_look, &canvas);
        for (int x = 0; x < 58; x++)
            row[x] = (char)canvas.cell[x].rune;
        assert_string_equal(row, rows[i]);
        canvas_done(&canvas);
    }
}

/* ---- Keys ---- */

static void test_key_table(void **state)
{
    (void)state;
    for (int i = 0; i < key_row_count; i++) {
        for (int k = 0; k < i; k++) {
            bool clash = key_rows[i].press == key_rows[k].press &&
                         (key_rows[i].places & key_rows[k].places) != 0;
            assert_false(clash);
        }
        assert_true(!key_rows[i].label || key_rows[i].help);
    }
    for (unsigned place = PLACE_RUNS; place <= PLACE_COMPARE; place *= 2) {
        assert_int_equal(key_find('q', place)->action, ACTION_QUIT);
        assert_int_equal(key_find('?', place)->action, ACTION_HELP);
        assert_int_equal(key_find(' ', place)->action, ACTION_PAUSE);
    }
    assert_null(key_find(PRESS_UNKNOWN, ~0u));
}

static Reply press_all(Screen *screen, const Snapshot *snapshot, const char *keys)
{
    Reply reply = {.kind = REPLY_NONE};
    for (; *keys != '\0'; keys++)
        reply = screen_press(screen, snapshot, *keys);
    return reply;
}

static void test_commands(void **state)
{
    (void)state;
    const Snapshot *live = fake_snapshot(&(FakeOptions){.runs = 5, .step = 900});
    const Snapshot *done = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900, .all_done = true});
    Screen *screen = screen_new(&(ScreenOptions){0});
    Reply reply = press_all(screen, live, " ");
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_PAUSE &&
                reply.command.run == 5);
    reply = press_all(screen, live, "1kkk ");
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_START &&
                reply.command.run == 2);
    reply = press_all(screen, live, "s");
    assert_true(reply.command.kind == COMMAND_STEP && reply.command.number == 1);
    reply = press_all(screen, live, "f");
    assert_true(reply.command.kind == COMMAND_FORK && reply.command.number == FORK_HERE);
    assert_int_equal(press_all(screen, live, "w").command.kind, COMMAND_SAVE);
    assert_int_equal(press_all(screen, live, "q").kind, REPLY_NONE);
    assert_int_equal(press_all(screen, live, "\033q").kind, REPLY_NONE);
    assert_int_equal(press_all(screen, live, "s").kind, REPLY_LEAVE_SAVING);
    assert_int_equal(press_all(screen, live, "x").kind, REPLY_NONE); /* says first what is lost */
    assert_int_equal(press_all(screen, live, "x").kind, REPLY_LEAVE_DROPPING);
    assert_int_equal(press_all(screen, live, "d").kind, REPLY_LEAVE_DETACHING);
    assert_int_equal(press_all(screen, live, "\033%").kind, REPLY_UNKNOWN);
    assert_int_equal(press_all(screen, live, "?q").kind, REPLY_NONE); /* q asks anywhere */
    assert_int_equal(press_all(screen, live, "s").kind, REPLY_LEAVE_SAVING);
    screen_free(screen);
    screen = screen_new(&(ScreenOptions){0});
    assert_int_equal(press_all(screen, done, "q").kind,
                     REPLY_LEAVE_SAVING); /* nothing is live: at once */
    screen_free(screen);
    screen = screen_new(&(ScreenOptions){.readonly = true});
    assert_int_equal(press_all(screen, live, " ").kind, REPLY_UNKNOWN);
    assert_int_equal(press_all(screen, live, "n").kind, REPLY_UNKNOWN);
    assert_int_equal(press_all(screen, live, "q").kind, REPLY_LEAVE_SAVING);
    screen_free(screen);
    fake_free(live);
    fake_free(done);
}

/* Letters typed into the list of presets find them, also by what their comment says; Esc takes the
 * letters back, then closes. */
static void test_presets_are_found_by_typing(void **state)
{
    (void)state;
    const Snapshot *live = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    Reply reply = press_all(screen, live, "n\r");
    assert_string_equal(reply.command.text, "quickstart");
    reply = press_all(screen, live, "nmoons lcm reflected\r");
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_NEW);
    assert_non_null(strstr(reply.command.text, "moons-lcm-reflected"));
    /* A name that is typed is meant, whatever else speaks of it. */
    assert_string_equal(press_all(screen, live, "nring-pd\r").command.text, "ring-pd");
    assert_string_equal(press_all(screen, live, "nring\r").command.text, "ring-ct");
    reply = press_all(screen, live, "nCOVARIATE SHIFT\r");
    assert_string_equal(reply.command.text, "quickstart");
    assert_int_equal(press_all(screen, live, "nno such preset\r").kind, REPLY_UNKNOWN);
    assert_string_equal(press_all(screen, live, "\033\r").command.text, "quickstart");
    assert_int_equal(press_all(screen, live, "n\033q").kind, REPLY_NONE); /* closed: q asks */
    screen_free(screen);
    fake_free(live);
}

/* What an external run does not say is not shown: no interval of a ratio, no data. */
static void test_nothing_is_said_of_what_is_not_known(void **state)
{
    (void)state;
    const Snapshot *live = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    RunView *run = (RunView *)live->run[0];
    char subject[40], *text;
    size_t size;
    for (int k = 0; k < run->shift_view.rows * run->shift_view.columns; k++)
        ((float *)run->shift_view.low)[k] = ((float *)run->shift_view.high)[k] = NAN;
    Screen *screen = screen_new(&(ScreenOptions){0});
    Canvas canvas;
    CanvasLook look = look_of(COLOURS_NONE, true, GRAPHICS_OFF);
    FILE *out = open_memstream(&text, &size);
    canvas_init(&canvas, 120, 40, &look);
    press_all(screen, live, "2");
    screen_draw(screen, live, &canvas);
    dump_text(&canvas, out);
    fclose(out);
    assert_non_null(strstr(text, " / forward "));
    assert_null(strstr(text, "[nan"));
    free(text);
    canvas_done(&canvas);
    screen_free(screen);
    fake_free(live);
    format_subject(subject, sizeof subject, "external", "");
    assert_string_equal(subject, "external");
    format_subject(subject, sizeof subject, "pd", "ring");
    assert_string_equal(subject, "pd on ring");
}

static void test_words_are_explained(void **state)
{
    (void)state;
    const Snapshot *live = fake_snapshot(&(FakeOptions){.runs = 1, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    assert_int_equal(screen_command(screen, live, "explain own / forward").kind, REPLY_NONE);
    assert_int_equal(screen_command(screen, live, "explain optimizer.lr").kind, REPLY_NONE);
    assert_int_equal(screen_command(screen, live, "explain nosuchword").kind, REPLY_REFUSED);
    for (int i = 0; i < term_count; i++) {
        char line[96], name[64], text[EXPLAINED_SIZE];
        snprintf(line, sizeof line, "explain %s", terms[i].name);
        assert_int_equal(screen_command(screen, live, line).kind, REPLY_NONE);
        assert_true(glossary_find(terms[i].name, 0, 0, name, text));
        assert_string_equal(text, terms[i].text); /* whole: nothing is cut */
        assert_true(terms[i].places != 0);
    }
    screen_free(screen);
    fake_free(live);
}

/* A fork of a finished run where it ended would have nothing to do: it is asked for more steps. */
static void test_a_fork_at_the_end_gets_more_steps(void **state)
{
    (void)state;
    const Snapshot *done =
        fake_snapshot(&(FakeOptions){.runs = 1, .step = 4000, .steps = 4000, .all_done = true});
    Screen *screen = screen_new(&(ScreenOptions){0});
    assert_int_equal(press_all(screen, done, "f").kind, REPLY_NONE);
    Reply reply = press_all(screen, done, "\r");
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_FORK);
    assert_non_null(strstr(reply.command.text, "run.steps="));
    assert_int_equal(press_all(screen, done, "5f").kind, REPLY_NONE);
    assert_int_equal(screen_command(screen, done, "fork").kind, REPLY_REFUSED);
    assert_int_equal(screen_command(screen, done, "fork 500").kind, REPLY_SEND);
    screen_free(screen);
    fake_free(done);
}

static void test_a_new_run_is_followed(void **state)
{
    (void)state;
    const Snapshot *two = fake_snapshot(&(FakeOptions){.runs = 2, .step = 900});
    const Snapshot *three = fake_snapshot(&(FakeOptions){.runs = 3, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    assert_int_equal(press_all(screen, two, "1kw").command.run, 1);
    assert_int_equal(press_all(screen, three, "w").command.run, 3);
    assert_int_equal(press_all(screen, three, "1kkw").command.run, 1);
    assert_int_equal(press_all(screen, three, "w").command.run, 1);
    screen_free(screen);
    fake_free(two);
    fake_free(three);
}

static void test_hints_are_whole(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 5, .step = 900});
    for (int width = SCREEN_MIN_WIDTH; width < 220; width++) {
        Canvas canvas;
        char row[256] = "";
        CanvasLook look = look_of(COLOURS_NONE, true, GRAPHICS_OFF);
        Screen *screen = screen_new(&(ScreenOptions){0});
        canvas_init(&canvas, width, 24, &look);
        screen_draw(screen, snapshot, &canvas);
        for (int x = 0; x < width; x++)
            row[x] = (char)canvas.cell[23 * width + x].rune;
        char *end = strstr(row, "? help  q quit");
        assert_non_null(end);
        assert_true(end == row || strncmp(end - 2, "  ", 2) == 0);
        screen_free(screen);
        canvas_done(&canvas);
    }
    fake_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_golden_80x24),
        cmocka_unit_test(test_golden_larger),
        cmocka_unit_test(test_golden_smallest),
        cmocka_unit_test(test_front_tab_is_bracketed),
        cmocka_unit_test(test_key_table),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_presets_are_found_by_typing),
        cmocka_unit_test(test_nothing_is_said_of_what_is_not_known),
        cmocka_unit_test(test_words_are_explained),
        cmocka_unit_test(test_a_fork_at_the_end_gets_more_steps),
        cmocka_unit_test(test_a_new_run_is_followed),
        cmocka_unit_test(test_hints_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
