/* Owns the reading of external runs' tables and values. May call base and csv. */
#include "engine/store/external.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/base/param_value.h"
#include "engine/base/plain.h"
#include "engine/store/csv.h"
#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VERSION = 1, TABLE_BYTES = 1 << 20, CELLS = 10, NAME_CHARS = 40, FIXED = 3 };

struct External {
    atomic_int references;
    int n;
    ParamRow row[PARAM_MAX];
    ParamInfoView info[PARAM_MAX];
    Error complaint;
    char *texts, *next; /* what the rows point to */
    size_t used;        /* bytes of their defaults in a Config */
};

/* clang-format off */
static const ParamRow fixed_rows[FIXED] = {
    {"run", "method", PARAM_TEXT, "external", 0, 0, "", "", "Another program trains.", APPLIES_FORK},
    {"run", "command", PARAM_TEXT, "", 0, 0, "", "", "Starts it; {folder} {resume} {set} are filled in.", APPLIES_FORK},
    {"data", "name", PARAM_TEXT, "", 0, 0, "", "", "What it learns from.", APPLIES_FORK},
};
static const ParamRow steps_row =
    {"run", "steps", PARAM_INT, "0", 0, STEP_MOST, "", "steps", "Optimiser steps in all.", APPLIES_NEXT_STEP};
/* clang-format on */

/* ---- The text of run.ini ---- */

/* Takes the next line: a section's name into `section`, or key and value; false at the end. */
static bool next_pair(const char **text, char section[NAME_CHARS + 1], char *key, char *value,
                      size_t size)
{
    while (**text) {
        const char *line = *text + strspn(*text, " \t");
        size_t length = strcspn(line, "\n");
        *text = line + length + (line[length] == '\n');
        while (length > 0 && isspace((unsigned char)line[length - 1]))
            length--;
        const char *equals = memchr(line, '=', length);
        if (*line == '[' && length > 2 && length < NAME_CHARS)
            snprintf(section, NAME_CHARS + 1, "%.*s", (int)length - 2, line + 1);
        if (!equals || strchr("[#;", *line) || length >= size)
            continue;
        size_t name = (size_t)(equals - line);
        while (name > 0 && isspace((unsigned char)line[name - 1]))
            name--;
        equals += 1 + strspn(equals + 1, " \t");
        snprintf(key, size, "%.*s", (int)name, line);
        snprintf(value, size, "%.*s", equals < line + length ? (int)(line + length - equals) : 0,
                 equals);
        return true;
    }
    return false;
}

void external_pairs(const char *text, Pairs *pairs)
{
    char section[NAME_CHARS + 1] = "", key[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    while (pairs->n < PAIRS_MAX && next_pair(&text, section, key, value, sizeof key)) {
        snprintf(pairs->pair[pairs->n].name, sizeof pairs->pair->name, "%.40s.%.50s", section, key);
        memcpy(pairs->pair[pairs->n++].value, value, sizeof value);
    }
}

bool external_says(const char *text)
{
    char section[NAME_CHARS + 1] = "", key[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    while (next_pair(&text, section, key, value, sizeof key))
        if (strcmp(section, "run") == 0 && strcmp(key, "method") == 0)
            return strcmp(value, "external") == 0;
    return false;
}

/* ---- The table ---- */

static void complain(External *external, const char *what, long line, const char *why)
{
    if (!external->complaint.text[0])
        fail(&external->complaint, STATUS_BAD_INPUT, "params.csv:%ld: %.40s %.120s", line, what,
             why);
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    bool good = length > 0 && length < NAME_CHARS && isalpha((unsigned char)*text);
    for (; good && *text; text++)
        good = isalnum((unsigned char)*text) || *text == '_';
    return good;
}

static int word_in(const char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static const char *keep_text(External *external, const char *text)
{
    char *place = external->next;
    strcpy(place, text);
    plain_text(place);
    external->next += strlen(text) + 1;
    return place;
}

/* Why the row cannot be one, or NULL. */
static const char *wrong(External *external, const ParamRow *row)
{
    ParamParsed value;
    static const char *const again = "stands there twice";
    for (int i = 0; i < external->n; i++)
        if (strcmp(external->row[i].section, row->section) == 0 &&
            strcmp(external->row[i].key, row->key) == 0)
            return again;
    if (!is_name(row->section) || !is_name(row->key))
        return "is no name: letters, digits and _";
    if (!(row->low <= row->high))
        return "has a range whose low is above its high";
    if (row->type == PARAM_CHOICE && !*row->choices)
        return "is a choice without choices";
    if (!param_value_parse(row, row->fallback, &value, &(ParamReason){""}))
        return "has a default that is no value of it";
    external->used += strlen(value.text) + 1;
    return external->used <= CONFIG_TEXT_SIZE - PARAM_TEXT_SIZE ? NULL : "is one text too many";
}

static void take(External *external, const ParamRow *row, const char *from, long line)
{
    const char *why = external->n < PARAM_MAX - 2 ? wrong(external, row) : "is one too many";
    if (why) {
        complain(external, from, line, why);
        return;
    }
    external->info[external->n] = (ParamInfoView){.section = row->section,
                                                  .key = row->key,
                                                  .help = row->help,
                                                  .unit = row->unit,
                                                  .fallback = row->fallback,
                                                  .choices = row->choices,
                                                  .type = row->type,
                                                  .applies = row->applies,
                                                  .low = row->low,
                                                  .high = row->high,
                                                  .method = ""};
    external->row[external->n++] = *row;
}

/* section,key,type,default,low,high,choices,unit,help,applies */
static void read_row(External *external, char *const *cell, long line)
{
    enum { SECTION, KEY, TYPE, DEFAULT, LOW, HIGH, CHOICES, UNIT, HELP, APPLIES };
    char name[2 * NAME_CHARS + 2];
    int type = word_in(PARAM_TYPE_WORDS, PARAM_TEXT + 1, cell[TYPE]);
    int applies = word_in(PARAM_APPLIES_WORDS, APPLIES_FORK + 1, cell[APPLIES]);
    snprintf(name, sizeof name, "%.40s.%.40s", cell[SECTION], cell[KEY]);
    if (type < 0 || applies < 0) {
        complain(external, name, line,
                 type < 0 ? "has no type: int, real, bool, choice, letters, list, text"
                          : "applies at none of: next step, next round, fork only");
        return;
    }
    if (strcmp(name, "run.method") == 0 || strcmp(name, "data.name") == 0 ||
        strcmp(name, "run.command") == 0)
        return; /* is there */
    ParamRow row = {.section = keep_text(external, cell[SECTION]),
                    .key = keep_text(external, cell[KEY]),
                    .type = (ParamType)type,
                    .fallback = keep_text(external, cell[DEFAULT]),
                    .low = number_value(cell[LOW], 0),
                    .high = number_value(cell[HIGH], 0),
                    .choices = keep_text(external, cell[CHOICES]),
                    .unit = keep_text(external, cell[UNIT]),
                    .help = keep_text(external, cell[HELP]),
                    .applies = (ParamApplies)applies};
    take(external, &row, name, line);
}

static void read_table(External *external, const char *path)
{
    CsvReader reader;
    struct stat info;
    if (stat(path, &info) != 0 || info.st_size > TABLE_BYTES ||
        csv_open(&reader, path, &external->complaint))
        return;
    /* Of what was read: its writer may be at it again. */
    external->texts = external->next = need(malloc(reader.next ? strlen(reader.next) + 1 : 1));
    if (reader.columns < CELLS)
        complain(external, "the header", 1, "names too few columns");
    for (long line = 2; reader.columns >= CELLS && csv_next(&reader); line++)
        read_row(external, reader.cell, line);
    csv_close(&reader);
}

static bool same_section(const External *external, int i, int j)
{
    return strcmp(external->row[i].section, external->row[j].section) == 0;
}

/* Rows of one section stand together, sections in the order of their first rows. */
static void group_sections(External *external)
{
    for (int i = 1; i < external->n; i++) {
        int to = i;
        for (int j = 0; j < i; j++)
            to = same_section(external, i, j) ? j + 1 : to;
        ParamRow row = external->row[i];
        ParamInfoView info = external->info[i];
        memmove(&external->row[to + 1], &external->row[to], sizeof row * (size_t)(i - to));
        memmove(&external->info[to + 1], &external->info[to], sizeof info * (size_t)(i - to));
        external->row[to] = row;
        external->info[to] = info;
    }
}

External *external_read(const char *folder)
{
    char path[PATH_SIZE];
    External *external = calloc(1, sizeof *external);
    need(external);
    external->references = 1;
    for (int i = 0; i < FIXED; i++)
        take(external, &fixed_rows[i], "", 0);
    read_table(external, file_join(path, folder, "params.csv"));
    Config config;
    external_config(external, &config);
    if (config_find(&config, "run.steps") < 0)
        take(external, &steps_row, "", 0);
    group_sections(external);
    return external;
}

External *external_keep(External *external)
{
    if (external)
        atomic_fetch_add(&external->references, 1);
    return external;
}

void external_drop(External *external)
{
    if (!external || atomic_fetch_sub(&external->references, 1) != 1)
        return;
    free(external->texts);
    free(external);
}

void external_config(const External *external, Config *config)
{
    config_init(config);
    config_add(config, external->row, external->n);
}

/* "# external: N": of what form its writer makes the folder. Others are read as far as they are
 * understood. */
static void check_version(External *external, const char *text)
{
    static const char MARK[] = "# external: ";
    const char *at = strstr(text, MARK);
    long version = VERSION;
    at = at ? at + strlen(MARK) : "";
    if (number_lead(&at, 0, 1000, &version) && version != VERSION)
        fail(
            &external->complaint, STATUS_BAD_INPUT,
            "run.ini: of version %ld, this program is %s and knows %d: what differs is passed over",
            version, version > VERSION ? "older" : "newer", VERSION);
}

void external_values(External *external, Config *config, const char *text)
{
    check_version(external, text);
    char section[NAME_CHARS + 1] = "", key[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE],
                              name[2 * PARAM_TEXT_SIZE];
    while (next_pair(&text, section, key, value, sizeof key)) {
        ParamReason reason = {""};
        snprintf(name, sizeof name, "%s.%s", section, key);
        int i = config_find(config, name);
        plain_text(value);
        if (i >= 0 && !config_put(config, i, value, 1, &reason) && !external->complaint.text[0])
            fail(&external->complaint, STATUS_BAD_INPUT, "run.ini: %.80s = %.60s %.100s", name,
                 value, reason.text);
    }
}

const char *external_complaint(const External *external) { return external->complaint.text; }

const ParamInfoView *external_info(const External *external)
{
    return external ? external->info : NULL;
}
