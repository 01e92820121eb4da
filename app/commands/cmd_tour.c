/* ddil tour: the workbench with lessons in it. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/workbench/lesson_file.h"
#include "app/workbench/workbench.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/distill/params.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool find_folder(char folder[1024])
{
    char assets[1024];
    for (int i = 0; lab_data_folder(i, "assets", assets); i++)
        if (file_exists(file_join(folder, assets, "lessons")))
            return true;
    return false;
}

/* A lesson's number, name, or part of it; -1: none. */
static int find_lesson(const Lesson *lessons, int n, const char *text)
{
    int number;
    if (text[strspn(text, "0123456789")] == '\0')
        return number_int(text, 1, n, &number) ? number - 1 : -1;
    for (int i = 0; i < n; i++)
        if (strstr(lessons[i].name, text))
            return i;
    return -1;
}

typedef struct Names {
    const Lesson *lessons;
    int n;
} Names;

/* Without its number: "drift". */
static const char *short_name(const void *context, int i)
{
    const Names *names = context;
    const char *name = i < names->n ? names->lessons[i].name : NULL;
    return name && strchr(name, '-') ? strchr(name, '-') + 1 : name;
}

static Status no_lesson(const Lesson *lessons, int n, const char *text, Error *error)
{
    const char *near = nearest_word(text, short_name, &(Names){lessons, n});
    return fail(error, STATUS_BAD_INPUT, "tour %s: no such lesson%s%s%s; these are there", text,
                near ? " (nearest: " : "", near ? near : "", near ? ")" : "");
}

static void print_list(const Lesson *lessons, int n, FILE *out)
{
    for (int i = 0; i < n; i++)
        say(out, "%2d  %-16s %s\n", i + 1, lessons[i].name, lessons[i].title);
}

static Status add(Lesson *lesson, const char *line, Error *error)
{
    size_t used = strlen(lesson->launch);
    int n = snprintf(lesson->launch + used, sizeof lesson->launch - used, "\n%s", line);
    return (size_t)n < sizeof lesson->launch - used
               ? STATUS_OK
               : fail(error, STATUS_BAD_INPUT, "-s: too many changes to a lesson");
}

/* -s and --steps, over what the lessons say. */
static Status change(Lesson *lessons, int n, const Options *options, Error *error)
{
    char steps[40];
    Status status = STATUS_OK;
    snprintf(steps, sizeof steps, "run.steps=%ld", options->steps);
    for (int i = 0; i < n && !status; i++) {
        for (int k = 0; lessons[i].launch[0] && k < options->sets && !status; k++)
            status = add(&lessons[i], options->set[k], error);
        if (lessons[i].launch[0] && options->steps >= 0 && !status)
            status = add(&lessons[i], steps, error);
    }
    return status;
}

static Status guide(const Options *options, Lesson *lessons, int n, Error *error)
{
    int first = options->arguments ? find_lesson(lessons, n, options->argument[0]) : 0;
    if (first < 0) {
        print_list(lessons, n, stderr);
        return no_lesson(lessons, n, options->argument[0], error);
    }
    if (!options->script && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))) {
        print_list(lessons, n, stdout);
        fprintf(stderr, "the lessons need a terminal: ddil tour\n");
        return STATUS_OK;
    }
    Status status = change(lessons, n, options, error);
    if (status)
        return status;
    Options guided = *options;
    guided.command = NULL;
    guided.arguments = 0;
    guided.lessons = lessons;
    guided.lesson_count = n;
    guided.lesson_first = first;
    return workbench_main(&guided, error);
}

Status cmd_tour(const Options *options, Error *error)
{
    char folder[1024];
    Lesson *lessons = NULL;
    int n = 0;
    Status status = STATUS_OK;
    if (options->arguments && strstr(options->argument[0], ".ini")) { /* a teacher's own */
        lessons = calloc(1, sizeof *lessons);
        need(lessons);
        status = lesson_read(options->argument[0], lessons, error);
        Options own = *options;
        own.arguments = 0;
        if (!status)
            status = guide(&own, lessons, 1, error);
        free(lessons);
        return status;
    }
    if (!find_folder(folder))
        return fail(error, STATUS_BAD_INPUT,
                    "no lessons found: they lie in assets/lessons beside the program");
    status = lessons_read(folder, &lessons, &n, error);
    if (!status)
        status = guide(options, lessons, n, error);
    free(lessons);
    return status;
}
