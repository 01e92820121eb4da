/* Owns a Config: its rows, typed reads and the written form. May call libc, must(),
 * fail() and param_value. Reading is in param_read.c. */
#include "engine/base/param.h"
#include "engine/base/number.h"
#include "engine/base/param_value.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Takes row i's text out and puts the new one behind the others. */
static bool replace_text(Config *config, int i, const char *text)
{
    int at = config->value[i].at, old = (int)strlen(config->text + at) + 1;
    int size = (int)strlen(text) + 1, rest = config->used - at - old;
    if (config->used - old + size > CONFIG_TEXT_SIZE)
        return false;
    memmove(config->text + at, config->text + at + old, (size_t)rest);
    for (int j = 0; j < config->n; j++)
        if (config->value[j].at > at)
            config->value[j].at -= old;
    config->value[i].at = at + rest;
    memcpy(config->text + at + rest, text, (size_t)size);
    config->used += size - old;
    return true;
}

bool config_put(Config *config, int i, const char *text, int line, ParamReason *reason)
{
    ParamParsed parsed;
    if (!param_value_parse(config->row[i], text, &parsed, reason))
        return false;
    if (!replace_text(config, i, parsed.text)) {
        snprintf(reason->text, sizeof reason->text, "is too long beside the other values");
        return false;
    }
    config->value[i].number = parsed.number;
    config->value[i].line = line;
    return true;
}

void config_init(Config *config) { memset(config, 0, sizeof *config); }

static bool row_is(const ParamRow *row, const char *name)
{
    size_t span = strlen(row->section);
    return strncmp(row->section, name, span) == 0 && name[span] == '.' &&
           strcmp(row->key, name + span + 1) == 0;
}

const char *config_value(const Config *config, int i) { return config->text + config->value[i].at; }

int config_find(const Config *config, const char *name)
{
    for (int i = 0; i < config->n; i++)
        if (row_is(config->row[i], name))
            return i;
    return -1;
}

/* Stops the program when a table row is wrong: its default out of range, or its name
 * there already. */
static void add_row(Config *config, const ParamRow *row)
{
    char name[2 * PARAM_TEXT_SIZE];
    ParamReason reason = {""};
    int i = config->n;
    snprintf(name, sizeof name, "%s.%s", row->section, row->key);
    must(i < PARAM_MAX && config->used < CONFIG_TEXT_SIZE);
    must(config_find(config, name) < 0);
    config->row[i] = row;
    config->value[i] = (ParamValue){.at = config->used};
    config->text[config->used++] = 0;
    config->n++;
    if (row->fallback && !config_put(config, i, row->fallback, 0, &reason)) {
        snprintf(name, sizeof name, "the default of %s.%s: %s %s", row->section, row->key,
                 row->fallback, reason.text);
        must_fail(__FILE__, __LINE__, name);
    }
}

void config_add(Config *config, const ParamRow *rows, int n)
{
    for (int i = 0; i < n; i++)
        add_row(config, &rows[i]);
}

static bool is_missing(const Config *config, int i)
{
    return !config->row[i]->fallback && config->value[i].line == 0;
}

Status config_check(const Config *config, Error *error)
{
    for (int i = 0; i < config->n; i++) {
        const ParamRow *row = config->row[i];
        if (is_missing(config, i))
            return fail(error, STATUS_BAD_INPUT, "%s%s%s.%s is not set: %s%s%s", config->file,
                        config->file[0] ? ": " : "", row->section, row->key, row->help,
                        row->type == PARAM_CHOICE ? "; one of " : "",
                        row->type == PARAM_CHOICE ? row->choices : "");
    }
    return STATUS_OK;
}

/* ---- typed reads ---- */

static int find_typed(const Config *config, const char *name, ParamType type)
{
    int i = config_find(config, name);
    if (i < 0 || config->row[i]->type != type) {
        char text[PARAM_TEXT_SIZE];
        snprintf(text, sizeof text, "parameter %s exists with the type asked for", name);
        must_fail(__FILE__, __LINE__, text);
    }
    return i;
}

long config_int(const Config *config, const char *name)
{
    return (long)config->value[find_typed(config, name, PARAM_INT)].number;
}

double config_real(const Config *config, const char *name)
{
    return config->value[find_typed(config, name, PARAM_REAL)].number;
}

bool config_bool(const Config *config, const char *name)
{
    return config->value[find_typed(config, name, PARAM_BOOL)].number != 0;
}

int config_choice(const Config *config, const char *name)
{
    return (int)config->value[find_typed(config, name, PARAM_CHOICE)].number;
}

bool config_letter(const Config *config, const char *name, char letter)
{
    int i = find_typed(config, name, PARAM_LETTERS);
    must(letter && strchr(config->row[i]->choices, letter));
    return strchr(config_value(config, i), letter);
}

const char *config_text(const Config *config, const char *name)
{
    int i = config_find(config, name);
    must(i >= 0);
    must(config->row[i]->type >= PARAM_CHOICE);
    return config_value(config, i);
}

int config_list(const Config *config, const char *name, int *out, int max)
{
    const char *at = config_value(config, find_typed(config, name, PARAM_LIST));
    int n = 0;
    long value;
    while (number_lead(&at, INT_MIN, INT_MAX, &value)) {
        must(n < max);
        out[n++] = (int)value;
        at += *at == ',';
    }
    return n;
}

const char *config_where(const Config *config, const char *name, char *buffer, int size)
{
    int i = config_find(config, name);
    must(i >= 0);
    int line = config->value[i].line;
    if (line > 0)
        snprintf(buffer, (size_t)size, "%s:%d", config->file, line);
    else
        snprintf(buffer, (size_t)size, "%s %s", line < 0 ? "-s" : "default of", name);
    return buffer;
}

/* ---- the written form ---- */

static void write_help(const ParamRow *row, FILE *out)
{
    fprintf(out, "# %s", row->help);
    if (row->type == PARAM_CHOICE || row->type == PARAM_LETTERS)
        fprintf(out, " [%s]", row->choices);
    if (row->type == PARAM_INT || row->type == PARAM_REAL || row->type == PARAM_LIST)
        fprintf(out, " [%.10g..%.10g]", row->low, row->high);
    if (row->unit && row->unit[0])
        fprintf(out, " (%s)", row->unit);
    fputc('\n', out);
}

static void write_row(const Config *config, int i, FILE *out)
{
    const ParamRow *row = config->row[i];
    const char *text = config_value(config, i);
    write_help(row, out);
    if (is_missing(config, i))
        fprintf(out, "# %s must be set\n", row->key);
    else
        fprintf(out, "%s =%s%s\n", row->key, text[0] ? " " : "", text);
}

static bool same_section(const Config *config, int i, int j)
{
    return strcmp(config->row[i]->section, config->row[j]->section) == 0;
}

static bool opens_section(const Config *config, int i)
{
    for (int j = 0; j < i; j++)
        if (same_section(config, i, j))
            return false;
    return true;
}

void config_write(const Config *config, FILE *out)
{
    for (int i = 0; i < config->n; i++) {
        if (!opens_section(config, i))
            continue;
        fprintf(out, "%s[%s]\n", i ? "\n" : "", config->row[i]->section);
        for (int j = i; j < config->n; j++)
            if (same_section(config, i, j))
                write_row(config, j, out);
    }
}
