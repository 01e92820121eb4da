/* Owns who waits for whom in a study. */
#include "app/study/table.h"

Cell *table_cell(const Table *table, const Cell *cell, int arm)
{
    const Study *study = table->study;
    return &table->cell[(cell->preset * study->arms + arm) * study->seeds + cell->seed];
}

bool table_waits(const Table *table, const Cell *cell)
{
    for (int arm = 0; arm < table->study->arms; arm++)
        if (study_waits(table->study, cell->arm, arm) &&
            table_cell(table, cell, arm)->state != CELL_DONE)
            return true;
    return false;
}

int table_over(const Table *table)
{
    int n = 0;
    for (int i = 0; i < table->cells; i++)
        n += cell_is_over(&table->cell[i]);
    return n;
}
