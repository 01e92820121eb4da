/* The command line and the line editor: what is typed becomes commands, or says why not.
 */
#include "app/workbench/file_names.h"
#include "tests/fake_snapshot.h"
#include "views/model/command_line.h"
#include "views/prompt.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct Stage {
    const Snapshot *snapshot;
    Session session;
    Scene scene;
} Stage;

static void open_stage(Stage *stage)
{
    *stage = (Stage){.snapshot = fake_snapshot(&(FakeOptions){.runs = 3, .step = 900})};
    stage->session = (Session){.run = 2, .live = true};
    static const char *const names[] = {"Runs", "Curves", NULL};
    stage->scene = (Scene){.snapshot = stage->snapshot, .session = &stage->session, .views = names};
    stage->scene.run = stage->snapshot->run[1];
}

static void test_lines_become_commands(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        CommandKind kind;
        long number;
        const char *text;
        /* clang-format off */
    } rows[] = {
        {"set optimizer.lr=1e-4",                             COMMAND_SET,   0,   "optimizer.lr=1e-4"  },
        {":set  source.beta_data=1   source.beta_student=2 ", COMMAND_SET,   0,
         "source.beta_data=1\nsource.beta_student=2"                                                   },
        {"fork",                                              COMMAND_FORK,  -1,  ""                   },
        {"fork 500",                                          COMMAND_FORK,  500, ""                   },
        {"fork 500 optimizer.lr=1e-4",                        COMMAND_FORK,  500, "optimizer.lr=1e-4"  },
        {"fork optimizer.lr=1e-4",                            COMMAND_FORK,  -1,  "optimizer.lr=1e-4"  },
        {"new ring-pd run.seed=3",                            COMMAND_NEW,   0,   "ring-pd\nrun.seed=3"},
        {"step 10",                                           COMMAND_STEP,  10,  ""                   },
        {"pau",                                                COMMAND_PAUSE, 0,   ""                   },
        {"note it fades here",                                COMMAND_NOTE,  900, "it fades here [stage 0, seed 0]"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Stage stage;
        open_stage(&stage);
        long step = stage.scene.run->step;
        Reply reply = command_line_do(&stage.scene, rows[i].line);
        assert_int_equal(reply.kind, REPLY_SEND);
        assert_int_equal(reply.command.kind, rows[i].kind);
        assert_int_equal(reply.command.number,
                         rows[i].kind == COMMAND_NOTE ? step : rows[i].number);
        assert_string_equal(reply.command.text, rows[i].text);
        assert_int_equal(reply.command.run, 2);
        fake_free(stage.snapshot);
    }
}

static void test_bad_lines_say_why(void **state)
{
    (void)state;
    static const char *const lines[] = {"frobnicate", "s 3",       "set optimizer.lr", "step 0",
                                        "step x",     "view nine", "go soon",          "seed -1",
                                        "run nobody", "new",       "save-display"};
    Stage stage;
    open_stage(&stage);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        Reply reply = command_line_do(&stage.scene, lines[i]);
        assert_int_equal(reply.kind, REPLY_REFUSED);
        assert_true(strlen(reply.say) > 8);
    }
    assert_int_equal(command_line_do(&stage.scene, "   ").kind, REPLY_NONE);
    stage.scene.readonly = true;
    assert_int_equal(command_line_do(&stage.scene, "pause").kind, REPLY_REFUSED);
    assert_int_equal(command_line_do(&stage.scene, "go 100").kind, REPLY_NONE);
    stage.scene.run = NULL;
    stage.scene.readonly = false;
    assert_int_equal(command_line_do(&stage.scene, "pause").kind, REPLY_REFUSED);
    fake_free(stage.snapshot);
}

static void assert_completes(const Scene *scene, const char *typed, const char *whole, bool lists)
{
    char line[PROMPT_SIZE], say[160];
    snprintf(line, sizeof line, "%s", typed);
    command_line_complete(scene, line, sizeof line, say, sizeof say);
    assert_string_equal(line, whole);
    assert_true(!lists || strlen(say) > 0);
}

static void test_completion(void **state)
{
    (void)state;
    Stage stage;
    open_stage(&stage);
    assert_completes(&stage.scene, "paus", "pause ", false);
    assert_completes(&stage.scene, "s", "s", true);
    assert_completes(&stage.scene, "save-d", "save-display ", false);
    assert_completes(&stage.scene, "set optimizer.l", "set optimizer.lr=", false);
    assert_completes(&stage.scene, "set optimizer.lr=1 source.beta_d",
                     "set optimizer.lr=1 source.beta_data=", false);
    assert_completes(&stage.scene, "view Cu", "view Curves", false);
    assert_completes(&stage.scene, "pause x", "pause x", true);
    assert_completes(&stage.scene, "save-picture asse", "save-picture asse", true);
    stage.scene.files = file_name;
    assert_completes(&stage.scene, "save-picture asse", "save-picture assets/", false);
    assert_completes(&stage.scene, "share assets/les", "share assets/lessons/", false);
    assert_completes(&stage.scene, "figure assets/lessons/4",
                     "figure assets/lessons/4-threshold.ini", false);
    assert_completes(&stage.scene, "save-display nowhere/x", "save-display nowhere/x", true);
    fake_free(stage.snapshot);
}

static void type(Prompt *prompt, const char *text)
{
    for (; *text != '\0'; text++)
        assert_true(prompt_edit(prompt, (unsigned char)*text));
}

static void test_editing(void **state)
{
    (void)state;
    Prompt prompt = {0};
    prompt_open(&prompt, ASK_COMMAND, ":", "");
    type(&prompt, "set lr");
    prompt_edit(&prompt, PRESS_LEFT);
    prompt_edit(&prompt, 0xe9); /* two bytes */
    assert_string_equal(prompt.text, "set l\xc3\xa9r");
    prompt_edit(&prompt, PRESS_BACKSPACE);
    assert_string_equal(prompt.text, "set lr");
    prompt_edit(&prompt, PRESS_END);
    prompt_edit(&prompt, 23);
    assert_string_equal(prompt.text, "set ");
    prompt_edit(&prompt, PRESS_HOME);
    prompt_edit(&prompt, PRESS_DELETE);
    assert_string_equal(prompt.text, "et ");
    assert_false(prompt_edit(&prompt, PRESS_F1));
    for (int i = 0; i < 2 * PROMPT_SIZE; i++)
        prompt_edit(&prompt, 0x1f600); /* four bytes: never cut in the middle */
    assert_true(strlen(prompt.text) < PROMPT_SIZE);
    prompt_close(&prompt, true);
    prompt_open(&prompt, ASK_COMMAND, ":", "");
    prompt_recall(&prompt, 1);
    assert_true(strlen(prompt.text) > 100);
    prompt_recall(&prompt, 1);
    prompt_recall(&prompt, -1);
    assert_string_equal(prompt.text, "");
}

/* Through the screen: a refused line stays, Escape forgets it, a note carries the
 * cursor's step. */
static void test_screen_prompt(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 3, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    Reply reply = {0};
    for (const char *key = ":nonsense\r\025pause\r"; *key != '\0'; key++)
        reply = screen_press(screen, snapshot, *key);
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_PAUSE);
    for (const char *key = "mlook here\r"; *key != '\0'; key++)
        reply = screen_press(screen, snapshot, *key);
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_NOTE);
    assert_string_equal(reply.command.text, "look here [stage 4, seed 0]");
    for (const char *key = ":pause\033"; *key != '\0'; key++)
        reply = screen_press(screen, snapshot, *key);
    assert_int_equal(reply.kind, REPLY_NONE);
    assert_int_equal(screen_press(screen, snapshot, ' ').kind,
                     REPLY_SEND); /* keys mean actions again */
    screen_free(screen);
    fake_free(snapshot);
}

static void test_mouse_on_tabs(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 3, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    CanvasLook look = {.colours = COLOURS_NONE, .graphics = GRAPHICS_OFF};
    Canvas canvas;
    canvas_init(&canvas, 80, 24, &look);
    screen_draw(screen, snapshot, &canvas);
    assert_int_equal(screen_press(screen, snapshot, press_mouse(MOUSE_CLICK, 21, 0)).kind,
                     REPLY_NONE);
    screen_draw(screen, snapshot, &canvas);
    assert_int_equal(canvas.cell[18].rune, '[');
    screen_free(screen);
    canvas_done(&canvas);
    fake_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_become_commands),
        cmocka_unit_test(test_bad_lines_say_why),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_editing),
        cmocka_unit_test(test_screen_prompt),
        cmocka_unit_test(test_mouse_on_tabs),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
