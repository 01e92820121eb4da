/* What the files that make up the Tweak view share. Nobody else includes this. */
#ifndef DDIL_TWEAK_PARTS_H
#define DDIL_TWEAK_PARTS_H

#include "views/marks.h"
#include "views/simplex.h"
#include "views/staged.h"
#include "views/views.h"

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
    int row;             /* of engine_param, -1: a heading */
    const char *heading; /* its section */
} ListLine;

/* Parameters of the run's method whose names hold the filter: what one steers with first,
 * then section by section. Returns how many lines; *rows gets how many of them are
 * parameters. */
int tweak_list(const RunView *run, const char *filter, ListLine lines[LIST_MAX],
               int *rows);
/* The engine_param row of the chosen line, -1: nothing is listed. */
int tweak_chosen(const TweakState *own, const RunView *run);
/* At most `width` cells, the last a mark when it was cut. */
void tweak_draw_cut(Canvas *canvas, int x, int y, int width, Style style,
                    const char *text);
/* The list under its heads. */
void tweak_draw_list(Canvas *canvas, Rect rect, const TweakState *own,
                     const RunView *run);
/* What is staged, help about the chosen parameter, what can be done now. */
void tweak_draw_staged(Canvas *canvas, Rect rect, const TweakState *own,
                       const Scene *scene);
/* Changes and mixture side by side where there is room, else the one in front. */
void tweak_draw_below(Canvas *canvas, Rect rect, const TweakState *own,
                      const Scene *scene);

/* A mark of the run, counted from the newest. */
const MarkView *tweak_mark(const RunView *run, int from_newest);
/* Keys of the three priors in [source]. */
extern const char *const tweak_priors[SIMPLEX_CORNERS];
/* The mixture of the run's own values, or of the staged ones. false: there is none. */
bool tweak_mixture(const TweakState *own, const RunView *run, bool staged,
                   Mixture *mixture);

#endif
