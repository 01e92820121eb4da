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
    PRESS_UNKNOWN, /* a sequence with no meaning here */
};

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
    ACTION_DOTS,
    ACTION_CURVE,
    ACTION_REFERENCE,
    ACTION_STUDENT,
    ACTION_TEACHER,
    ACTION_X0,
    ACTION_DIFFERENCE,
    ACTION_PAUSE,
    ACTION_STEP,
    ACTION_NEW,
    ACTION_FORK,
    ACTION_SAVE,
    ACTION_VIEW, /* the digit says which */
    ACTION_NEXT_RUN,
    ACTION_PREVIOUS_RUN,
    ACTION_GRAPHICS,
    ACTION_REPAINT,
    ACTION_SUSPEND,
    ACTION_HELP,
    ACTION_BACK,
    ACTION_QUIT,
    ACTION_LEAVE_SAVING,
    ACTION_LEAVE_DROPPING,
} Action;

/* Where a key is valid: views first, in the order of their tabs. */
enum Place {
    PLACE_RUNS = 1,
    PLACE_CURVES = 2,
    PLACE_SAMPLES = 4,
    PLACE_VIEWS = 7,
    PLACE_HELP = 8,
    PLACE_QUIT = 16,
    PLACE_PICKER = 32,
    PLACE_LISTS = PLACE_HELP | PLACE_PICKER,
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

#endif
