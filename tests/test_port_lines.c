/* The lines of the port. */
#include "engine/base/rng.h"
#include "engine/port/mailbox.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Every kind of line, with what is awkward in it. */
/* clang-format off */
static const Line SAMPLES_OF_LINES[] = {
    {.kind = LINE_HELLO, .looks = true, .version = 1},
    {.kind = LINE_HELLO, .version = PORT_VERSION},
    {.kind = LINE_STATUS},
    {.kind = LINE_SAMPLES, .run = 3, .step = -1},
    {.kind = LINE_SAMPLES, .run = 3, .step = 12000},
    {.kind = LINE_DO,
     .tag = 7,
     .command = {COMMAND_NEW, 0, 0, "ring-pd\nrun.seed=3\nname=a\\b  c"}},
    {.kind = LINE_DO, .tag = 1, .command = {COMMAND_PAUSE, 12, -1, ""}},
    {.kind = LINE_OWNER, .owner = {OWNER_HEADLESS, false, 4711, 3, ""}},
    {.kind = LINE_RUN,
     .about = {7, RUN_LIVE, 120, 100, -1, 1 / 3.0, INFINITY, 1e9, 0.1, {0.5, 0.25, 0.25}, {0.125, 0, 1}, "ring-pd", "forked from 02@9"}},
    {.kind = LINE_GONE, .run = 7},
    {.kind = LINE_END, .serial = 99, .cpu_share = 0.5, .rss_mib = 12.25},
    {.kind = LINE_NOTE, .note = {3, STATUS_BAD_INPUT, 2, "23:01:07", "no \\ such\nrun"}},
    {.kind = LINE_ERROR, .text = "what?"},
};
/* clang-format on */
enum { LINE_SAMPLES_COUNT = sizeof SAMPLES_OF_LINES / sizeof *SAMPLES_OF_LINES };

static void test_lines_read_back_as_they_were_written(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_SAMPLES_COUNT; i++) {
        char text[LINE_SIZE + 1], again[LINE_SIZE + 1];
        Line line;
        Error error = {{0}};
        int length = line_write(text, &SAMPLES_OF_LINES[i]);
        assert_int_equal(strcspn(text, "\n"), length - 1);
        text[length - 1] = 0;
        if (line_read(&line, text, &error))
            fail_msg("%s: %s", text, error.text);
        assert_int_equal(line.kind, SAMPLES_OF_LINES[i].kind);
        line_write(again, &line);
        text[length - 1] = '\n';
        assert_string_equal(again, text);
    }
}

static void test_texts_survive(void **state)
{
    (void)state;
    char text[LINE_SIZE + 1];
    Line line = {.kind = LINE_DO, .tag = 1, .command = {.kind = COMMAND_SET}}, back;
    memset(line.command.text, '\\', COMMAND_TEXT_SIZE - 1); /* the longest of all */
    text[line_write(text, &line) - 1] = 0;
    assert_int_equal(line_read(&back, text, NULL), STATUS_OK);
    assert_memory_equal(back.command.text, line.command.text, COMMAND_TEXT_SIZE);
}

static void test_bad_lines_are_refused_and_named(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "do",
        "do 0 pause 1 0 ",
        "do 1 fly 1 0 ",
        "do 1 pause -1 0 ",
        "do 1 pause 99999999999999999999 0 ",
        "do 1 pause 1",
        "do 1 set 1 0 a\\x",
        "do 1 set 1 0 a\\",
        "do 1 set 1 0 \ttab",
        "hello",
        "hello stranger",
        "hello steer 0",
        "hello steer two",
        "hello steer 2 2",
        "status now",
        "samples",
        "samples 0",
        "run 1 dancing 1 1 1 1 1 1 1 0 0 0 0 0 0 a b",
        "owner 1 king 2",
        "DO 1 pause 1 0 ",
        "\001",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Line line;
        Error error = {{0}};
        if (!line_read(&line, bad[i], &error))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(strlen(error.text) > 0);
    }
}

/* Bytes drawn anew, dropped, doubled and cut off in good lines: never more than a refusal,
 * and what is taken can be written. */
static void test_broken_lines_do_no_harm(void **state)
{
    (void)state;
    char text[2 * LINE_SIZE], again[LINE_SIZE + 1];
    for (int round = 0; round < 20000; round++) {
        Rng rng = rng_at(7, STREAM_SAMPLE, (uint64_t)round);
        int length = line_write(text, &SAMPLES_OF_LINES[rng_below(&rng, LINE_SAMPLES_COUNT)]);
        for (int changes = 1 + (int)rng_below(&rng, 4); changes > 0 && length > 1; changes--) {
            int at = (int)rng_below(&rng, (uint32_t)length);
            switch (rng_below(&rng, 4)) {
            case 0: text[at] = (char)rng_below(&rng, 256); break;
            case 1: text[at] = ' '; break;
            case 2: memmove(text + at, text + at + 1, (size_t)(length - at)); break;
            default: text[at] = 0; break;
            }
            length = (int)strlen(text);
        }
        Line line;
        text[strcspn(text, "\n")] = 0;
        if (line_read(&line, text, NULL) == STATUS_OK)
            assert_true(line_write(again, &line) > 1);
    }
}

/* Zero bytes of a torn write, and more than a piece without a line's end, hide no answer. */
static void test_a_torn_mailbox_is_read_on(void **state)
{
    enum { JUNK = 200000, TURNS = 10 };
    static const char torn[] = "note 7\0 0 0 23:01:07 lost\n";
    char folder[PATH_SIZE], path[PATH_SIZE];
    Line line;
    bool heard = false;
    (void)state;
    folder_new(folder);
    Mailbox *mailbox = mailbox_open(folder, "");
    FILE *file = fopen(file_join(path, folder, "answers"), "w");
    assert_non_null(file);
    fwrite(torn, 1, sizeof torn - 1, file);
    for (int i = 0; i < JUNK; i++)
        fputc('x', file);
    fputs("\nnote 0 0 0 23:01:07 all is well\n", file);
    fclose(file);
    for (int turn = 0; turn < TURNS && !heard; turn++)
        heard = mailbox_next(mailbox, 10, &line);
    assert_true(heard);
    assert_string_equal(line.note.text, "all is well");
    mailbox_close(mailbox);
    folder_gone(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_read_back_as_they_were_written),
        cmocka_unit_test(test_texts_survive),
        cmocka_unit_test(test_bad_lines_are_refused_and_named),
        cmocka_unit_test(test_broken_lines_do_no_harm),
        cmocka_unit_test(test_a_torn_mailbox_is_read_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
