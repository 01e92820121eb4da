/* CSV with a header, numbers printed so that reading them back gives the same value. Reading is
 * forgiving: carriage returns before the ends of lines and a byte-order mark are passed over, rows
 * of other lengths than the header's are skipped. */
#ifndef DDIL_CSV_H
#define DDIL_CSV_H

#include "engine/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Shortest text that reads back equal; "nan", "inf", "-inf". Returns `text` (at least 32
 * bytes). */
char *csv_number(char *text, double value);
void csv_put(FILE *out, double value); /* with a comma before it */
/* In quotes when it holds a comma, a quote or a line's end (quotes doubled). */
void csv_put_text(FILE *out, const char *text);

/* A whole file in memory, read row by row. Only rows ended by a newline count. */
typedef struct CsvReader {
    char *bytes, *next, *row; /* row: where the present row stands */
    bool cut;                 /* the first rows of the file are missing */
    int columns;              /* of the header */
    int odd;                  /* cells of the first row that csv_next skipped, 0: none was */
    char **name;              /* the header's cells */
    char **cell;              /* the present row's; cut in place */
} CsvReader;

enum { CSV_COLUMNS_MAX = 1024 };

/* A missing file reads as one without rows and columns. */
Status csv_open(CsvReader *reader, const char *path, Error *error);
/* The next row with as many cells as the header; BAD rows are skipped. 0 at the end. */
int csv_next(CsvReader *reader);
void csv_close(CsvReader *reader);
int csv_column(const CsvReader *reader, const char *name); /* -1: none */
double csv_real(const CsvReader *reader, int column);      /* NaN when it is no number */
int csv_int(const CsvReader *reader, int column);          /* 0 when it is none, or negative */
/* The row's first cell as a training step, 0 to STEP_MOST (number.h); false when it is none. */
bool csv_step(const CsvReader *reader, long *step);

/* csv_open for the rows of the file's last `most` bytes only. */
Status csv_open_end(CsvReader *reader, const char *path, size_t most, Error *error);

/* A file that grows, read a piece at a time. Zeroed at the start. */
typedef struct CsvTail {
    CsvReader reader; /* its rows: those of the present piece */
    char *header;
    size_t offset; /* bytes read so far, whole rows */
    uint64_t inode;
    char guard[32]; /* the last of them: what is appended to them belongs to them */
    size_t guarded;
} CsvTail;
typedef enum TailPulse {
    TAIL_SAME,  /* nothing more, as yet */
    TAIL_ROWS,  /* csv_next(&tail->reader) gives the next rows */
    TAIL_OTHER, /* the file was cut or replaced: close, and begin again */
} TailPulse;
/* Reads the next whole rows, `most` bytes of them or so. A missing file has none. */
TailPulse csv_tail_next(CsvTail *tail, const char *path, size_t most);
void csv_tail_close(CsvTail *tail);

/* Drops every row whose first cell is above `last`, and a row without its newline.
 * Atomic; a file that needs no cut is left alone; a missing file is fine. */
Status csv_cut(const char *path, long last, Error *error);

#endif
