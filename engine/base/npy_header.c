/* Owns the dictionary at the head of an NPY file: a tokenizer for the literals that numpy writes
 * (strings, whole numbers, True, False, tuples, lists), and the three entries. Reads nothing beyond
 * the given length. Pure. */
#include "engine/base/npy.h"
#include <limits.h>
#include <string.h>

typedef enum Kind { END, MARK, STRING, NUMBER, WORD, BROKEN } Kind;

/* The token in hand: text .. text + length - 1; a string with its quotes. */
typedef struct Reader {
    const char *at, *end; /* what is left to read */
    Kind kind;
    const char *text;
    size_t length;
} Reader;

static bool among(char c, const char *set) { return c && strchr(set, c); }

static const char digits[] = "0123456789", letters[] = "abcdefghijklmnopqrstuvwxyz"
                                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

static void take_while(Reader *r, const char *set)
{
    while (r->at < r->end && among(*r->at, set))
        r->at++;
}

/* To the quote that ends it, on the same line. numpy escapes nothing in these. */
static Kind take_string(Reader *r)
{
    char quote = *r->at++;
    while (r->at < r->end && *r->at != quote && !among(*r->at, "\\\n"))
        r->at++;
    if (r->at == r->end || *r->at != quote)
        return BROKEN;
    r->at++;
    return STRING;
}

/* Python 2 wrote long integers with an L. */
static Kind take_number(Reader *r)
{
    r->at += *r->at == '-';
    const char *first = r->at;
    take_while(r, digits);
    bool some = r->at > first;
    if (r->at < r->end && *r->at == 'L')
        r->at++;
    return some ? NUMBER : BROKEN;
}

static Kind take_token(Reader *r)
{
    if (among(*r->at, "'\""))
        return take_string(r);
    if (among(*r->at, digits) || *r->at == '-')
        return take_number(r);
    if (among(*r->at, letters)) {
        take_while(r, letters);
        return WORD;
    }
    return among(*r->at++, "{}()[],:") ? MARK : BROKEN;
}

static void next(Reader *r)
{
    take_while(r, " \t\r\n");
    r->text = r->at;
    r->kind = r->at == r->end ? END : take_token(r);
    r->length = (size_t)(r->at - r->text);
}

static bool is(const Reader *r, Kind kind, const char *text)
{
    return r->kind == kind && r->length == strlen(text) && memcmp(r->text, text, r->length) == 0;
}

/* The token in hand is this mark: goes on to the next. */
static bool pass(Reader *r, const char *mark)
{
    bool here = is(r, MARK, mark);
    if (here)
        next(r);
    return here;
}

static long value_of(const Reader *r)
{
    bool negative = *r->text == '-';
    long value = 0;
    for (size_t i = negative; i < r->length && r->text[i] != 'L'; i++) {
        int digit = r->text[i] - '0';
        if (value > (LONG_MAX - digit) / 10)
            return negative ? LONG_MIN : LONG_MAX;
        value = 10 * value + digit;
    }
    return negative ? -value : value;
}

/* A string, or a list of fields: kept as text. */
static bool read_type(Reader *r, NpyHeader *header)
{
    const char *begin = r->text, *end = begin;
    int depth = 0;
    do {
        if (r->kind == END || r->kind == BROKEN)
            return false;
        depth += r->kind == MARK && among(*r->text, "([{");
        depth -= r->kind == MARK && among(*r->text, ")]}");
        end = r->at;
        next(r);
    } while (depth > 0);
    header->type = begin;
    header->type_length = (int)(end - begin);
    return depth == 0;
}

static bool read_order(Reader *r, NpyHeader *header)
{
    header->fortran = is(r, WORD, "True");
    if (!header->fortran && !is(r, WORD, "False"))
        return false;
    next(r);
    return true;
}

static bool read_shape(Reader *r, NpyHeader *header)
{
    enum { AXES_MAX = sizeof header->axis / sizeof *header->axis };
    if (!pass(r, "("))
        return false;
    header->axes = 0;
    while (r->kind == NUMBER) {
        if (header->axes == AXES_MAX)
            return false;
        header->axis[header->axes++] = value_of(r);
        next(r);
        if (!pass(r, ","))
            break;
    }
    return pass(r, ")");
}

/* Bits of what has been read. */
enum { TYPE = 1, ORDER = 2, SHAPE = 4, ALL = 7 };

static const struct Entry {
    const char *single, *both;
    int bit;
    bool (*read)(Reader *r, NpyHeader *header);
} entries[] = {
    {"'descr'", "\"descr\"", TYPE, read_type},
    {"'fortran_order'", "\"fortran_order\"", ORDER, read_order},
    {"'shape'", "\"shape\"", SHAPE, read_shape},
};

/* One "key: value"; the key must be new. */
static bool read_entry(Reader *r, NpyHeader *header, int *found)
{
    for (size_t k = 0; k < sizeof entries / sizeof *entries; k++) {
        const struct Entry *entry = &entries[k];
        if (!is(r, STRING, entry->single) && !is(r, STRING, entry->both))
            continue;
        if (*found & entry->bit)
            return false;
        *found |= entry->bit;
        next(r);
        return pass(r, ":") && entry->read(r, header);
    }
    return false;
}

bool npy_header(const char *text, size_t length, NpyHeader *header)
{
    Reader r = {.at = text, .end = text + length};
    int found = 0;
    *header = (NpyHeader){0};
    next(&r);
    if (!pass(&r, "{"))
        return false;
    while (r.kind == STRING) {
        if (!read_entry(&r, header, &found))
            return false;
        if (!pass(&r, ","))
            break;
    }
    return pass(&r, "}") && r.kind == END && found == ALL;
}
