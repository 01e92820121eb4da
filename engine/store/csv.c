/* Owns the form of CSV files. May call base. Reading is forgiving (a log may have been
 * cut by a kill); writing is not. */
#include "engine/store/csv.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/base/plain.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t WHOLE_MAX_BYTES = (size_t)1 << 31;

char *csv_number(char *text, double value)
{
    if (isnan(value))
        return strcpy(text, "nan");
    for (int digits = 6; digits <= 17; digits += digits < 9 ? 3 : digits < 15 ? 6 : 1) {
        snprintf(text, 32, "%.*g", digits, value);
        if (number_value(text, NAN) == value)
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

/* ---- Reading ---- */

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

/* The next row ended by a newline, cut off there (an editor may have put a carriage return before
 * it); NULL when there is none. */
static char *take_row(CsvReader *reader)
{
    char *row = reader->next, *end = strchr(row, '\n');
    if (!end)
        return NULL;
    *end = 0;
    reader->next = end + 1;
    if (end > row && end[-1] == '\r')
        end[-1] = 0;
    return row;
}

/* An editor may have put a mark before the first byte. */
static char *past_mark(char *text) { return text + 3 * (strncmp(text, "\xef\xbb\xbf", 3) == 0); }

static void name_columns(CsvReader *reader, char *header)
{
    reader->name = calloc(2 * CSV_COLUMNS_MAX, sizeof *reader->name);
    need(reader->name);
    reader->cell = reader->name + CSV_COLUMNS_MAX;
    reader->columns = cut_cells(past_mark(header), reader->name, CSV_COLUMNS_MAX);
    if (reader->columns > CSV_COLUMNS_MAX) {
        reader->odd = reader->columns;
        reader->columns = 0;
    }
}

Status csv_open(CsvReader *reader, const char *path, Error *error)
{
    size_t size;
    *reader = (CsvReader){0};
    if (!file_exists(path))
        return STATUS_OK;
    Status status = file_read(path, WHOLE_MAX_BYTES, &reader->bytes, &size, error);
    if (status)
        return status;
    plain_zeros(reader->bytes, size);
    reader->next = reader->bytes;
    char *header = take_row(reader);
    if (header)
        name_columns(reader, header);
    return STATUS_OK;
}

int csv_next(CsvReader *reader)
{
    if (!reader->columns)
        return 0;
    while ((reader->row = take_row(reader))) {
        int n = cut_cells(reader->row, reader->cell, CSV_COLUMNS_MAX);
        if (n == reader->columns)
            return 1;
        reader->odd = reader->odd ? reader->odd : n;
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
    for (int i = 0; i < reader->columns; i++)
        if (strcmp(reader->name[i], name) == 0)
            return i;
    return -1;
}

/* A number of few digits and a small power of ten, which one operation rounds rightly
 * (Clinger 1990); else false, and strtod is to be asked. Logs hold hardly any others. */
static bool short_number(const char *text, double *value)
{
    static const double POWER[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    bool minus = *text == '-';
    uint64_t digits = 0;
    int n = 0, scale = 0;
    const char *c = text + minus;
    for (; *c >= '0' && *c <= '9'; c++, n++)
        digits = 10 * digits + (uint64_t)(*c - '0');
    for (c += *c == '.'; *c >= '0' && *c <= '9'; c++, n++, scale--)
        digits = 10 * digits + (uint64_t)(*c - '0');
    if (n == 0 || n > 15)
        return false;
    if (*c == 'e') {
        bool down = c[1] == '-';
        int power = 0;
        c += 1 + (down || c[1] == '+');
        for (int i = 0; i < 3 && *c >= '0' && *c <= '9'; i++, c++)
            power = 10 * power + (*c - '0');
        scale += down ? -power : power;
    }
    if (*c || c[-1] == 'e' || scale < -22 || scale > 22)
        return false;
    *value = scale < 0 ? (double)digits / POWER[-scale] : (double)digits * POWER[scale];
    *value = minus ? -*value : *value;
    return true;
}

double csv_real(const CsvReader *reader, int column)
{
    double value;
    if (column < 0 || column >= reader->columns)
        return NAN;
    const char *text = reader->cell[column];
    return short_number(text, &value) ? value : number_value(text, NAN);
}

int csv_int(const CsvReader *reader, int column)
{
    return number_floor(csv_real(reader, column), 0, INT_MAX, 0);
}

bool csv_step(const CsvReader *reader, long *step)
{
    return number_whole(reader->cell[0], 0, STEP_MOST, step);
}

/* ---- Parts of files ---- */

/* So many bytes of a file from `offset` on, as text; NULL when they cannot be had. */
static char *read_part(int descriptor, size_t offset, size_t size)
{
    char *text = malloc(size + 1);
    need(text);
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(descriptor, text + got, size - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    text[got] = 0;
    plain_zeros(text, got);
    if (got == size)
        return text;
    free(text);
    return NULL;
}

enum { HEADER_MOST = 8192, LONG_HEADER_MOST = 1 << 16 };

/* A file's first line and what follows it, no more than is needed; NULL when it is too long. */
static char *read_head(int descriptor, size_t size)
{
    static const size_t MOST[] = {HEADER_MOST, LONG_HEADER_MOST};
    for (int i = 0; i < 2; i++) {
        char *head = read_part(descriptor, 0, size < MOST[i] ? size : MOST[i]);
        if (head && strchr(head, '\n'))
            return head;
        free(head);
    }
    return NULL;
}

Status csv_open_end(CsvReader *reader, const char *path, size_t most, Error *error)
{
    struct stat info;
    if (stat(path, &info) != 0 || (size_t)info.st_size <= most + HEADER_MOST)
        return csv_open(reader, path, error);
    *reader = (CsvReader){0};
    int opened = open(path, O_RDONLY | O_CLOEXEC);
    char *head = opened < 0 ? NULL : read_head(opened, (size_t)info.st_size);
    char *tail = opened < 0 ? NULL : read_part(opened, (size_t)info.st_size - most, most);
    if (opened >= 0)
        close(opened);
    char *end = head ? strchr(head, '\n') : NULL, *first = tail ? strchr(tail, '\n') : NULL;
    if (end && first) { /* both stay in one block */
        size_t length = (size_t)(end - head);
        reader->bytes = malloc(length + most + 2);
        need(reader->bytes);
        memcpy(reader->bytes, head, length);
        reader->bytes[length] = 0;
        memcpy(reader->bytes + length + 1, first + 1, strlen(first + 1) + 1);
        reader->next = reader->bytes + length + 1;
        name_columns(reader, reader->bytes);
        reader->cut = true;
    }
    free(head);
    free(tail);
    return end && first ? STATUS_OK : fail(error, STATUS_BAD_INPUT, "cannot read %s", path);
}

void csv_tail_close(CsvTail *tail)
{
    free(tail->reader.bytes);
    free(tail->reader.name);
    free(tail->header);
    *tail = (CsvTail){0};
}

/* Is the file still the one whose beginning was read? */
static bool continues(const CsvTail *tail, const struct stat *info)
{
    return tail->offset == 0 ||
           (tail->inode == (uint64_t)info->st_ino && (size_t)info->st_size >= tail->offset);
}

/* Takes the whole rows of a piece that begins with the guard. */
static TailPulse take_piece(CsvTail *tail, char *piece)
{
    char *rows = piece + tail->guarded, *end = strrchr(rows, '\n');
    bool same = memcmp(piece, tail->guard, tail->guarded) == 0;
    if (!same || !end) {
        free(piece);
        return same ? TAIL_SAME : TAIL_OTHER;
    }
    end[1] = 0;
    size_t read = (size_t)(end + 1 - piece),
           kept = read < sizeof tail->guard ? read : sizeof tail->guard;
    tail->offset += (size_t)(end + 1 - rows);
    memcpy(tail->guard, end + 1 - kept, kept);
    tail->guarded = kept;
    tail->reader.bytes = piece;
    tail->reader.next = rows;
    if (!tail->header) {
        tail->header = strdup(take_row(&tail->reader));
        need(tail->header);
        name_columns(&tail->reader, tail->header);
    }
    return TAIL_ROWS;
}

TailPulse csv_tail_next(CsvTail *tail, const char *path, size_t most)
{
    struct stat info;
    free(tail->reader.bytes);
    tail->reader.bytes = NULL;
    int opened = open(path, O_RDONLY | O_CLOEXEC);
    if (opened < 0 || fstat(opened, &info) != 0 || !continues(tail, &info)) {
        if (opened >= 0)
            close(opened);
        return tail->offset ? TAIL_OTHER : TAIL_SAME;
    }
    size_t fresh = (size_t)info.st_size - tail->offset;
    size_t size = fresh < most ? fresh : most;
    tail->inode = (uint64_t)info.st_ino;
    char *piece =
        size ? read_part(opened, tail->offset - tail->guarded, tail->guarded + size) : NULL;
    close(opened);
    return piece ? take_piece(tail, piece) : TAIL_SAME;
}

/* ---- Cutting ---- */

/* A log is read line by line: it may be larger than memory. */
typedef struct Lines {
    FILE *stream;
    char *text;
    size_t room;
    ssize_t length; /* with its newline */
    bool header;    /* this is the first one */
} Lines;

/* The next whole line. */
static bool next_line(Lines *lines)
{
    lines->header = ftello(lines->stream) == 0;
    lines->length = getline(&lines->text, &lines->room, lines->stream);
    return lines->length > 0 && lines->text[lines->length - 1] == '\n';
}

static bool stays(const Lines *lines, long last)
{
    const char *text = lines->text;
    long step;
    return lines->header || !number_lead(&text, LONG_MIN, LONG_MAX, &step) || step <= last;
}

/* Do all rows stay, and does the file end with one? */
static bool all_stay(Lines *lines, long last)
{
    while (next_line(lines))
        if (!stays(lines, last))
            return false;
    return lines->length < 0;
}

static Status copy_rows(Lines *lines, const char *path, long last, Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    rewind(lines->stream);
    while (next_line(lines))
        if (stays(lines, last))
            fwrite(lines->text, 1, (size_t)lines->length, file.stream);
    if (!ferror(lines->stream))
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return fail(error, STATUS_FAILED, "cannot read %s: %s", path, strerror(errno));
}

Status csv_cut(const char *path, long last, Error *error)
{
    Lines lines = {.stream = fopen(path, "re")};
    if (!lines.stream && errno == ENOENT)
        return STATUS_OK;
    if (!lines.stream)
        return fail(error, status_of(errno), "cannot open %s: %s", path, strerror(errno));
    Status status = all_stay(&lines, last) ? STATUS_OK : copy_rows(&lines, path, last, error);
    free(lines.text);
    fclose(lines.stream);
    return status;
}
