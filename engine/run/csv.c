/* Owns the form of CSV files. May call base. Reading is forgiving (a log may have been
 * cut by a kill); writing is not. */
#include "engine/run/csv.h"
#include "engine/base/file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t LOG_MAX_BYTES = (size_t)1 << 31;

char *csv_number(char *text, double value)
{
    if (isnan(value))
        return strcpy(text, "nan");
    for (int digits = 6; digits <= 17; digits += digits < 9 ? 3 : digits < 15 ? 6 : 1) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

void csv_put(FILE *out, double value)
{
    char text[32];
    fprintf(out, ",%s", csv_number(text, value));
}

void csv_put_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
    }
    fputc('"', out);
}

/* ---- Reading ---------------------------------------------------------------------- */

/* Unquotes a quoted cell in place; returns what follows it. */
static char *unquote(char *text)
{
    char *to = text, *from = text + 1;
    while (*from && (*from != '"' || from[1] == '"')) {
        from += *from == '"';
        *to++ = *from++;
    }
    from += *from == '"';
    *to = 0;
    return from;
}

/* Cuts a row (without its newline) into at most `max` cells; returns how many there are.
 */
static int cut_cells(char *row, char **cell, int max)
{
    int n = 0;
    for (char *next = row; next && n <= max; n++) {
        char *start = next, *end = *next == '"' ? unquote(next) : next;
        if (n < max)
            cell[n] = start;
        next = strchr(end, ',');
        if (next)
            *next++ = 0;
    }
    return n;
}

/* The next row ended by a newline, cut off there; NULL when there is none. */
static char *take_row(CsvReader *reader)
{
    char *row = reader->next, *end = strchr(row, '\n');
    if (!end)
        return NULL;
    *end = 0;
    reader->next = end + 1;
    return row;
}

Status csv_open(CsvReader *reader, const char *path, Error *error)
{
    size_t size;
    *reader = (CsvReader){0};
    if (!file_exists(path))
        return STATUS_OK;
    Status status = file_read(path, LOG_MAX_BYTES, &reader->bytes, &size, error);
    if (status)
        return status;
    reader->next = reader->bytes;
    reader->name = calloc(2 * CSV_COLUMNS_MAX, sizeof *reader->name);
    must(reader->name);
    reader->cell = reader->name + CSV_COLUMNS_MAX;
    char *header = take_row(reader);
    reader->columns = header ? cut_cells(header, reader->name, CSV_COLUMNS_MAX) : 0;
    if (reader->columns > CSV_COLUMNS_MAX)
        reader->columns = 0;
    return STATUS_OK;
}

int csv_next(CsvReader *reader)
{
    if (!reader->columns)
        return 0;
    while ((reader->row = take_row(reader))) {
        if (cut_cells(reader->row, reader->cell, CSV_COLUMNS_MAX) == reader->columns)
            return 1;
    }
    return 0;
}

void csv_close(CsvReader *reader)
{
    free(reader->bytes);
    free(reader->name);
    *reader = (CsvReader){0};
}

int csv_column(const CsvReader *reader, const char *name)
{
    for (int i = 0; i < reader->columns; i++) {
        if (strcmp(reader->name[i], name) == 0)
            return i;
    }
    return -1;
}

double csv_real(const CsvReader *reader, int column)
{
    if (column < 0 || column >= reader->columns)
        return NAN;
    char *end, *text = reader->cell[column];
    double value = strtod(text, &end);
    return end == text || *end ? NAN : value;
}

/* ---- Cutting ---------------------------------------------------------------------- */

/* Copies header and kept rows to the front; returns their bytes. */
static size_t keep_rows(char *bytes, size_t size, long last)
{
    size_t kept = 0, begin = 0;
    for (int line = 0; begin < size; line++) {
        char *end = memchr(bytes + begin, '\n', size - begin);
        if (!end)
            break;
        size_t length = (size_t)(end + 1 - (bytes + begin));
        if (line == 0 || strtol(bytes + begin, NULL, 10) <= last) {
            memmove(bytes + kept, bytes + begin, length);
            kept += length;
        }
        begin += length;
    }
    return kept;
}

Status csv_cut(const char *path, long last, Error *error)
{
    char *bytes;
    size_t size;
    if (!file_exists(path))
        return STATUS_OK;
    Status status = file_read(path, LOG_MAX_BYTES, &bytes, &size, error);
    if (status)
        return status;
    size_t kept = keep_rows(bytes, size, last);
    if (kept != size)
        status = file_write(path, bytes, kept, error);
    free(bytes);
    return status;
}
