/* Owns the spelling of values: what each ParamType accepts and its one canonical form.
 * May call libc, must() and nothing else. */
#include "engine/base/param_value.h"
#include "engine/base/number.h"
#include "engine/base/plain.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(ParamReason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(ParamReason *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    return false;
}

void param_number_text(double number, char *text, int size)
{
    double back;
    for (int digits = 6; digits <= 17; digits++) {
        must(snprintf(text, (size_t)size, "%.*g", digits, number) < size);
        if (number_real(text, &back) && back == number)
            return;
    }
}

/* A decimal number and nothing behind it: no hexadecimal, no nan, no inf. */
static bool read_number(const char *text, double *number)
{
    size_t length = strlen(text);
    if (strspn(text, "+-.0123456789eE") != length || !number_real(text, number))
        return false;
    *number += 0.0; /* -0 becomes 0 */
    return isfinite(*number);
}

static bool is_whole(double number) { return number == floor(number) && fabs(number) <= 0x1p53; }

static bool in_range(const ParamRow *row, double number, const char *what, ParamReason *reason)
{
    if (number >= row->low && number <= row->high)
        return true;
    if (isinf(row->high))
        return refuse(reason, "%s below %.10g", what, row->low);
    if (isinf(row->low))
        return refuse(reason, "%s above %.10g", what, row->high);
    return refuse(reason, "%s out of range %.10g..%.10g", what, row->low, row->high);
}

static bool parse_int(const ParamRow *row, const char *text, ParamParsed *value,
                      ParamReason *reason)
{
    if (!read_number(text, &value->number) || !is_whole(value->number))
        return refuse(reason, "is not a whole number");
    snprintf(value->text, sizeof value->text, "%.0f", value->number);
    return in_range(row, value->number, "is", reason);
}

static bool parse_real(const ParamRow *row, const char *text, ParamParsed *value,
                       ParamReason *reason)
{
    if (!read_number(text, &value->number))
        return refuse(reason, "is not a number");
    param_number_text(value->number, value->text, sizeof value->text);
    return in_range(row, value->number, "is", reason);
}

static bool parse_bool(const char *text, ParamParsed *value, ParamReason *reason)
{
    static const char *const word[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (int i = 0; i < (int)(sizeof word / sizeof word[0]); i++) {
        if (strcmp(text, word[i]) != 0)
            continue;
        value->number = i % 2;
        strcpy(value->text, word[i % 2]);
        return true;
    }
    return refuse(reason, "is not yes or no");
}

int param_choice_index(const char *choices, const char *word)
{
    size_t length = strlen(word);
    int index = 0;
    for (const char *at = choices;; index++) {
        size_t span = strcspn(at, "|");
        if (span == length && strncmp(at, word, span) == 0)
            return index;
        if (!at[span])
            return -1;
        at += span + 1;
    }
}

static bool parse_choice(const ParamRow *row, const char *text, ParamParsed *value,
                         ParamReason *reason)
{
    int index = strchr(text, '|') ? -1 : param_choice_index(row->choices, text);
    if (index < 0)
        return refuse(reason, "is none of %s", row->choices);
    value->number = index;
    strcpy(value->text, text);
    return true;
}

/* Canonical: in the order of `choices`. */
static bool parse_letters(const ParamRow *row, const char *text, ParamParsed *value,
                          ParamReason *reason)
{
    size_t used = 0;
    for (const char *letter = row->choices; *letter; letter++)
        if (strchr(text, *letter))
            value->text[used++] = *letter;
    value->text[used] = 0;
    if (used != strlen(text))
        return refuse(reason, "may hold only letters of %s, each once", row->choices);
    return true;
}

/* One entry of a list, without the blanks around it. */
static bool read_entry(const char *start, size_t span, double *number)
{
    char entry[32];
    while (span > 0 && isspace((unsigned char)*start))
        start++, span--;
    while (span > 0 && isspace((unsigned char)start[span - 1]))
        span--;
    if (span == 0 || span >= sizeof entry)
        return false;
    memcpy(entry, start, span);
    entry[span] = 0;
    return read_number(entry, number) && is_whole(*number);
}

static bool parse_list(const ParamRow *row, const char *text, ParamParsed *value,
                       ParamReason *reason)
{
    size_t used = 0;
    value->text[0] = 0;
    for (const char *at = text; *text;) {
        double number;
        size_t span = strcspn(at, ",");
        if (!read_entry(at, span, &number))
            return refuse(reason, "is not a list of whole numbers separated by commas");
        if (!in_range(row, number, "holds a number", reason))
            return false;
        used += (size_t)snprintf(value->text + used, sizeof value->text - used, "%s%.0f",
                                 used ? "," : "", number);
        if (used >= sizeof value->text)
            return refuse(reason, "is too long a list");
        if (!at[span])
            break;
        at += span + 1;
    }
    return true;
}

/* Whatever a line of INI can carry: no control characters, nothing that begins a comment.
 */
static bool parse_text(const char *text, ParamParsed *value, ParamReason *reason)
{
    for (const char *at = text; *at; at++) {
        if (iscntrl((unsigned char)*at))
            return refuse(reason, "holds a control character");
        if (*at == ';' && (at == text || isspace((unsigned char)at[-1])))
            return refuse(reason, "holds ';' after a blank, which begins a comment");
    }
    strcpy(value->text, text);
    if (strcmp(plain_text(value->text), text) != 0)
        return refuse(reason, "is no printable UTF-8, which logs and checkpoints are written in");
    return true;
}

static bool parse_type(const ParamRow *row, const char *text, ParamParsed *value,
                       ParamReason *reason)
{
    switch (row->type) {
    case PARAM_INT: return parse_int(row, text, value, reason);
    case PARAM_REAL: return parse_real(row, text, value, reason);
    case PARAM_BOOL: return parse_bool(text, value, reason);
    case PARAM_CHOICE: return parse_choice(row, text, value, reason);
    case PARAM_LETTERS: return parse_letters(row, text, value, reason);
    case PARAM_LIST: return parse_list(row, text, value, reason);
    case PARAM_TEXT: return parse_text(text, value, reason);
    }
    must(!"a known parameter type");
    return false;
}

/* Copies `text` without the blanks around it; false when it does not fit `size`. */
static bool trim(const char *text, char *out, size_t size)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (length >= size)
        return false;
    memcpy(out, text, length);
    out[length] = 0;
    return true;
}

bool param_value_parse(const ParamRow *row, const char *text, ParamParsed *value,
                       ParamReason *reason)
{
    char trimmed[PARAM_TEXT_SIZE];
    ParamParsed parsed = {.number = 0};
    size_t most = INI_LINE_CHARS - strlen(row->key) - strlen(" = ");
    if (!trim(text, trimmed, sizeof trimmed) || strlen(trimmed) > most)
        return refuse(reason, "is longer than %zu characters", most);
    if (!parse_type(row, trimmed, &parsed, reason))
        return false;
    if (strlen(parsed.text) > most)
        return refuse(reason, "is longer than %zu characters", most);
    *value = parsed;
    return true;
}
