/* Owns the table of options and the reading of argv. May call engine/base only. */
#include "app/base/options.h"
#include "engine/base/clock.h"
#include "engine/base/number.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum OptionKind {
    OPTION_FLAG,
    OPTION_INT,
    OPTION_REAL,
    OPTION_TEXT,
    OPTION_CHOICE,
    OPTION_SET
} OptionKind;

typedef struct OptionRow {
    const char *name;
    char letter; /* 0: none */
    OptionKind kind;
    const char *argument; /* for help; the words of a choice, separated by | */
    size_t offset;        /* into Options */
    double low, high;     /* inclusive */
    const char *commands; /* names between spaces; "*": all; "ddil" is the workbench */
    const char *help;
} OptionRow;

#define FIELD(name) offsetof(Options, name)
#define SEED_MAX    9007199254740992.0 /* 2^53: a seed is a row of run.ini, read as a double */
#define LOOKING     " sample rollout eval "

/* One name means the same kind of argument everywhere, or no argument everywhere:
 * first_positional relies on it. */
static const OptionRow option_rows[] = {
    {"runs", 0, OPTION_TEXT, "DIR", FIELD(runs), 0, 0, "*",
     "the runs folder (default: ./runs, or $DDIL_RUNS)"},
    {"set", 's', OPTION_SET, "section.key=value", 0, 0, 0,
     " ddil tour run resume fork data features ",
     "a parameter, over the preset; may be repeated (see ddil params)"},
    {"name", 0, OPTION_TEXT, "NAME", FIELD(name), 0, 0, " ddil run fork ",
     "the run's name (default: the preset's)"},
    {"seed", 0, OPTION_INT, "N", FIELD(seed), 0, SEED_MAX, " ddil tour run fork ",
     "run.seed: changes every random stream"},
    {"seed", 0, OPTION_INT, "N", FIELD(seed), 0, SEED_MAX, LOOKING,
     "seed of the noise (default: the run's own)"},
    {"seed", 0, OPTION_INT, "N", FIELD(seed), 0, SEED_MAX, " features ",
     "seed of weights and batches (default: 1)"},
    {"seeds", 0, OPTION_TEXT, "1-5", FIELD(seeds), 0, 0, " run ",
     "a run for each of these seeds (1-5, or 1,3,7), on all cores, and their means with intervals"},
    {"steps", 0, OPTION_INT, "N", FIELD(steps), 1, 1e9, " features ",
     "optimiser steps (default: forty times through the pictures, 500 to 4000)"},
    {"steps", 0, OPTION_INT, "N", FIELD(steps), 1, 1e9, " ddil tour run resume fork ",
     "run.steps: the length of the run"},
    {"steps", 0, OPTION_INT, "K", FIELD(steps), 0, 4096, " sample rollout ",
     "sampling steps; 0: the run's own"},
    {"steps", 0, OPTION_TEXT, "K,K,...", FIELD(step_list), 0, 0, " eval ",
     "sampling steps to evaluate at (default: 1,2,4,8)"},
    {"at", 0, OPTION_INT, "STEP", FIELD(at), 0, 1e9, " fork export" LOOKING,
     "a saved training step (default: the newest)"},
    {"samples", 'n', OPTION_INT, "N", FIELD(samples), 1, 1e7, LOOKING, "how many samples"},
    {"rollouts", 0, OPTION_INT, "N", FIELD(rollouts), 2, 1e6, " eval ",
     "roll-outs of the shift (default: 2048 for points, 512 for pictures)"},
    {"seed", 0, OPTION_INT, "N", FIELD(seed), 0, SEED_MAX, " metrics ",
     "seed of directions and of the test's split (default: 0)"},
    {"directions", 0, OPTION_INT, "M", FIELD(directions), 1, 1e6, " metrics ",
     "directions of sw2 (default: 256)"},
    {"only", 0, OPTION_TEXT, "NAME,NAME,...", FIELD(only), 0, 0, " metrics ",
     "these metrics alone"},
    {"class", 0, OPTION_INT, "C", FIELD(class), 0, 255, " sample ",
     "this class only (default: all in turn)"},
    {"guidance", 0, OPTION_REAL, "S", FIELD(guidance), 0, 100, " sample ",
     "guidance scale; 1: none"},
    {"teacher", 0, OPTION_FLAG, NULL, FIELD(teacher), 0, 0, " sample rollout eval ",
     "the teacher instead of the student"},
    {"forward", 0, OPTION_FLAG, NULL, FIELD(forward), 0, 0, " rollout ",
     "noised data as the distiller sees them, instead of the student"},
    {"mix", 0, OPTION_TEXT, "B", FIELD(mix), 0, 0, " sample rollout ",
     "each sampling step is the teacher's with probability B, else the student's"},
    {"mix", 0, OPTION_TEXT, "B,B,...", FIELD(mix), 0, 0, " eval ",
     "a row for each share of the teacher's sampling steps: 0,0.25,0.5,0.75,1"},
    {"frontier", 0, OPTION_FLAG, NULL, FIELD(frontier), 0, 0, " eval ",
     "quality against diversity in 1, 2, 4 and 8 steps and over guidance, kept with the run"},
    {"output", 'o', OPTION_TEXT, "FILE", FIELD(output), 0, 0, " sample rollout export features ",
     "the file to write"},
    {"slurm", 0, OPTION_FLAG, NULL, FIELD(slurm), 0, 0, " table sweep ",
     "what is missing becomes job arrays: the submit script is written, shown and run"},
    {"report", 0, OPTION_FLAG, NULL, FIELD(report), 0, 0, " table sweep ",
     "the tables of what is there; nothing is run"},
    {"task", 0, OPTION_TEXT, "STAGE:NUMBER", FIELD(task), 0, 0, " table sweep ",
     "one run alone, as a task of a job array makes it"},
    {"out", 0, OPTION_TEXT, "DIR", FIELD(out), 0, 0, " table sweep ",
     "where the tables and the figure go (default: the runs folder)"},
    {"svg", 0, OPTION_TEXT, "FILE", FIELD(svg), 0, 0, " export ", "the run's figure as SVG"},
    {"png", 0, OPTION_TEXT, "FILE", FIELD(png), 0, 0, " export ", "the run's figure as PNG"},
    {"theme", 0, OPTION_CHOICE, "paper|slides", FIELD(theme), 0, 0, " table export ",
     "looks of the figure (default: paper)"},
    {"csv", 0, OPTION_FLAG, NULL, FIELD(csv), 0, 0, " export ", "the logs, as CSV"},
    {"weights", 0, OPTION_TEXT, "FILE.safetensors", FIELD(weights), 0, 0, " export ",
     "the student's weights (EMA)"},
    {"wait", 0, OPTION_REAL, "S", FIELD(wait), 0, 1e6, " tell ",
     "seconds to wait for the answer (default: 10)"},
    {"json", 0, OPTION_FLAG, NULL, FIELD(json), 0, 0, " ls show eval metrics params bench ",
     "one JSON value and nothing else"},
    {"quick", 0, OPTION_FLAG, NULL, FIELD(quick), 0, 0, " bench ",
     "less than half a second a step: rougher numbers"},
    {"markdown", 0, OPTION_FLAG, NULL, FIELD(markdown), 0, 0, " params ", "as a Markdown table"},
    {"detach", 0, OPTION_FLAG, NULL, FIELD(detach), 0, 0, " run ",
     "in the background; ddil on the same folder attaches"},
    {"time-limit", 0, OPTION_TEXT, "TIME", FIELD(limit), 0, 0, " run resume fork table sweep ",
     "save and stop (code 3) after 3h55m, 90m, 45s; 0: not even before a Slurm job ends"},
    {"ranks", 0, OPTION_INT, "R", FIELD(ranks), 1, 4096, " run resume fork ",
     "in so many processes, which mpirun starts (a ddil built with MPI=1)"},
    {"go-on", 0, OPTION_FLAG, NULL, FIELD(go_on), 0, 0, " run ",
     "the newest run of that name goes on where there is one: what a requeued job starts again"},
    {"readonly", 0, OPTION_FLAG, NULL, FIELD(readonly), 0, 0, " ddil ", "look only"},
    {"on-hangup", 0, OPTION_CHOICE, "continue|checkpoint|stop", FIELD(hangup), 0, 0, " ddil ",
     "when the terminal is lost, train on without one; save first (default); or save and stop"},
    {"graphics", 0, OPTION_CHOICE, "auto|sixel|kitty|blocks|ascii|off", FIELD(graphics), 0, 0,
     " ddil tour ", "how pictures are drawn"},
    {"mono", 0, OPTION_FLAG, NULL, FIELD(mono), 0, 0, " ddil tour ", "no colour"},
    {"size", 0, OPTION_TEXT, "WxH", FIELD(size), 0, 0, " ddil tour ",
     "columns x rows instead of the terminal's"},
    {"look", 0, OPTION_TEXT, "WORDS", FIELD(look), 0, 0, " ddil ",
     "commands carried out first, divided by ';': 'view curves; go 900' (what :share writes)"},
    {"script", 0, OPTION_TEXT, "FILE", FIELD(script), 0, 0, " ddil tour ",
     "plays keys and :commands from a file, engine in lock-step"},
    {"clock", 0, OPTION_CHOICE, "real|fixed", FIELD(clock), 0, 0, " ddil tour ",
     "fixed: a clock that never moves, for tests"},
    {"threads", 0, OPTION_INT, "N", FIELD(threads), 0, 1024, "*",
     "worker threads; 0: all cores (default)"},
    {"quiet", 0, OPTION_FLAG, NULL, FIELD(quiet), 0, 0, "*", "no progress and no remarks"},
    {"help", 'h', OPTION_FLAG, NULL, FIELD(help), 0, 0, "*", "this help"},
    {"version", 'V', OPTION_FLAG, NULL, FIELD(version), 0, 0, "*", "the version"},
};
enum { OPTION_ROWS = sizeof option_rows / sizeof option_rows[0] };

const CommandRow *command_find(const CommandRow *commands, const char *name)
{
    for (const CommandRow *row = commands; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

/* ---- Nearest words ---- */

enum { WORD_MAX = 40 };

/* Levenshtein distance of the first WORD_MAX letters. */
static int distance(const char *a, const char *b)
{
    int m = (int)strnlen(a, WORD_MAX), n = (int)strnlen(b, WORD_MAX), row[WORD_MAX + 1];
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int either = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < either ? change : either;
        }
    }
    return row[n];
}

const char *nearest_word(const char *text, const char *(*next)(const void *context, int index),
                         const void *context)
{
    const char *best = NULL;
    int least = (int)strnlen(text, WORD_MAX) / 2 + 1; /* at least half of it must be right */
    const char *word;
    for (int i = 0; (word = next(context, i)); i++) {
        int d = distance(text, word);
        if (d < least) {
            least = d;
            best = word;
        }
    }
    return best;
}

/* ---- Looking up ---- */

static bool takes(const OptionRow *row, const CommandRow *command)
{
    if (row->commands[0] == '*')
        return true;
    char word[WORD_MAX + 2];
    snprintf(word, sizeof word, " %s ", command ? command->name : "ddil");
    return strstr(row->commands, word);
}

/* One option of argv: its name or letter, and the value that hangs on it ("--steps=4",
 * "-n4"). */
typedef struct Spelling {
    const char *text; /* as typed, for messages */
    char name[WORD_MAX];
    char letter;
    const char *value; /* NULL: none attached */
} Spelling;

static Spelling spelling(const char *text)
{
    Spelling s = {.text = text};
    if (text[1] != '-') {
        s.letter = text[1];
        s.value = text[2] ? text + 2 + (text[2] == '=') : NULL;
        return s;
    }
    const char *equals = strchr(text, '=');
    int length = equals ? (int)(equals - text) - 2 : (int)strlen(text) - 2;
    snprintf(s.name, sizeof s.name, "%.*s", length, text + 2);
    s.value = equals ? equals + 1 : NULL;
    return s;
}

static bool spells(const Spelling *s, const OptionRow *row)
{
    return s->letter ? s->letter == row->letter : strcmp(s->name, row->name) == 0;
}

static const OptionRow *find_row(const Spelling *s, const CommandRow *command)
{
    for (int i = 0; i < OPTION_ROWS; i++)
        if (spells(s, &option_rows[i]) && takes(&option_rows[i], command))
            return &option_rows[i];
    return NULL;
}

/* As far as it can be known before the command is: does the next word belong to this
 * option? */
static bool wants_value(const Spelling *s)
{
    for (int i = 0; i < OPTION_ROWS; i++)
        if (spells(s, &option_rows[i]))
            return option_rows[i].kind != OPTION_FLAG && !s->value;
    return false;
}

static bool is_option(const char *text) { return text[0] == '-' && text[1] != 0; }

/* Index of the first positional argument, or argc. */
static int first_positional(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return i + 1 < argc ? i + 1 : argc;
        if (!is_option(argv[i]))
            return i;
        Spelling s = spelling(argv[i]);
        i += wants_value(&s);
    }
    return argc;
}

static const char *option_word(const void *command, int index)
{
    for (int i = 0; i < OPTION_ROWS; i++)
        if (takes(&option_rows[i], command) && index-- == 0)
            return option_rows[i].name;
    return NULL;
}

static Status unknown_option(const Spelling *s, const CommandRow *command, Error *error)
{
    const char *name = command ? command->name : "", *gap = command ? " " : "";
    for (int i = 0; i < OPTION_ROWS; i++)
        if (spells(s, &option_rows[i]))
            return fail(error, STATUS_BAD_INPUT,
                        "ddil%s%s does not take %s; what it takes: ddil%s%s --help", gap, name,
                        s->text, gap, name);
    const char *near = s->letter ? NULL : nearest_word(s->name, option_word, command);
    return fail(error, STATUS_BAD_INPUT, "unknown option %s%s%s%s; all of them: ddil%s%s --help",
                s->text, near ? " (nearest: --" : "", near ? near : "", near ? ")" : "", gap, name);
}

/* ---- Values ---- */

static const char *const usage_of_kind[] = {
    [OPTION_FLAG] = "",       [OPTION_INT] = "a whole number", [OPTION_REAL] = "a number",
    [OPTION_TEXT] = "a text", [OPTION_CHOICE] = "a word",      [OPTION_SET] = "section.key=value",
};

static Status set_number(const OptionRow *row, const char *value, void *field, Error *error)
{
    long count = 0;
    double number = 0;
    bool whole = row->kind == OPTION_INT;
    bool good =
        whole ? number_whole(value, LONG_MIN, LONG_MAX, &count) : number_real(value, &number);
    if (whole)
        number = (double)count;
    if (!good || !isfinite(number))
        return fail(error, STATUS_BAD_INPUT, "--%s: \"%s\" is not %s", row->name, value,
                    usage_of_kind[row->kind]);
    if (number < row->low || number > row->high)
        return fail(error, STATUS_BAD_INPUT, "--%s: %s is outside %.16g .. %.16g", row->name, value,
                    row->low, row->high);
    if (whole)
        *(long *)field = count;
    else
        *(double *)field = number;
    return STATUS_OK;
}

/* Is `value` one of the words in `choices`? */
static bool one_of(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *word = choices; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
        if (length && strcspn(word, "|") == length && strncmp(word, value, length) == 0)
            return true;
    return false;
}

static Status set_option(Options *options, const OptionRow *row, const char *value, Error *error)
{
    void *field = (char *)options + row->offset;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)field = true; return STATUS_OK;
    case OPTION_INT:
    case OPTION_REAL: return set_number(row, value, field, error);
    case OPTION_SET:
        if (options->sets == SETS_MAX)
            return fail(error, STATUS_BAD_INPUT, "more than %d times -s", SETS_MAX);
        options->set[options->sets++] = value;
        return STATUS_OK;
    case OPTION_CHOICE:
        if (!one_of(row->argument, value))
            return fail(error, STATUS_BAD_INPUT, "--%s: \"%s\" is none of %s", row->name, value,
                        row->argument);
        break;
    case OPTION_TEXT:
        if (!*value)
            return fail(error, STATUS_BAD_INPUT, "--%s: the value is empty", row->name);
        break;
    }
    *(const char **)field = value;
    return STATUS_OK;
}

/* Takes the option at argv[*i], and its value. */
static Status take_option(Options *options, int argc, char **argv, int *i, Error *error)
{
    Spelling s = spelling(argv[*i]);
    const OptionRow *row = find_row(&s, options->command);
    if (!row)
        return unknown_option(&s, options->command, error);
    if (row->kind == OPTION_FLAG && s.value)
        return fail(error, STATUS_BAD_INPUT, "--%s takes no value", row->name);
    if (row->kind != OPTION_FLAG && !s.value) {
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
            return fail(error, STATUS_BAD_INPUT, "%s wants %s: %s", s.text,
                        usage_of_kind[row->kind], row->argument);
        s.value = argv[++*i];
    }
    return set_option(options, row, s.value, error);
}

static Status take_argument(Options *options, const char *text, Error *error)
{
    int most = options->command ? options->command->most : ARGUMENTS_MAX;
    if (options->arguments >= most)
        return fail(error, STATUS_BAD_INPUT, "too many arguments at \"%s\"; usage: ddil %s %s",
                    text, options->command ? options->command->name : "",
                    options->command ? options->command->arguments : "[PRESET...]");
    options->argument[options->arguments++] = text;
    return STATUS_OK;
}

static Status check_arguments(const Options *options, Error *error)
{
    const CommandRow *command = options->command;
    if (!command || options->help || options->version || options->arguments >= command->least)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "an argument is missing; usage: ddil %s %s", command->name,
                command->arguments);
}

enum { RUNS_LONGEST = 700 }; /* names of files in it must fit a path */

static void set_defaults(Options *options, const CommandRow *commands)
{
    const char *runs = getenv("DDIL_RUNS");
    *options = (Options){.commands = commands,
                         .runs = runs && *runs ? runs : "runs",
                         .seed = -1,
                         .steps = -1,
                         .threads = 0,
                         .samples = -1,
                         .class = -1,
                         .at = -1,
                         .directions = -1,
                         .rollouts = -1,
                         .started = clock_s(),
                         .guidance = NAN,
                         .wait = NAN};
}

Status options_parse(Options *options, const CommandRow *commands, int argc, char **argv,
                     Error *error)
{
    set_defaults(options, commands);
    options->argv = argv;
    int command = first_positional(argc, argv);
    options->command = command < argc ? command_find(commands, argv[command]) : NULL;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        Status status = STATUS_OK;
        if (!ended && strcmp(argv[i], "--") == 0)
            ended = true;
        else if (!ended && is_option(argv[i]))
            status = take_option(options, argc, argv, &i, error);
        else if (i != command || !options->command)
            status = take_argument(options, argv[i], error);
        if (status)
            return status;
    }
    if (strlen(options->runs) > RUNS_LONGEST)
        return fail(error, STATUS_BAD_INPUT, "--runs: the path is %zu bytes long; at most %d",
                    strlen(options->runs), RUNS_LONGEST);
    return check_arguments(options, error);
}

/* ---- Help ---- */

bool options_text(const CommandRow *command, int index, OptionText *text)
{
    int i = 0;
    while (i < OPTION_ROWS && !(takes(&option_rows[i], command) && index-- == 0))
        i++;
    if (i == OPTION_ROWS)
        return false;
    const OptionRow *row = &option_rows[i];
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(text->spelling, sizeof text->spelling, "%s--%s%s%s", letter, row->name,
             row->argument ? " " : "", row->argument ? row->argument : "");
    text->name = row->name;
    text->letter = row->letter;
    text->argument = row->argument;
    text->choice = row->kind == OPTION_CHOICE;
    text->help = row->help;
    text->common = row->commands[0] == '*';
    return true;
}

static void print_options(const CommandRow *command, FILE *out)
{
    OptionText text;
    for (int i = 0; options_text(command, i, &text); i++) {
        const char *gap = text.spelling[1] == '-' ? "    " : "";
        bool wide = strlen(gap) + strlen(text.spelling) > 28;
        fprintf(out, "  %s%-*s%s", gap, (int)(28 - strlen(gap)), text.spelling, wide ? "\n" : "  ");
        fprintf(out, "%*s%s\n", wide ? 32 : 0, "", text.help);
    }
}

void options_help(const Options *options, FILE *out)
{
    const CommandRow *command = options->command;
    if (command) {
        fprintf(out, "usage: ddil %s %s\n\n%s\n", command->name, command->arguments, command->help);
        if (command->more)
            fprintf(out, "%s\n", command->more);
    } else {
        fputs("usage: ddil [PRESET...]            the workbench; presets named are "
              "launched at once\n"
              "       ddil COMMAND [ARGUMENT...]  without a screen\n\ncommands:\n",
              out);
        for (const CommandRow *row = options->commands; row->name; row++)
            fprintf(out, "  %-8s %-19s  %s\n", row->name, row->arguments, row->help);
        fputs("\nRUN is a run's number, name, unique prefix or folder; PRESET a file, or "
              "a name of ddil presets.\n"
              "Exit codes: 0 done, 1 the run failed, 2 wrong usage, preset or file, 3 "
              "interrupted and saved,\n"
              "4 the terminal or another owner stands in the way. ddil COMMAND --help "
              "says more.\n",
              out);
    }
    fprintf(out, "\noptions%s:\n", command ? "" : " of the workbench");
    print_options(command, out);
}
