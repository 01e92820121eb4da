/* Owns the manual page: written from the tables of commands, options, keys and
 * parameters, so that it cannot lag behind them. May call engine.h and the key table. */
#include "app/commands/manual.h"
#include "app/base/options.h"
#include "app/commands/manual_text.h"
#include "engine/engine.h"
#include "views/model/keys.h"
#include <stdlib.h>
#include <string.h>

/* Text as troff wants it: no line begins with a control character, backslashes and
 * hyphens are themselves. */
static void put(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++)
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text == '\n' ? ' ' : *text);
}

/* A tagged paragraph. */
static void item(const char *tag, const char *text)
{
    fputs(".TP\n.B ", stdout);
    put(tag);
    putchar('\n');
    put(text);
    putchar('\n');
}

static void head(void)
{
    puts(".\\\" -*- coding: UTF-8 -*-\n.TH DDIL 1 \"\" \"ddil " DDIL_VERSION
         "\" \"User Commands\"\n.SH NAME\n"
         "ddil \\- distil diffusion models with imitation learning, in the terminal\n.SH "
         "SYNOPSIS\n"
         ".B ddil\n.RI [ PRESET ...]\n.br\n.B ddil\n.IR COMMAND \" [\" ARGUMENT "
         "...]\n.SH DESCRIPTION\n"
         "A workbench that distils few\\-step students from diffusion teachers and shows "
         "loss, covariate shift and\n"
         "samples while it happens. Without a command it opens on the runs folder and "
         "launches the presets named;\n"
         "the commands do the same work without a screen.\n.PP\n"
         ".I RUN\nis a run's number, name, unique prefix or folder;\n.I PRESET\na file, "
         "or a name that\n"
         ".B ddil presets\nlists.");
}

static void options_of(const CommandRow *command, bool common)
{
    OptionText text;
    for (int i = 0; options_text(command, i, &text); i++)
        if (text.common == common)
            item(text.spelling, text.help);
}

static void command_section(const CommandRow *commands)
{
    puts(".SH COMMANDS");
    for (const CommandRow *row = commands; row->name; row++) {
        char usage[160];
        snprintf(usage, sizeof usage, "%s %s", row->name, row->arguments);
        printf(".SS ");
        put(usage);
        putchar('\n');
        put(row->help);
        puts(".");
        if (row->more) {
            put(row->more);
            putchar('\n');
        }
        options_of(row, false);
    }
    puts(".SH OPTIONS\nEvery command takes these:");
    options_of(NULL, true);
    puts(".PP\nThe workbench takes these as well:");
    options_of(NULL, false);
}

static void key_section(void)
{
    puts(".SH KEYS");
    for (int i = 0; i < key_row_count; i++)
        if (key_rows[i].label && (key_rows[i].places & PLACE_VIEWS))
            item(key_rows[i].label, key_rows[i].help);
}

static void text_sections(void)
{
    for (const ManualText *text = manual_texts; text->text; text++) {
        if (text->heading)
            printf(".SH %s\n", text->heading);
        else
            puts(".PP");
        put(text->text);
        putchar('\n');
    }
}

static void parameter_section(void)
{
    ParamInfoView *row;
    int n = engine_params(&row);
    puts(".SH PARAMETERS\nOf presets, and of\n.BR \\-s :");
    for (int i = 0; i < n; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s.%s", row[i].section, row[i].key);
        item(name, row[i].help);
    }
    free(row);
}

static void tail(void)
{
    puts(".SH FILES\n.TP\n.I runs/NNNN-NAME/\nrun.ini (every parameter), metrics.csv, "
         "shift.csv, eval.csv, events.csv,\n"
         "times.csv, samples/, and checkpoints as safetensors.\n.SH ENVIRONMENT\n.TP\n.B "
         "DDIL_RUNS\nthe runs folder\n"
         ".TP\n.B NO_COLOR\nno colour in the workbench\n.SH EXIT "
         "STATUS\n.TP\n0\ndone\n.TP\n1\nthe run failed; the\n"
         "last good checkpoint stands\n.TP\n2\nwrong usage, preset or "
         "file\n.TP\n3\ninterrupted, state saved\n.TP\n4\n"
         "the terminal or another owner stands in the way");
}

void manual_print(const CommandRow *commands)
{
    head();
    command_section(commands);
    text_sections();
    key_section();
    parameter_section();
    tail();
}
