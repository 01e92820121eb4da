/* Owns sums of rows and of their products. May call base and dense products. */
#include "engine/measure/moments.h"
#include "engine/base/status.h"
#include "engine/tensor/dense.h"

enum { ROWS = 1024, SIDE = 512 }; /* rows at once; side of a tile of the result */

typedef struct Square {
    int n, k;
    const double *a;
    bool add;
    double *c;
} Square;

/* Where the tile of that number begins, counted along rows of tiles up to the diagonal. */
static void tile_place(int number, int *p, int *q)
{
    int i = 0;
    for (; number > i; i++)
        number -= i + 1;
    *p = i * SIDE;
    *q = number * SIDE;
}

static int tiles_of(int n)
{
    int side = (n + SIDE - 1) / SIDE;
    return side * (side + 1) / 2;
}

static void square_tile(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Square *of = context;
    int n = of->n, p, q;
    tile_place(begin, &p, &q);
    int rows = n - p < SIDE ? n - p : SIDE;
    double *c = of->c + (size_t)p * (size_t)n + q;
    if (p == q)
        dense_square(rows, of->k, of->a + p, n, of->add, c, n);
    else
        dense_columns_product(rows, SIDE, of->k, of->a + p, n, of->a + q, n, of->add, c, n);
}

void tiles_square(const Work *work, int n, int k, const double *a, bool add, double *c)
{
    work_map(work, tiles_of(n), square_tile, &(Square){n, k, a, add, c});
}

Moments moments_new(int d, const double *origin, Arena *arena)
{
    return (Moments){d, 0, origin, arena_new(arena, double, d),
                     arena_new(arena, double, (size_t)d *(size_t)d)};
}

/* A piece of rows: n x d, less the origin, as doubles or as floats. */
typedef struct Piece {
    const Moments *moments;
    int n;
    const float *x;
    double *row;
    float *rough; /* or */
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
            double value = (double)piece->x[at] - piece->moments->origin[c];
            if (piece->row)
                piece->row[at] = value;
            else
                piece->rough[at] = (float)value;
        }
}

/* So many columns a job. */
static void sum_columns(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Piece *piece = context;
    const Moments *moments = piece->moments;
    int d = moments->d, first = begin * SIDE, last = first + SIDE < d ? first + SIDE : d;
    for (int r = 0; r < piece->n; r++)
        for (int c = first; c < last; c++)
            moments->one[c] +=
                (double)piece->x[(size_t)r * (size_t)d + (size_t)c] - moments->origin[c];
}

/* The floats' products of a tile, added in double. */
static void rough_tile(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Piece *piece = context;
    int d = piece->moments->d, p, q;
    tile_place(begin, &p, &q);
    int rows = d - p < SIDE ? d - p : SIDE, columns = d - q < SIDE ? d - q : SIDE;
    float *tile = arena_alloc(arena, sizeof *tile * SIDE * SIDE);
    if (p == q)
        dense_square_floats(rows, piece->n, piece->rough + p, d, tile, SIDE);
    else
        dense_columns_product_floats(rows, columns, piece->n, piece->rough + p, d, piece->rough + q,
                                     d, tile, SIDE);
    for (int r = 0; r < rows; r++) {
        double *two = piece->moments->two + (size_t)(p + r) * (size_t)d + q;
        for (int c = 0; c < columns && q + c <= p + r; c++)
            two[c] += (double)tile[r * SIDE + c];
    }
}

static void add_pieces(Moments *moments, int n, const float *x, Piece *piece, const Work *work)
{
    size_t d = (size_t)moments->d;
    for (int r = 0; r < n; r += ROWS) {
        piece->n = n - r < ROWS ? n - r : ROWS;
        piece->x = x + (size_t)r * d;
        work_map(work, (piece->n + CENTRED - 1) / CENTRED, centre_rows, piece);
        work_map(work, (moments->d + SIDE - 1) / SIDE, sum_columns, piece);
        if (piece->row)
            tiles_square(work, moments->d, piece->n, piece->row, true, moments->two);
        else
            work_map(work, tiles_of(moments->d), rough_tile, piece);
    }
    moments->n += n;
}

void moments_add(Moments *moments, int n, const float *x, const Work *work)
{
    size_t mark = arena_mark(work->scratch), room = (size_t)moments->d * ROWS;
    Piece piece = {.moments = moments, .row = arena_alloc(work->scratch, sizeof(double) * room)};
    add_pieces(moments, n, x, &piece, work);
    arena_rewind(work->scratch, mark);
}

void moments_add_roughly(Moments *moments, int n, const float *x, const Work *work)
{
    size_t mark = arena_mark(work->scratch), room = (size_t)moments->d * ROWS;
    Piece piece = {.moments = moments, .rough = arena_alloc(work->scratch, sizeof(float) * room)};
    add_pieces(moments, n, x, &piece, work);
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
            cov[i * d + j] = (moments->two[i * d + j] - n * mean[i] * mean[j]) / (n - 1);
}
