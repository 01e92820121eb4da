/* A parameter row, and one value of it: from a person's text to its canonical text and number.
 */
#ifndef DDIL_PARAM_VALUE_H
#define DDIL_PARAM_VALUE_H

#include "engine/base/param_kind.h"
#include "engine/base/status.h"
#include <stdbool.h>

typedef struct ParamRow {
    const char *section, *key;
    ParamType type;
    const char *fallback; /* default, as text; NULL: required in a preset */
    double low, high;     /* inclusive, for INT, REAL and LIST */
    const char *choices;
    const char *unit; /* "" for none */
    const char *help; /* one sentence */
    ParamApplies applies;
} ParamRow;

enum { PARAM_TEXT_SIZE = 256 };

/* Most characters of a line of INI, so that whatever is accepted can be written and read
 * back: inih's usual buffer of 200 holds the line end and the zero byte too. */
enum { INI_LINE_CHARS = 197 };

/* What is wrong with a value, to follow "section.key = value". */
typedef struct ParamReason {
    char text[200];
} ParamReason;

/* A value on its own. */
typedef struct ParamParsed {
    char text[PARAM_TEXT_SIZE]; /* canonical */
    double number;
} ParamParsed;

/* Reads `text` as a value of `row`. False, a reason and an unchanged value when it is not one. */
bool param_value_parse(const ParamRow *row, const char *text, ParamParsed *value,
                       ParamReason *reason);

/* Writes the shortest decimal text that reads back as exactly `number` (finite). */
void param_number_text(double number, char *text, int size);

/* Index of `word` among the words of `choices` (separated by |), or -1. */
int param_choice_index(const char *choices, const char *word);

#endif
