/* A first-time user: from an empty folder to a fork with a changed prior and both runs'
 * loss and shift over one another, by the screen alone. Each press is one that the screen
 * before it named. The engine is in lock-step.
 */
#include "tests/engines.h"
#include "tests/near.h"
#include "tests/screen_dump.h"
#include "views/screen.h"
#include <stdlib.h>
#include <string.h>

typedef struct Hand {
    Engine *engine;
    Screen *screen;
    const Snapshot *snapshot;
    Canvas canvas;
    char *text; /* what the screen shows */
    int presses;
} Hand;

static void look(Hand *hand)
{
    size_t size;
    if (hand->snapshot)
        engine_drop(hand->engine, hand->snapshot);
    hand->snapshot = engine_look(hand->engine);
    screen_draw(hand->screen, hand->snapshot, &hand->canvas);
    free(hand->text);
    FILE *out = open_memstream(&hand->text, &size);
    dump_text(&hand->canvas, out);
    fclose(out);
}

static void hand_open(Hand *hand, const Place *place)
{
    CanvasLook blocks = {.graphics = GRAPHICS_BLOCKS, .cell_width = 10, .cell_height = 20};
    *hand =
        (Hand){.engine = place_open(place, true, false), .screen = screen_new(&(ScreenOptions){0})};
    canvas_init(&hand->canvas, 80, 24, &blocks);
    look(hand);
}

static void hand_close(Hand *hand)
{
    engine_drop(hand->engine, hand->snapshot);
    engine_close(hand->engine, LEAVE_DROP, NULL);
    screen_free(hand->screen);
    canvas_done(&hand->canvas);
    free(hand->text);
}

static void sees(const Hand *hand, const char *what)
{
    if (!strstr(hand->text, what)) {
        fail_msg("after %d presses the screen does not say \"%s\":\n%s", hand->presses, what,
                 hand->text);
    }
}

/* `named`: where the screen says to press it. */
static void presses(Hand *hand, int key, const char *named)
{
    sees(hand, named);
    Reply reply = screen_press(hand->screen, hand->snapshot, key);
    if (reply.kind == REPLY_SEND)
        assert_true(engine_send(hand->engine, &reply.command) > 0);
    assert_true(reply.kind == REPLY_SEND || reply.kind == REPLY_NONE);
    engine_advance(hand->engine, 2);
    hand->presses++;
    look(hand);
}

static void trains_to(Hand *hand, int run, long step)
{
    while (hand->snapshot->run[run]->step < step) {
        assert_true(engine_advance(hand->engine, 4) > 0);
        look(hand);
    }
}

static int row_of(const char *key)
{
    ParamInfoView param;
    for (int i = 0; engine_param(i, &param); i++)
        if (strcmp(param.key, key) == 0)
            return i;
    return -1;
}

static void test_from_nothing_to_a_fork(void **state)
{
    Hand hand;
    hand_open(&hand, *state);
    presses(&hand, 'n', "Press  n  and choose  quickstart");
    presses(&hand, PRESS_ENTER, "Enter start it");
    trains_to(&hand, 0, 30);
    presses(&hand, '5', "5 Tweak");
    sees(&hand, "▸ optimizer.lr");
    for (int i = 0; i < 3; i++)
        presses(&hand, PRESS_DOWN, "↑↓ choose");
    sees(&hand, "▸ source.beta_student   0.25");
    for (int i = 0; i < 5; i++)
        presses(&hand, PRESS_RIGHT, "←→ nudge");
    sees(&hand, "staged 1: beta_student 0.25 → 0.5");
    long here = hand.snapshot->run[0]->step;
    presses(&hand, 'f', "f  in a fork (keeps 01)");
    assert_int_equal(hand.snapshot->runs, 2);
    const RunView *old = hand.snapshot->run[0], *new = hand.snapshot->run[1];
    assert_int_equal(new->parent_step, here);
    assert_string_equal(old->param[row_of("beta_student")], "0.25");
    assert_string_equal(new->param[row_of("beta_student")], "0.5");
    assert_true(old->state == RUN_LIVE && new->state == RUN_LIVE);
    sees(&hand, "nothing staged");
    trains_to(&hand, 1, here + 20);
    presses(&hand, '2', "2 shows both, 6 compares them");
    sees(&hand, "─ loss  ╌ 02  ─ 01 ─"); /* two lines over one another */
    sees(&hand, "─ shift i=1  ╌ 02  ─ 01 ─");
    assert_true(hand.presses <= 20);
    hand_close(&hand);
}

/* Applied to the run itself, then undone: every screen says how. */
static void test_change_and_way_back(void **state)
{
    Hand hand;
    hand_open(&hand, *state);
    presses(&hand, 'n', "Press  n");
    presses(&hand, PRESS_ENTER, "Enter start it");
    trains_to(&hand, 0, 20);
    presses(&hand, '5', "5 Tweak");
    presses(&hand, PRESS_LEFT, "←→ nudge");
    presses(&hand, PRESS_ENTER, "Enter  apply to 01 (checkpoint first)");
    sees(&hand, "lr 0.001 → 0.0005");
    sees(&hand, "nothing staged");
    const RunView *run = hand.snapshot->run[0];
    long at = run->mark[0].step;
    assert_int_equal(run->checkpoint, at);
    trains_to(&hand, 0, at + 30);
    presses(&hand, PRESS_TAB, "Tab pane");
    presses(&hand, PRESS_TAB, "Tab pane");
    presses(&hand, 'u', "u undo");
    presses(&hand, 'u', "u again: 01 stays; a fork of it at");
    run = hand.snapshot->run[1];
    assert_int_equal(run->parent_step, at);
    assert_string_equal(run->param[row_of("lr")], "0.001");
    assert_string_equal(hand.snapshot->run[0]->param[row_of("lr")], "0.0005");
    hand_close(&hand);
}

/* A bookmark on a point outlives the engine and is found again. */
static void test_a_bookmark_is_found_again(void **state)
{
    Hand hand;
    hand_open(&hand, *state);
    presses(&hand, 'n', "Press  n");
    presses(&hand, PRESS_ENTER, "Enter start it");
    trains_to(&hand, 0, 40);
    presses(&hand, '2', "");
    presses(&hand, PRESS_HOME, "");
    presses(&hand, 'm', "");
    presses(&hand, 'x', "note:");
    presses(&hand, PRESS_ENTER, "note: x");
    hand_close(&hand);
    hand_open(&hand, *state);
    presses(&hand, '\'', "");
    sees(&hand, "· x [stage");
    presses(&hand, PRESS_ENTER, "Enter go there");
    sees(&hand, "held");
    hand_close(&hand);
}

/* ---- A steady hand and a wild one ---- */

static void asks(Hand *hand, CommandKind kind, const char *text)
{
    assert_int_equal(ask(hand->engine, kind, kind == COMMAND_NEW ? 0 : 1, 0, text), STATUS_OK);
    look(hand);
}

/* Whatever is pressed in this view, with a run that trains, rests, is done or failed: the
 * engine answers, nothing breaks, and no run changes that was not told to. */
static void test_wild_keys_on_a_real_engine(void **state)
{
    static const int keys[] = {PRESS_UP,
                               PRESS_DOWN,
                               PRESS_LEFT,
                               PRESS_RIGHT,
                               PRESS_RIGHT,
                               PRESS_TAB,
                               PRESS_HOME,
                               PRESS_END,
                               PRESS_ENTER,
                               PRESS_ENTER,
                               PRESS_ENTER,
                               PRESS_ENTER,
                               PRESS_BACKSPACE,
                               PRESS_PAGE_DOWN,
                               PRESS_ESCAPE,
                               PRESS_ESCAPE,
                               '=',
                               '1',
                               '0',
                               '.',
                               'e',
                               'u',
                               'u',
                               'f',
                               '<',
                               '>',
                               '[',
                               ']',
                               '\'',
                               'm',
                               's',
                               ' ',
                               'w',
                               '/',
                               '5',
                               '-'};
    const Place *place = *state;
    Hand hand;
    unsigned seed = 17;
    int answered = 0, kinds = 0;
    hand_open(&hand, place);
    asks(&hand, COMMAND_NEW, place->pd);
    for (int i = 0; i < 900; i++) {
        seed = seed * 1664525u + 1013904223u;
        int key = i % 40 == 0 ? '5' : keys[(seed >> 12) % (sizeof keys / sizeof *keys)];
        Reply reply = screen_press(hand.screen, hand.snapshot, key);
        bool forks = reply.kind == REPLY_SEND && reply.command.kind == COMMAND_FORK;
        if (reply.kind == REPLY_SEND && !(forks && hand.snapshot->runs > 5)) {
            long ticket = engine_send(hand.engine, &reply.command);
            engine_advance(hand.engine, 1);
            const Snapshot *now = engine_look(hand.engine);
            const NoteView *note = answer(now, ticket);
            assert_true(note && note->text[0] != '\0');
            answered++;
            kinds |= 1 << reply.command.kind;
            engine_drop(hand.engine, now);
        }
        engine_advance(hand.engine, i % 3);
        look(&hand);
    }
    assert_true(answered > 40);
    assert_true(kinds & 1 << COMMAND_SET && kinds & 1 << COMMAND_FORK && kinds & 1 << COMMAND_NOTE);
    hand_close(&hand);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_from_nothing_to_a_fork),
        TEST(test_change_and_way_back),
        TEST(test_a_bookmark_is_found_again),
        TEST(test_wild_keys_on_a_real_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
