/* One value of one parameter row: from a person's text to its canonical text and number.
 */
#ifndef DDIL_PARAM_VALUE_H
#define DDIL_PARAM_VALUE_H

#include "engine/base/param.h"

/* Most characters of a line of INI, so that whatever is accepted can be written and read
 * back: inih's usual buffer of 200 holds the line end and the zero byte too. */
enum { INI_LINE_CHARS = 197 };

/* What is wrong with a value, to follow "section.key = value". */
typedef struct ParamReason {
    char text[200];
} ParamReason;

/* Reads `text` as a value of `row` into value->text and value->number. False, a reason
 * and an unchanged value when it is not one. */
bool param_value_parse(const ParamRow *row, const char *text, ParamValue *value,
                       ParamReason *reason);

/* Writes the shortest decimal text that reads back as exactly `number` (finite). */
void param_number_text(double number, char *text, int size);

/* Index of `word` among the words of `choices` (separated by |), or -1. */
int param_choice_index(const char *choices, const char *word);

#endif
