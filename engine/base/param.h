/* Parameters: one table row each, and a Config that holds a value for every row.
 * One row drives INI parsing with file:line errors, range checks, `-s section.key=value`, the
 * tweak form, `ddil params`, the written-out run.ini and the tests. */
#ifndef DDIL_PARAM_H
#define DDIL_PARAM_H

#include "engine/base/param_value.h"
#include "engine/base/status.h"
#include <stdbool.h>
#include <stdio.h>

/* CONFIG_TEXT_SIZE: for all values together. */
enum { PARAM_MAX = 160, CONFIG_TEXT_SIZE = 5120 };

typedef struct ParamValue {
    int at;        /* where its text begins, see config_value */
    int line;      /* where it was set; 0 = default, -1 = command line */
    double number; /* INT, REAL, BOOL; index for CHOICE */
} ParamValue;

/* A plain value: copy it with =. */
typedef struct Config {
    int n;
    const ParamRow *row[PARAM_MAX];
    ParamValue value[PARAM_MAX];
    char file[256]; /* for messages */
    int used;       /* bytes of text */
    char text[CONFIG_TEXT_SIZE];
} Config;

/* Starts with no rows; adds rows, each at its default. */
void config_init(Config *config);
void config_add(Config *config, const ParamRow *rows, int n);

/* Reads an INI file or text over the present values. Unknown section or key (with the nearest known
 * name), wrong type, value out of range, duplicate key: STATUS_BAD_INPUT with file:line; the config
 * is then unchanged. `name` stands in messages. Required rows are not checked here: see
 * config_check. */
Status config_read_text(Config *config, const char *name, const char *text, Error *error);
Status config_read_file(Config *config, const char *path, Error *error);
/* Reads `text` as the value of row i; false, with the reason, when it is none, or when all texts
 * together grow too long. `line` as in ParamValue. */
bool config_put(Config *config, int i, const char *text, int line, ParamReason *reason);
/* One "section.key=value". `line` as in ParamValue. */
Status config_set(Config *config, const char *assignment, Error *error);
/* Required rows all set? */
Status config_check(const Config *config, Error *error);

/* The text of value i, canonical: reading it back gives the same value. Valid until the Config is
 * changed. */
const char *config_value(const Config *config, int i);
/* Index of "section.key", or -1. */
int config_find(const Config *config, const char *name);
/* Typed reads by "section.key"; must() on an unknown name or wrong type. Not for inner loops. */
long config_int(const Config *config, const char *name);
double config_real(const Config *config, const char *name);
bool config_bool(const Config *config, const char *name);
const char *config_text(const Config *config, const char *name); /* TEXT, CHOICE, LETTERS, LIST */
int config_choice(const Config *config, const char *name);       /* index into choices */
bool config_letter(const Config *config, const char *name, char letter);
int config_list(const Config *config, const char *name, int *out, int max); /* returns the count */
/* Where the value came from, for messages of later checks: "presets/x.ini:12" or "-s data.keep". */
const char *config_where(const Config *config, const char *name, char *buffer, int size);

/* Writes every parameter as INI, sections in table order, one comment line of help each. */
void config_write(const Config *config, FILE *out);

#endif
