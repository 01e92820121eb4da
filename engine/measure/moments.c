/* Owns sums of rows and of their products. May call base and dense products. */
#include "engine/measure/moments.h"
#include "engine/base/status.h"
#include "engine/tensor/dense.h"

enum { ROWS = 1024, SIDE = 256 }; /* rows at once; side of a tile of the result */

Moments moments_new(int d, const double *origin, Arena *arena)
{
    return (Moments){d, 0, origin, arena_new(arena, double, d),
                     arena_new(arena, double, (size_t)d *(size_t)d)};
}

/* A piece of rows as doubles: n x d. */
typedef struct Piece {
    const Moments *moments;
    int n;
    const float *x;
    double *row;
} Piece;

enum { CENTRED = 64 }; /* rows a job */

static void centre_rows(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Piece *piece = context;
    int d = piece->moments->d, first = begin * CENTRED;
    int last = first + CENTRED < piece->n ? first + CENTRED : piece->n;
    for (int r = first; r < last; r++)
        for (int c = 0; c < d; c++) {
            size_t at = (size_t)r * (size_t)d + (size_t)c;
            piece->row[at] = (double)piece->x[at] - piece->moments->origin[c];
        }
}

/* The tile number `begin`, counted along rows of tiles up to the diagonal; with those of the first
 * column also the sums of rows. */
static void add_tile(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Piece *piece = context;
    int d = piece->moments->d, i = 0, j = begin;
    for (; j > i; i++)
        j -= i + 1;
    int p = i * SIDE, q = j * SIDE;
    int rows = d - p < SIDE ? d - p : SIDE, columns = d - q < SIDE ? d - q : SIDE;
    dense_columns_product(rows, columns, piece->n, piece->row + p, d, piece->row + q, d, true,
                          piece->moments->two + (size_t)p * (size_t)d + q, d);
    for (int r = 0; j == 0 && r < piece->n; r++)
        for (int c = p; c < p + rows; c++)
            piece->moments->one[c] += piece->row[(size_t)r * (size_t)d + (size_t)c];
}

void moments_add(Moments *moments, int n, const float *x, const Work *work)
{
    size_t mark = arena_mark(work->scratch), d = (size_t)moments->d;
    int tiles = (moments->d + SIDE - 1) / SIDE;
    Piece piece = {moments, 0, x, arena_alloc(work->scratch, sizeof(double) * d * ROWS)};
    for (int r = 0; r < n; r += ROWS) {
        piece.n = n - r < ROWS ? n - r : ROWS;
        piece.x = x + (size_t)r * d;
        work_map(work, (piece.n + CENTRED - 1) / CENTRED, centre_rows, &piece);
        work_map(work, tiles * (tiles + 1) / 2, add_tile, &piece);
    }
    moments->n += n;
    arena_rewind(work->scratch, mark);
}

void moments_combine(Moments *sum, double sign, const Moments *part)
{
    size_t d = (size_t)sum->d;
    sum->n += sign * part->n;
    for (size_t i = 0; i < d; i++)
        sum->one[i] += sign * part->one[i];
    for (size_t i = 0; i < d * d; i++)
        sum->two[i] += sign * part->two[i];
}

void moments_finish(const Moments *moments, double *mean, double *cov)
{
    size_t d = (size_t)moments->d;
    double n = moments->n;
    must(n >= 2);
    for (size_t i = 0; i < d; i++)
        mean[i] = moments->one[i] / n;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            cov[i * d + j] = cov[j * d + i] =
                (moments->two[i * d + j] - n * mean[i] * mean[j]) / (n - 1);
}
