/* Owns the reading of INI and of "section.key=value" into a Config, and the words for
 * what is wrong. May call libc, inih, fail(), file_read_text() and param_value. inih cuts
 * lines into section, key and value; this file feeds it whole lines, so that each
 * complaint knows its line. Everything is read into a copy: a Config changes only when
 * all was right. */
#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/base/param_value.h"
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CHARS = 80, FILE_LIMIT = 1 << 20 };

typedef struct Reading {
    Config *config;       /* the copy */
    const char *name;     /* of the file, for messages */
    const char *next;     /* text not yet handed to inih */
    int line;             /* of the last line handed out, from 1 */
    int first[PARAM_MAX]; /* line that set row i in this text, 0: none */
    int failed;           /* line of our own complaint, 0: none */
    Error *error;
} Reading;

/* ---- names, known and nearest ---- */

/* The first row of a section, or -1. */
static int find_section(const Config *config, const char *section)
{
    for (int i = 0; i < config->n; i++)
        if (strcmp(config->row[i]->section, section) == 0)
            return i;
    return -1;
}

static int find_row(const Config *config, const char *section, const char *key)
{
    for (int i = 0; i < config->n; i++)
        if (strcmp(config->row[i]->section, section) == 0 && strcmp(config->row[i]->key, key) == 0)
            return i;
    return -1;
}

/* Levenshtein's distance between the first NAME_CHARS characters of two names. */
static int distance(const char *a, const char *b)
{
    int row[NAME_CHARS + 1];
    int width = (int)strnlen(b, NAME_CHARS);
    for (int j = 0; j <= width; j++)
        row[j] = j;
    for (int i = 0; i < NAME_CHARS && a[i]; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < width; j++) {
            int change = diagonal + (a[i] != b[j]);
            int insert = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < insert ? change : insert;
        }
    }
    return row[width];
}

static void full_name(const char *section, const char *key, char name[NAME_CHARS])
{
    snprintf(name, NAME_CHARS, "%s%s%s", section, section[0] && key[0] ? "." : "", key);
}

/* The row nearest to section.key (or to the section alone, with an empty key), or -1 when
 * all are far. The right key in the wrong section counts as near. */
static int nearest(const Config *config, const char *section, const char *key)
{
    char wanted[NAME_CHARS], known[NAME_CHARS];
    full_name(section, key, wanted);
    int best = -1, best_cost = (int)strlen(wanted) / 3 + 1;
    for (int i = 0; i < config->n; i++) {
        const ParamRow *row = config->row[i];
        full_name(row->section, key[0] ? row->key : "", known);
        int cost = distance(wanted, known);
        if (key[0] && cost > 2 && strcmp(key, row->key) == 0)
            cost = 2;
        if (cost < best_cost || (best < 0 && cost == 2)) {
            best = i;
            best_cost = cost;
        }
    }
    return best;
}

enum { LIST_CHARS = 300 };

/* Appends ", word" to a list that may be cut short. */
static void list_word(char list[LIST_CHARS], const char *word)
{
    size_t used = strlen(list);
    snprintf(list + used, LIST_CHARS - used, "%s%s", used ? ", " : "", word);
}

static Status unknown_section(const Config *config, const char *where, const char *section,
                              Error *error)
{
    char known[LIST_CHARS] = "";
    int near = nearest(config, section, "");
    if (near >= 0)
        return fail(error, STATUS_BAD_INPUT, "%s: unknown section [%.60s]; did you mean [%s]?",
                    where, section, config->row[near]->section);
    for (int i = 0; i < config->n; i++)
        if (find_section(config, config->row[i]->section) == i)
            list_word(known, config->row[i]->section);
    return fail(error, STATUS_BAD_INPUT, "%s: unknown section [%.60s]; there are %s", where,
                section, known);
}

static Status unknown_key(const Config *config, const char *where, const char *section,
                          const char *key, Error *error)
{
    char wanted[NAME_CHARS], known[LIST_CHARS] = "";
    int near = nearest(config, section, key);
    full_name(section, key, wanted);
    if (near >= 0)
        return fail(error, STATUS_BAD_INPUT, "%s: unknown key '%s'; did you mean '%s.%s'?", where,
                    wanted, config->row[near]->section, config->row[near]->key);
    for (int i = 0; i < config->n; i++)
        if (strcmp(section, config->row[i]->section) == 0)
            list_word(known, config->row[i]->key);
    return fail(error, STATUS_BAD_INPUT, "%s: unknown key '%s'; %s %s", where, wanted,
                known[0] ? "the section has" : "see", known[0] ? known : "ddil params");
}

/* ---- one value ---- */

static Status wrong_value(const ParamRow *row, const char *text, const char *where,
                          const ParamReason *reason, Error *error)
{
    return fail(error, STATUS_BAD_INPUT, "%s: %s.%s = %.60s%s %s", where, row->section, row->key,
                text, strlen(text) > 60 ? "..." : "", reason->text);
}

Status config_set(Config *config, const char *assignment, Error *error)
{
    char name[NAME_CHARS], where[NAME_CHARS + 72];
    const char *equals = strchr(assignment, '=');
    snprintf(where, sizeof where, "-s %.100s", assignment);
    if (!equals)
        return fail(error, STATUS_BAD_INPUT, "%s: expected section.key=value", where);
    size_t span = (size_t)(equals - assignment);
    while (span > 0 && assignment[span - 1] == ' ')
        span--;
    snprintf(name, sizeof name, "%.*s", span < NAME_CHARS ? (int)span : NAME_CHARS, assignment);
    char *dot = strchr(name, '.');
    const char *section = dot ? name : "", *key = dot ? dot + 1 : name;
    if (dot)
        *dot = 0;
    int i = find_row(config, section, key);
    if (i < 0)
        return unknown_key(config, where, section, key, error);
    ParamReason reason;
    if (config_put(config, i, equals + 1, -1, &reason))
        return STATUS_OK;
    return wrong_value(config->row[i], equals + 1, where, &reason, error);
}

/* ---- INI ---- */

static const char *here(const Reading *reading, char *where, size_t size)
{
    snprintf(where, size, "%.180s:%d", reading->name, reading->line);
    return where;
}

/* Checked as soon as it is read, so that a misspelt section is named rather than its
 * first key. */
static Status check_section(Reading *reading, const char *header)
{
    char where[200], section[NAME_CHARS];
    size_t span = strcspn(header, "]");
    if (!header[span])
        return STATUS_OK; /* inih complains */
    snprintf(section, sizeof section, "%.*s", span < NAME_CHARS ? (int)span : NAME_CHARS, header);
    if (find_section(reading->config, section) >= 0)
        return STATUS_OK;
    return unknown_section(reading->config, here(reading, where, sizeof where), section,
                           reading->error);
}

/* Whether inih can take the line as it is. */
static Status check_line(Reading *reading, const char *line, size_t length, size_t room)
{
    char where[200];
    if (length > room)
        return fail(reading->error, STATUS_BAD_INPUT, "%s: the line has more than %zu characters",
                    here(reading, where, sizeof where), room);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' && line[i] != '\t')
            return fail(reading->error, STATUS_BAD_INPUT, "%s: control character 0x%02x",
                        here(reading, where, sizeof where), (unsigned char)line[i]);
    return STATUS_OK;
}

/* Hands inih one line, without leading blanks (which would make it the continuation of
 * the line before) and without comment lines (which may have any length). */
static char *give_line(char *out, int size, void *context)
{
    Reading *reading = context;
    if (reading->failed || !*reading->next)
        return NULL;
    const char *line = reading->next + strspn(reading->next, " \t");
    size_t length = strcspn(line, "\n");
    reading->next = line + length + (line[length] == '\n');
    reading->line++;
    while (length > 0 && strchr(" \t\r", line[length - 1]))
        length--;
    if (*line == '#' || *line == ';')
        length = 0;
    Status status = check_line(reading, line, length, (size_t)size - 3);
    if (!status) {
        memcpy(out, line, length);
        memcpy(out + length, "\n", 2);
        if (*out == '[')
            status = check_section(reading, out + 1);
    }
    if (status)
        reading->failed = reading->line;
    return status ? NULL : out;
}

static Status take_pair(Reading *reading, const char *section, const char *key, const char *text)
{
    char where[200];
    ParamReason reason;
    int i = find_row(reading->config, section, key);
    if (i >= 0 && !reading->first[i] &&
        config_put(reading->config, i, text, reading->line, &reason)) {
        reading->first[i] = reading->line;
        return STATUS_OK;
    }
    here(reading, where, sizeof where);
    if (!section[0])
        return fail(reading->error, STATUS_BAD_INPUT, "%s: '%.60s' stands before any [section]",
                    where, key);
    if (i < 0)
        return unknown_key(reading->config, where, section, key, reading->error);
    if (reading->first[i])
        return fail(reading->error, STATUS_BAD_INPUT, "%s: %s.%s is set again; first in line %d",
                    where, section, key, reading->first[i]);
    return wrong_value(reading->config->row[i], text, where, &reason, reading->error);
}

/* inih's callback: nonzero is success. */
static int take(void *context, const char *section, const char *key, const char *text)
{
    Reading *reading = context;
    if (reading->failed)
        return 0;
    if (take_pair(reading, section, key, text))
        reading->failed = reading->line;
    return !reading->failed;
}

Status config_read_text(Config *config, const char *name, const char *text, Error *error)
{
    Config copy = *config;
    Reading reading = {.config = &copy, .name = name, .next = text, .error = error};
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) /* a byte-order mark */
        reading.next += 3;
    int line = ini_parse_stream(give_line, &reading, take, &reading);
    if (line < 0)
        return fail(error, STATUS_FAILED, "%s: out of memory", name);
    if (line > 0 && line != reading.failed)
        return fail(error, STATUS_BAD_INPUT, "%s:%d: expected 'key = value' or '[section]'", name,
                    line);
    if (reading.failed)
        return STATUS_BAD_INPUT;
    snprintf(copy.file, sizeof copy.file, "%s", name);
    *config = copy;
    return STATUS_OK;
}

Status config_read_file(Config *config, const char *path, Error *error)
{
    char *text;
    size_t size;
    Status status = file_read_text(path, FILE_LIMIT, &text, &size, error);
    if (status)
        return status;
    status = config_read_text(config, path, text, error);
    free(text);
    return status;
}
