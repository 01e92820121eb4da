/* Runs side by side in a table: what they came to, and only the parameters that differ. Pure. */
#ifndef DDIL_COMPARE_TABLE_H
#define DDIL_COMPARE_TABLE_H

#include "views/model/overlay.h"

enum { CELL_SIZE = 64, NAMES_MAX = 16 };

typedef enum RowKind { ROW_FIGURE, ROW_METRIC, ROW_PARAM } RowKind;
typedef struct CompareRow {
    RowKind kind;
    int index;
} CompareRow;

typedef struct CompareTable {
    const Overlay *overlay; /* a column a run */
    const RunView *base;
    const char *metric[NAMES_MAX];
    int metrics;
    ParamInfoView *param;
    int params, engine_params; /* all, those of the engine first */
    bool differences;          /* of groups: what they are more than the base's, seed by seed */
    CompareRow *row;
    int rows, all; /* listed; and with those that all runs share */
} CompareTable;

/* `equal`: rows that all runs share are listed too. Borrows scene and overlay; free gives back what
 * it allocates. */
CompareTable compare_table_new(const Scene *scene, const Overlay *overlay, bool equal);
void compare_table_free(CompareTable *table);
/* How many rows such a table has. */
int compare_table_rows(const Scene *scene, const Overlay *overlay, bool equal);

/* What stands in a row for a run, in at most `width` cells; and the row's name. */
void compare_cell(const CompareTable *table, CompareRow row, const RunView *run, int width,
                  char text[CELL_SIZE]);
void compare_label(const CompareTable *table, CompareRow row, char text[CELL_SIZE]);

#endif
