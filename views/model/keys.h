/* The one table of keys: dispatch, hints bar and help page read it. Pure. */
#ifndef DDIL_KEYS_H
#define DDIL_KEYS_H

#include <stdbool.h>

/* A key press: a code point, a control character, or one of these. */
enum Press {
    PRESS_ESCAPE = 27,
    PRESS_ENTER = 13,
    PRESS_TAB = 9,
    PRESS_BACKSPACE = 127,
    PRESS_UP = 0x110000, /* past the last code point */
    PRESS_DOWN,
    PRESS_LEFT,
    PRESS_RIGHT,
    PRESS_HOME,
    PRESS_END,
    PRESS_PAGE_UP,
    PRESS_PAGE_DOWN,
    PRESS_BACK_TAB,
    PRESS_DELETE,
    PRESS_F1,
    PRESS_UNKNOWN,          /* a sequence with no meaning here */
    PRESS_PASTED = 1 << 29, /* and above: press_pasted */
    PRESS_MOUSE = 1 << 30,  /* and above: press_mouse */
};

/* A code point of pasted text: printable, blanks for line ends and tabs. Never a key. */
static inline int press_pasted(int rune) { return PRESS_PASTED | rune; }
static inline int pasted_rune(int press) { return press & (PRESS_PASTED - 1); }

typedef enum MouseKind { MOUSE_CLICK, MOUSE_DRAG, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN } MouseKind;

/* A press of the mouse at a cell, as one number. */
static inline int press_mouse(MouseKind kind, int x, int y)
{
    return PRESS_MOUSE | (int)kind << 28 | (y & 0x3fff) << 14 | (x & 0x3fff);
}
static inline MouseKind mouse_kind(int press) { return (MouseKind)(press >> 28 & 3); }
static inline int mouse_x(int press) { return press & 0x3fff; }
static inline int mouse_y(int press) { return press >> 14 & 0x3fff; }

typedef enum Action {
    ACTION_NONE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_LEFT,
    ACTION_RIGHT,
    ACTION_FIRST,
    ACTION_LAST,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_OPEN,
    ACTION_PREVIOUS_MARK,
    ACTION_NEXT_MARK,
    ACTION_ZOOM_IN,
    ACTION_ZOOM_OUT,
    ACTION_ZOOM_FIT,
    ACTION_LOG_Y,
    ACTION_SMOOTH,
    ACTION_ALL,
    ACTION_ACROSS,
    ACTION_PAN_LEFT,
    ACTION_PAN_RIGHT,
    ACTION_OVERLAY,
    ACTION_BASELINE,
    ACTION_MAP,
    ACTION_EQUAL,
    ACTION_FRONTIER,
    ACTION_COPY,
    ACTION_SORT_LEFT,
    ACTION_SORT_RIGHT,
    ACTION_DELETE,
    ACTION_DOTS,
    ACTION_CURVE,
    ACTION_REFERENCE,
    ACTION_STUDENT,
    ACTION_TEACHER,
    ACTION_X0,
    ACTION_DIFFERENCE,
    ACTION_CRITIC,
    ACTION_EARLIER,
    ACTION_LATER,
    ACTION_PLAY,
    ACTION_FIELD,
    ACTION_DENSITY,
    ACTION_RESTART,
    ACTION_PAUSE,
    ACTION_STEP,
    ACTION_NEW,
    ACTION_FORK,
    ACTION_SAVE,
    ACTION_VIEW, /* the digit says which */
    ACTION_NEXT_RUN,
    ACTION_PREVIOUS_RUN,
    ACTION_GO_ON,
    ACTION_GO_BACK, /* in a lesson */
    ACTION_COMMAND, /* the command line */
    ACTION_FILTER,
    ACTION_NOTE,
    ACTION_MARKS, /* the list of them */
    ACTION_NEXT_PANE,
    ACTION_PREVIOUS_PANE,
    ACTION_LESS, /* ten times as far as left, right */
    ACTION_MORE,
    ACTION_TYPE, /* a value */
    ACTION_UNSTAGE,
    ACTION_FORK_STAGED,
    ACTION_UNDO,
    ACTION_COMPLETE,
    ACTION_MOUSE,
    ACTION_GRAPHICS,
    ACTION_REPAINT,
    ACTION_SUSPEND,
    ACTION_HELP,
    ACTION_BACK,
    ACTION_SEEDS,
    ACTION_FORM, /* a preset, changed first */
    ACTION_DRAW, /* points, by hand */
    ACTION_DAB,
    ACTION_RUB,
    ACTION_CLEAR,
    ACTION_QUIT,
    ACTION_LEAVE_SAVING,
    ACTION_LEAVE_DROPPING,
    ACTION_LEAVE_DETACHING,
} Action;

/* Where a key is valid. The bit of a view is 1 << its number among the tabs, from 0: views with
 * keys of their own stand here by name. */
enum {
    TABS_MAX = 8,
    PLACE_RUNS = 1,
    PLACE_CURVES = 2,
    PLACE_SAMPLES = 4,
    PLACE_PATHS = 8,
    PLACE_TWEAK = 16,
    PLACE_COMPARE = 32,
    PLACE_VIEWS = (1 << TABS_MAX) - 1,
    PLACE_HELP = 1 << TABS_MAX,
    PLACE_QUIT = PLACE_HELP << 1,
    PLACE_PICKER = PLACE_HELP << 2,
    PLACE_PROMPT = PLACE_HELP << 3, /* a line is being typed */
    PLACE_MARKS = PLACE_HELP << 4,
    PLACE_EXPLAIN = PLACE_HELP << 5,
    PLACE_DRAWING = PLACE_HELP << 6,
    PLACE_FORM = PLACE_HELP << 7,
    PLACE_LISTS = PLACE_HELP | PLACE_PICKER | PLACE_MARKS | PLACE_EXPLAIN | PLACE_FORM,
};

typedef struct KeyRow {
    int press;
    Action action;
    unsigned places;
    const char *label; /* how the key is written; NULL: an alias of the row above */
    const char *hint;  /* for the hints bar; NULL: not there */
    const char *help;
    bool steers; /* sends a command: not with --readonly */
} KeyRow;

extern const KeyRow key_rows[];
extern const int key_row_count;

/* The row for `press` in `place`, or NULL. */
const KeyRow *key_find(int press, unsigned place);
/* Moves an index by an action (up, down, page, first, last) within [0, n). */
int list_move(int index, int n, Action action);

#endif
