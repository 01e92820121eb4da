/* The list of parameters in the Tweak view, and what the view keeps. */
#ifndef DDIL_TWEAK_LIST_H
#define DDIL_TWEAK_LIST_H

#include "views/draw/canvas.h"
#include "views/model/staged.h"

enum { LIST_MAX = 200, FILTER_SIZE = 48 };

typedef enum Pane { PANE_LIST, PANE_MIXTURE, PANE_MARKS, PANES } Pane;

typedef struct TweakState {
    Staged staged;
    Pane pane;  /* that the arrows move in */
    int chosen; /* among the rows of the list, without headings */
    int mark;   /* chosen mark, counted from the newest */
    int undo;   /* armed: the mark's index + 1 */
    char filter[FILTER_SIZE];
} TweakState;

/* A line of the list: a parameter, or the heading of those that follow. */
typedef struct ListLine {
    int row;             /* of run_param_row, -1: a heading */
    const char *heading; /* its section */
} ListLine;

/* Parameters of the run's method whose names hold the filter: what one steers with first,
 * then section by section. Returns how many lines; *rows gets how many of them are
 * parameters. */
int tweak_list(const RunView *run, const char *filter, ListLine lines[LIST_MAX], int *rows);
/* The run_param_row row of the chosen line, -1: nothing is listed. */
int tweak_chosen(const TweakState *own, const RunView *run);
/* The row of the list (as TweakState.chosen counts) drawn at `y` in `rect`; -1: none. */
int tweak_row_at(Rect rect, const TweakState *own, const RunView *run, int y);
/* The list under its heads. */
void tweak_draw_list(Canvas *canvas, Rect rect, const TweakState *own, const RunView *run);

#endif
