/* The command line: where options may stand, what values they take, and what is said
 * about mistakes. */
#include "app/commands/commands.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 32 };

/* Parses a line of words between single spaces. The words must outlive the options: a
 * line at a time. */
static Status parse(Options *options, const char *line, Error *error)
{
    static char text[512];
    static char *word[WORDS];
    int n = 0;
    strcpy(text, line);
    for (char *at = strtok(text, " "); at; at = strtok(NULL, " "))
        word[n++] = at;
    return options_parse(options, commands, n, word, error);
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "ddil --runs R run a b --seed 7 --quiet",
        "ddil run --seed=7 a --runs=R b --quiet",
        "ddil --quiet --seed 7 run --runs R a b",
        "ddil --quiet --seed 7 --runs R run -- a b",
    };
    for (int i = 0; i < 4; i++) {
        Options options;
        Error error = {""};
        assert_int_equal(parse(&options, lines[i], &error), STATUS_OK);
        assert_ptr_equal(options.command, command_find(commands, "run"));
        assert_int_equal(options.arguments, 2);
        assert_string_equal(options.argument[0], "a");
        assert_string_equal(options.argument[1], "b");
        assert_string_equal(options.runs, "R");
        assert_int_equal(options.seed, 7);
        assert_true(options.quiet);
        assert_int_equal(options.steps, -1);
        assert_true(isnan(options.guidance));
    }
}

static void no_command_is_the_workbench(void **state)
{
    (void)state;
    Options options;
    assert_int_equal(parse(&options, "ddil quickstart --size 80x24 --graphics blocks", NULL),
                     STATUS_OK);
    assert_null(options.command);
    assert_int_equal(options.arguments, 1);
    assert_string_equal(options.size, "80x24");
    assert_string_equal(options.graphics, "blocks");
    assert_int_equal(parse(&options, "ddil", NULL), STATUS_OK);
    assert_int_equal(options.arguments, 0);
}

static void short_options_take_values(void **state)
{
    (void)state;
    Options options;
    assert_int_equal(parse(&options, "ddil sample 3 -n100 -o a.npy --guidance 2.5 --class 0", NULL),
                     STATUS_OK);
    assert_int_equal(options.samples, 100);
    assert_string_equal(options.output, "a.npy");
    assert_float_equal(options.guidance, 2.5, 0);
    assert_int_equal(options.class, 0);
    assert_int_equal(parse(&options, "ddil run p -s a.b=1 -sc.d=2 -s e.f=g=h", NULL), STATUS_OK);
    assert_int_equal(options.sets, 3);
    assert_string_equal(options.set[0], "a.b=1");
    assert_string_equal(options.set[1], "c.d=2");
    assert_string_equal(options.set[2], "e.f=g=h");
}

/* --steps is a number of training steps, of sampling steps, or a list. */
static void one_name_means_what_the_command_needs(void **state)
{
    (void)state;
    Options options;
    assert_int_equal(parse(&options, "ddil --steps 1,2 eval 3", NULL), STATUS_OK);
    assert_string_equal(options.step_list, "1,2");
    assert_int_equal(parse(&options, "ddil sample 3 --steps 0", NULL), STATUS_OK);
    assert_int_equal(options.steps, 0);
    assert_int_equal(parse(&options, "ddil run p --steps 0", NULL), STATUS_BAD_INPUT);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *say;
    } cases[] = {
        {"ddil run p --sead 1", "(nearest: --seed)"},
        {"ddil run p --seed", "a whole number"},
        {"ddil export 1 --svg --theme slides", "--svg wants a text: FILE"},
        {"ddil run p --seed x", "\"x\" is not a whole number"},
        {"ddil run p --seed 1.5", "\"1.5\" is not a whole number"},
        {"ddil run p --seed -1", "-1 is outside 0"},
        {"ddil run p --seed 99999999999999999999", "not a whole number"},
        {"ddil run p --json", "run does not take --json"},
        {"ddil run p -z", "unknown option -z"},
        {"ddil run p --quiet=yes", "takes no value"},
        {"ddil run p --name=", "empty"},
        {"ddil run", "usage: ddil run PRESET"},
        {"ddil show 1 2", "too many arguments at \"2\""},
        {"ddil sample 1 --guidance nan", "not a number"},
        {"ddil --graphics ansi", "none of auto|sixel"},
        {"ddil --graphics aut", "none of auto|sixel"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Options options;
        Error error = {""};
        assert_int_equal(parse(&options, cases[i].line, &error), STATUS_BAD_INPUT);
        if (!strstr(error.text, cases[i].say))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].line, error.text, cases[i].say);
    }
}

static void help_wants_no_arguments(void **state)
{
    (void)state;
    Options options;
    assert_int_equal(parse(&options, "ddil sample --help", NULL), STATUS_OK);
    assert_true(options.help);
    assert_int_equal(parse(&options, "ddil -h", NULL), STATUS_OK);
    assert_true(options.help);
}

static void runs_come_from_the_environment(void **state)
{
    (void)state;
    Options options;
    setenv("DDIL_RUNS", "/somewhere", 1);
    assert_int_equal(parse(&options, "ddil ls", NULL), STATUS_OK);
    assert_string_equal(options.runs, "/somewhere");
    assert_int_equal(parse(&options, "ddil ls --runs here", NULL), STATUS_OK);
    assert_string_equal(options.runs, "here");
    unsetenv("DDIL_RUNS");
    assert_int_equal(parse(&options, "ddil ls", NULL), STATUS_OK);
    assert_string_equal(options.runs, "runs");
}

/* Every command and every option it takes is in its help. */
static void help_names_everything(void **state)
{
    (void)state;
    for (const CommandRow *row = commands; row->name; row++) {
        char *text;
        size_t size;
        Options options = {.commands = commands, .command = row};
        FILE *out = open_memstream(&text, &size);
        options_help(&options, out);
        fclose(out);
        assert_non_null(strstr(text, row->help));
        assert_non_null(strstr(text, "--runs DIR"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(no_command_is_the_workbench),
        cmocka_unit_test(short_options_take_values),
        cmocka_unit_test(one_name_means_what_the_command_needs),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_wants_no_arguments),
        cmocka_unit_test(runs_come_from_the_environment),
        cmocka_unit_test(help_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
