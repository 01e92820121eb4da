/* Owns Rows. May call nothing.
 *
 * Invariants: (1) a chunk never moves; (2) rows [0, n) and the groups and chunks inside
 * them are never written again; (3) a table of chunks that has grown too small lives on
 * in `old`, for those who still look through it. So a reader needs no lock: it was handed
 * n together with the table (through the engine's lock) and stays within it. */
#include "engine/store/rows.h"
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNKS = 4, TABLES_MAX = 40 };

/* A running moving average: the sum of weighted values and of the weights. */
typedef struct Average {
    double sum, weight;
} Average;

typedef struct Column {
    SeriesChunk **chunk;
    Average average[SMOOTHINGS];
    int count; /* finite values in it */
} Column;

struct Rows {
    atomic_int references;
    long n;
    int columns, chunks, room; /* room: chunks there are places for */
    long **step;
    Column column[TERMS_MAX];
    void **old; /* NULL until a table has grown */
    int olds;
};

static void *get(size_t bytes)
{
    void *block = malloc(bytes);
    need(block);
    return block;
}

Rows *rows_keep(Rows *rows)
{
    if (rows)
        atomic_fetch_add(&rows->references, 1);
    return rows;
}

void rows_drop(Rows *rows)
{
    if (!rows || atomic_fetch_sub(&rows->references, 1) != 1)
        return;
    for (int k = 0; k < rows->chunks; k++) {
        free(rows->step[k]);
        for (int c = 0; c < rows->columns; c++)
            free(rows->column[c].chunk[k]);
    }
    for (int c = 0; c < rows->columns; c++)
        free(rows->column[c].chunk);
    for (int i = 0; i < rows->olds; i++)
        free(rows->old[i]);
    free(rows->old);
    free(rows->step);
    free(rows);
}

/* ---- Growing ---- */

/* A table twice as long; the one it replaces is kept. */
static void *longer(Rows *rows, void *table, int room)
{
    void **more = get((size_t)room * sizeof *more);
    if (table) {
        if (!rows->old)
            rows->old = get(TABLES_MAX * (TERMS_MAX + 1) * sizeof *rows->old);
        memcpy(more, table, (size_t)rows->chunks * sizeof *more);
        rows->old[rows->olds++] = table;
    }
    return more;
}

static void add_chunk(Rows *rows)
{
    if (rows->chunks == rows->room) {
        rows->room = rows->room ? 2 * rows->room : FIRST_CHUNKS;
        rows->step = longer(rows, rows->step, rows->room);
        for (int c = 0; c < rows->columns; c++)
            rows->column[c].chunk = longer(rows, rows->column[c].chunk, rows->room);
    }
    rows->step[rows->chunks] = get(CHUNK_ROWS * sizeof(long));
    for (int c = 0; c < rows->columns; c++)
        rows->column[c].chunk[rows->chunks] = get(sizeof(SeriesChunk));
    rows->chunks++;
}

Rows *rows_new(int columns)
{
    Rows *rows = calloc(1, sizeof *rows);
    need(rows);
    must(columns <= TERMS_MAX);
    rows->references = 1;
    rows->columns = columns;
    return rows;
}

static void enter(Column *column, double value)
{
    if (!isfinite(value)) /* one overflow must not end the line */
        return;
    column->count++;
    for (int s = 0; s < SMOOTHINGS; s++) {
        Average *average = &column->average[s];
        average->sum = SMOOTHING[s] * average->sum + (1 - SMOOTHING[s]) * value;
        average->weight = SMOOTHING[s] * average->weight + (1 - SMOOTHING[s]);
    }
}

static double smoothed(const Average *average)
{
    return average->weight > 0 ? average->sum / average->weight : NAN;
}

static void widen(float *low, float *high, float below, float above)
{
    if (isnan(*low) || below < *low)
        *low = below;
    if (isnan(*high) || above > *high)
        *high = above;
}

/* Sums up the group whose last row is `row` of the chunk. */
static void close_group(const Column *column, SeriesChunk *chunk, int row)
{
    int g = row / GROUP_ROWS;
    chunk->low[g] = chunk->high[g] = NAN;
    for (int r = g * GROUP_ROWS; r <= row; r++)
        widen(&chunk->low[g], &chunk->high[g], chunk->value[r], chunk->value[r]);
    for (int s = 0; s < SMOOTHINGS; s++)
        chunk->smooth[s][g] = (float)smoothed(&column->average[s]);
    chunk->count[g] = column->count;
}

static void close_chunk(SeriesChunk *chunk)
{
    chunk->lowest = chunk->highest = NAN;
    for (int g = 0; g < CHUNK_GROUPS; g++)
        widen(&chunk->lowest, &chunk->highest, chunk->low[g], chunk->high[g]);
}

void rows_add(Rows *rows, long step, const double *values)
{
    int row = (int)(rows->n % CHUNK_ROWS);
    if (rows->n == (long)rows->chunks * CHUNK_ROWS)
        add_chunk(rows);
    rows->step[rows->chunks - 1][row] = step;
    for (int c = 0; c < rows->columns; c++) {
        Column *column = &rows->column[c];
        SeriesChunk *chunk = column->chunk[rows->chunks - 1];
        chunk->value[row] = (float)values[c];
        enter(column, values[c]);
        if ((row + 1) % GROUP_ROWS == 0)
            close_group(column, chunk, row);
        if (row + 1 == CHUNK_ROWS)
            close_chunk(chunk);
    }
    rows->n++;
}

Series rows_series(const Rows *rows, int column)
{
    return (Series){.n = rows->n,
                    .step = (const long *const *)rows->step,
                    .chunk = (const SeriesChunk *const *)rows->column[column].chunk};
}

double rows_smooth(const Rows *rows, int column, int strength)
{
    return smoothed(&rows->column[column].average[strength]);
}
