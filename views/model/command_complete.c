/* Owns the completion of typed lines. See command_line.h. */
#include "views/model/command_line.h"

#include <stdio.h>
#include <string.h>

typedef struct Fitting {
    const char *typed;
    int n;
    char shared[128]; /* what all that fit begin with */
    char *say;
    size_t say_size;
} Fitting;

static void consider(Fitting *fitting, const char *candidate)
{
    size_t typed = strlen(fitting->typed), used = strlen(fitting->say), k = 0;
    if (strncmp(candidate, fitting->typed, typed) != 0)
        return;
    if (fitting->n++ == 0)
        snprintf(fitting->shared, sizeof fitting->shared, "%s", candidate);
    while (fitting->shared[k] != '\0' && fitting->shared[k] == candidate[k])
        k++;
    fitting->shared[k] = '\0';
    snprintf(fitting->say + used, fitting->say_size - used, "%s%s", used > 0 ? "  " : "",
             candidate);
}

/* The n-th thing that may stand behind a command: what it says itself, else the words in small
 * letters of "auto|dark|light", or files. */
static bool next_option(const CommandRow *row, const Scene *scene, const char *typed, int n,
                        char *room, size_t size)
{
    if (row->option)
        return row->option(scene, n, room, size);
    if (strstr(row->arguments, "FILE"))
        return scene->files && scene->files(typed, n, room, size);
    const char *at = row->arguments;
    for (size_t span; (span = strcspn(at, "|")) > 0; at += span + (at[span] == '|')) {
        bool word = at[0] >= 'a' && at[0] <= 'z';
        if (word && n-- == 0) {
            snprintf(room, size, "%.*s", (int)span, at);
            return true;
        }
    }
    return false;
}

void command_line_complete(const Scene *scene, char *line, size_t size, char *say, size_t say_size)
{
    char *last = strrchr(line, ' ');
    last = last ? last + 1 : line;
    Fitting fitting = {.typed = last, .say = say, .say_size = say_size};
    char room[128];
    say[0] = '\0';
    size_t head = strcspn(line, " ");
    const CommandRow *word = last == line ? NULL : command_line_find(line, head);
    for (int i = 0; last == line && i < command_row_count; i++)
        consider(&fitting, command_rows[i].name);
    for (int i = 0; word && next_option(word, scene, last, i, room, sizeof room); i++)
        consider(&fitting, room);
    if (fitting.n == 0) {
        snprintf(say, say_size, "nothing to complete");
        return;
    }
    size_t used = (size_t)(last - line), shared = strlen(fitting.shared);
    const char *end = fitting.n == 1 && last == line ? " " : "";
    if (used + shared + 2 <= size)
        snprintf(last, size - used, "%s%s", fitting.shared, end);
    if (fitting.n == 1) {
        say[0] = '\0';
        if (last == line && (word = command_line_find(line, shared)) && word->arguments[0] != '\0')
            snprintf(say, say_size, "%s %s", word->name, word->arguments);
    }
}
