/* Owns the way from the command line into the workbench. See launch.h. */
#include "app/workbench/launch.h"
#include "engine/base/number.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Lines {
    Command *command;
    size_t used;
    bool full;
} Lines;

static void add(Lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(Lines *lines, const char *format, ...)
{
    size_t room = sizeof lines->command->text - lines->used;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(lines->command->text + lines->used, room, format, arguments);
    va_end(arguments);
    lines->full = lines->full || n < 0 || (size_t)n >= room;
    lines->used += lines->full ? 0 : (size_t)n;
}

Status launch_command(const Options *options, int index, Command *command, Error *error)
{
    const char *preset = options->argument[index];
    *command = (Command){.kind = COMMAND_NEW};
    Lines lines = {.command = command};
    char *path = realpath(preset, NULL); /* NULL: the name of a preset */
    add(&lines, "%s", path ? path : preset);
    free(path);
    for (int i = 0; i < options->sets; i++)
        add(&lines, "\n%s", options->set[i]);
    if (options->name)
        add(&lines, "\nname=%s", options->name);
    if (options->seed >= 0)
        add(&lines, "\nrun.seed=%ld", options->seed);
    if (options->steps >= 0)
        add(&lines, "\nrun.steps=%ld", options->steps);
    if (lines.full)
        return fail(error, STATUS_BAD_INPUT,
                    "-s: more than %d characters of changes to %.60s; put them into a "
                    "preset of your own",
                    COMMAND_TEXT_SIZE, preset);
    return STATUS_OK;
}

Status launch_presets(Engine *engine, const Options *options, Error *error)
{
    Status status = STATUS_OK;
    for (int i = 0; i < options->arguments && status == STATUS_OK; i++) {
        Command command;
        status = launch_command(options, i, &command, error);
        if (status == STATUS_OK)
            engine_send(engine, &command);
    }
    return status;
}

Status launch_terminal(const Options *options, TermOptions *term, Error *error)
{
    static const char *const names[CHOICES] = {"auto", "sixel", "blocks", "ascii", "off", "kitty"};
    *term = (TermOptions){.in = STDIN_FILENO, .out = STDOUT_FILENO, .mono = options->mono};
    for (int i = 0; i < CHOICES && options->graphics; i++) {
        term->graphics =
            strcmp(options->graphics, names[i]) == 0 ? (GraphicsChoice)i : term->graphics;
    }
    if (options->size && !number_pair(options->size, 1000, &term->width, &term->height)) {
        return fail(error, STATUS_BAD_INPUT, "--size %s: write WIDTHxHEIGHT, for example 80x24",
                    options->size);
    }
    return STATUS_OK;
}
