/* What stands right of a run's name in a list of runs: state, figures, and last columns that hold
 * notes, metrics or differences. A group of seeds has a row too. */
#ifndef DDIL_RUN_ROW_H
#define DDIL_RUN_ROW_H

#include "views/draw/canvas.h"
#include "views/draw/difference_columns.h"
#include "views/model/group.h"

/* Cells from the row's left. */
enum { COLUMN_STATE = 22, COLUMN_STEP = 31, COLUMN_LOSS = 40, COLUMN_SHIFT = 49, COLUMN_NOTE = 59 };

typedef enum Last { LAST_NOTES, LAST_METRICS, LAST_DIFFERENCES, LASTS } Last;

/* What is drawn from COLUMN_NOTE on, beside or instead of notes. */
typedef struct LastColumns {
    Last last;
    int sorted; /* metric sorted by, below 0: none */
    Differences differences;
} LastColumns;

/* Returns the cells that they take. run NULL: names. */
int last_columns_draw(Canvas *canvas, const Scene *scene, const LastColumns *end, Rect row,
                      const RunView *run);
/* They, and the note of the run, or of its group, where there is room. */
void list_row_last(Canvas *canvas, const Scene *scene, const LastColumns *end, Rect row,
                   const RunView *run);
/* State, step, loss and shift of a run; of a group the least step and the means. */
void list_row_values(Canvas *canvas, Rect row, const RunView *run);
void list_row_group(Canvas *canvas, Rect row, const Group *group);

/* Its note, else whence it comes. */
void list_row_note(const RunView *run, char *text, size_t size);

#endif
