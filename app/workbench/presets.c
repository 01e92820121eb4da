/* Owns the question whether a word is a preset. See presets.h. */
#include "app/workbench/presets.h"
#include "engine/base/file.h"
#include "engine/engine.h"
#include <stdlib.h>
#include <string.h>

typedef struct Words {
    const CommandRow *commands; /* that may have been meant, or only the last row */
    const PresetInfo *presets;
    int n;
} Words;

/* The names a first word may have: commands, then presets. */
static const char *known_word(const void *context, int index)
{
    const Words *words = context;
    int n = 0;
    for (; words->commands[n].name; n++)
        if (n == index)
            return words->commands[n].name;
    return index - n < words->n ? words->presets[index - n].name : NULL;
}

static bool is_preset(const Words *words, const char *text)
{
    for (int i = 0; i < words->n; i++)
        if (strcmp(words->presets[i].name, text) == 0)
            return true;
    return file_exists(text);
}

Status presets_check(const Options *options, Error *error)
{
    PresetInfo *presets = NULL;
    const CommandRow none = {.name = NULL};
    Words words = {.commands = options->command ? &none : options->commands,
                   .n = options->arguments ? engine_presets(&presets) : 0};
    words.presets = presets;
    Status status = STATUS_OK;
    for (int i = 0; i < options->arguments && !status; i++) {
        const char *text = options->argument[i];
        if (is_preset(&words, text))
            continue;
        const char *near = nearest_word(text, known_word, &words);
        status = fail(error, STATUS_BAD_INPUT, "\"%s\" is %s%s%s%s; see ddil %s", text,
                      options->command ? "no preset" : "neither a command nor a preset",
                      near ? " (nearest: " : "", near ? near : "", near ? ")" : "",
                      options->command ? "presets" : "--help");
    }
    free(presets);
    return status;
}
