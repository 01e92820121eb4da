/* Owns presets, params and manual: the constant tables, printed. */
#include "app/base/completion.h"
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/commands/manual.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

Status cmd_presets(const Options *options, Error *error)
{
    (void)options;
    PresetInfo *presets;
    int n = engine_presets(&presets);
    if (n == 0)
        return fail(error, STATUS_BAD_INPUT,
                    "no presets found beside the program, in ./presets or in the "
                    "installed data folder");
    for (int i = 0; i < n; i++)
        say(stdout, "%-26s %s\n", presets[i].name, presets[i].title);
    free(presets);
    return STATUS_OK;
}

/* "0 .. 1", "none|static", ...: what a value may be. */
static void range_text(const ParamInfoView *row, char *text, size_t size)
{
    if (row->type == PARAM_INT || row->type == PARAM_REAL || row->type == PARAM_LIST)
        snprintf(text, size, "%.10g .. %.10g", row->low, row->high);
    else if (row->type == PARAM_BOOL)
        snprintf(text, size, "yes or no");
    else
        snprintf(text, size, "%s",
                 row->choices && *row->choices ? row->choices : PARAM_TYPE_WORDS[row->type]);
}

static const char *fallback_text(const ParamInfoView *row)
{
    return !row->fallback ? "required" : *row->fallback ? row->fallback : "(empty)";
}

static void print_plain(const ParamInfoView *row, int n)
{
    const char *section = "";
    for (int i = 0; i < n; i++) {
        char range[160];
        range_text(&row[i], range, sizeof range);
        if (strcmp(section, row[i].section) != 0)
            printf("%s[%s]\n", i ? "\n" : "", row[i].section);
        section = row[i].section;
        printf("  %-18s %-12s %s%s%s; applies: %s\n      %s\n", row[i].key, fallback_text(&row[i]),
               range, *row[i].unit ? " " : "", row[i].unit, PARAM_APPLIES_WORDS[row[i].applies],
               row[i].help);
    }
}

/* A | would end the cell. */
static void print_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static void print_markdown(const ParamInfoView *row, int n)
{
    puts("| parameter | default | values | unit | applies | help "
         "|\n|---|---|---|---|---|---|");
    for (int i = 0; i < n; i++) {
        char range[160];
        range_text(&row[i], range, sizeof range);
        printf("| `%s.%s` | %s | ", row[i].section, row[i].key, fallback_text(&row[i]));
        print_cell(range);
        printf(" | %s | %s | ", row[i].unit, PARAM_APPLIES_WORDS[row[i].applies]);
        print_cell(row[i].help);
        puts(" |");
    }
}

static json_t *json_param(const ParamInfoView *row)
{
    bool ranged = isfinite(row->low) && isfinite(row->high) && row->low < row->high;
    json_t *object = json_object();
    json_object_set_new(object, "section", json_string(row->section));
    json_object_set_new(object, "key", json_string(row->key));
    json_object_set_new(object, "type", json_string(PARAM_TYPE_WORDS[row->type]));
    json_object_set_new(object, "default",
                        row->fallback ? json_string(row->fallback) : json_null());
    json_object_set_new(object, "low", ranged ? json_real(row->low) : json_null());
    json_object_set_new(object, "high", ranged ? json_real(row->high) : json_null());
    json_object_set_new(object, "choices", json_string(row->choices ? row->choices : ""));
    json_object_set_new(object, "unit", json_string(row->unit));
    json_object_set_new(object, "applies", json_string(PARAM_APPLIES_WORDS[row->applies]));
    json_object_set_new(object, "help", json_string(row->help));
    return object;
}

Status cmd_params(const Options *options, Error *error)
{
    if (options->json && options->markdown)
        return fail(error, STATUS_BAD_INPUT, "--json or --markdown, not both");
    ParamInfoView *row;
    int n = engine_params(&row);
    if (options->json) {
        json_t *list = json_array();
        for (int i = 0; i < n; i++)
            json_array_append_new(list, json_param(&row[i]));
        free(row);
        return json_print(list, error);
    }
    if (options->markdown)
        print_markdown(row, n);
    else
        print_plain(row, n);
    free(row);
    return STATUS_OK;
}

/* The names of the table, one after the other. */
static const char *command_word(const void *table, int index)
{
    return ((const CommandRow *)table)[index].name;
}

Status cmd_help(const Options *options, Error *error)
{
    Options about = *options;
    about.command = NULL;
    if (options->arguments) {
        const char *text = options->argument[0];
        about.command = command_find(options->commands, text);
        const char *near = nearest_word(text, command_word, options->commands);
        if (!about.command)
            return fail(error, STATUS_BAD_INPUT, "help %s: no such command%s%s%s; see ddil help",
                        text, near ? " (nearest: " : "", near ? near : "", near ? ")" : "");
    }
    options_help(&about, stdout);
    return STATUS_OK;
}

Status cmd_completion(const Options *options, Error *error)
{
    return completion_print(options->commands, options->argument[0], error);
}

Status cmd_manual(const Options *options, Error *error)
{
    (void)error;
    manual_print(options->commands);
    return STATUS_OK;
}
