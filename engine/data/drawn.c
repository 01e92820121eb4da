/* Owns densities drawn by hand: a text of rows from the top, '/' between them, a digit a cell,
 * which says how much of the density is there. */
#include "engine/data/points.h"

/* A cell is a unit; the kernel that makes neighbours run into each other. */
static const double USUAL_KERNEL = 0.6;

static Status take_cell(Points *points, char cell, int row, int column, Error *error)
{
    if (cell == '.')
        cell = '0';
    if (cell < '0' || cell > '9')
        return fail(error, STATUS_BAD_INPUT,
                    "data.drawn: '%c' in row %d, column %d; expected digits, a cell each, and '/' "
                    "between rows",
                    cell, row + 1, column + 1);
    for (int times = cell - '0'; times > 0; times--)
        points_add(points, column, -row, 0);
    return STATUS_OK;
}

static Status take_cells(Points *points, const char *text, Error *error)
{
    Status status = STATUS_OK;
    for (int row = 0, column = 0; *text && !status; text++)
        if (*text == '/') {
            row++;
            column = 0;
        } else
            status = take_cell(points, *text, row, column++, error);
    if (!status && points->n < 2)
        return fail(error, STATUS_BAD_INPUT,
                    "data.drawn: nothing is drawn; \"0110/0990\" is a density of two rows");
    return status;
}

static Status open_drawn(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    Points points = {0};
    DatasetFiles drawn = *files;
    drawn.path = "data.drawn";
    drawn.kernel = files->kernel > 0 ? files->kernel : USUAL_KERNEL;
    Status status = take_cells(&points, files->drawn, error);
    if (!status)
        status = points_law(&points, &drawn, dataset, arena, error);
    points_done(&points);
    return status;
}

const DatasetKind dataset_drawn = {
    .name = "drawn",
    .help = "a density drawn by hand (data.drawn, :draw), with an exact teacher",
    .open = open_drawn,
};
