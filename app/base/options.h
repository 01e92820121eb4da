/* The command line: one table of options drives parsing, ranges and help. Fills a plain
 * Options; does nothing else. May call engine/base only. */
#ifndef DDIL_OPTIONS_H
#define DDIL_OPTIONS_H

#include "engine/base/status.h"
#include <stdbool.h>
#include <stdio.h>

typedef struct Options Options;

/* A subcommand. On anything but STATUS_OK main() prints error->text (when there is one)
 * and exits with it. */
typedef struct CommandRow {
    const char *name;
    const char *arguments; /* for the usage line */
    const char *help;      /* one sentence */
    const char *more;      /* further paragraphs of --help, or NULL */
    int least, most;       /* positional arguments */
    Status (*run)(const Options *options, Error *error);
} CommandRow;

/* The row of a table whose last row has no name; NULL: none. */
const CommandRow *command_find(const CommandRow *commands, const char *name);

enum { ARGUMENTS_MAX = 64, SETS_MAX = 64 };

/* What was asked for. Numbers that were not given are -1, guidance is NaN, texts are
 * NULL. Texts are borrowed from argv. */
struct Options {
    const CommandRow *commands; /* every subcommand; the last row has no name */
    const CommandRow *command;  /* the one asked for; NULL: the workbench */
    int arguments;
    const char *argument[ARGUMENTS_MAX];
    int sets;
    const char *set[SETS_MAX]; /* "section.key=value", in order */
    const char *runs;          /* never NULL: --runs, $DDIL_RUNS or ./runs */
    const char *name, *output, *weights, *step_list, *mix, *out, *theme, *seeds, *svg, *png, *limit,
        *task;
    long seed, steps, threads, ranks, samples, class, at, directions, rollouts;
    const char *only;
    double guidance, wait;
    bool help, version, quiet, quick, json, markdown, csv, teacher, forward, frontier, detach,
        go_on, slurm, report;
    double started; /* on clock_s, when the command line was read */
    char *const *argv;
    /* the workbench's */
    bool readonly, mono;
    const char *graphics, *size, *look, *script, *clock, *hangup;
    /* set by ddil tour, not from the command line: the lessons to take, and the first of them */
    const struct Lesson *lessons;
    int lesson_count, lesson_first;
};

/* Options may stand before or after positional arguments; "--" ends them. BAD_INPUT names
 * the nearest option or command. `commands` is borrowed for the life of the options. */
Status options_parse(Options *options, const CommandRow *commands, int argc, char **argv,
                     Error *error);
/* An option as help shows it. */
typedef struct OptionText {
    char spelling[64]; /* "-n, --samples N" */
    const char *name, *help;
    char letter;          /* 0: none */
    const char *argument; /* what it takes, or NULL; of a choice its words, separated by | */
    bool choice;
    bool common; /* every command takes it */
} OptionText;
/* Number `index` of the options that a command (NULL: the workbench) takes; false past
 * the last. */
bool options_text(const CommandRow *command, int index, OptionText *text);
/* The help of the command asked for, or of the whole program. */
void options_help(const Options *options, FILE *out);
/* The known word nearest to `text`, or NULL when none is near. next(context, i) gives
 * word i, NULL past the last. */
const char *nearest_word(const char *text, const char *(*next)(const void *context, int index),
                         const void *context);

#endif
