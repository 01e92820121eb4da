/* Owns the key table. Order is the order of the hints bar: what a newcomer needs first
 * comes first. */
#include "views/keys.h"

#include <stddef.h>

enum {
    RUNS = PLACE_RUNS,
    CURVES = PLACE_CURVES,
    SAMPLES = PLACE_SAMPLES,
    TWEAK = PLACE_TWEAK,
    VIEWS = PLACE_VIEWS,
    HELP = PLACE_HELP,
    QUIT = PLACE_QUIT,
    PICKER = PLACE_PICKER,
    PROMPT = PLACE_PROMPT,
    LISTS = PLACE_LISTS,
    OVERLAYS = PLACE_HELP | PLACE_QUIT | PLACE_PICKER,
};

enum { CONTROL_C = 3, CONTROL_L = 12, CONTROL_Z = 26 };

const KeyRow key_rows[] = {
    {'s',             ACTION_LEAVE_SAVING,   QUIT,                      "s",         "save and quit",
     "write a checkpoint of every live run, then quit",                                                                                                    false},
    {'x',             ACTION_LEAVE_DROPPING, QUIT,                      "x",         "quit without saving",
     "quit at once; the last checkpoints stand",                                                                                                           false},
    {PRESS_ENTER,     ACTION_OPEN,           PICKER,                    "Enter",     "start it",            "start the preset",                            true },
    {10,              ACTION_OPEN,           PICKER,                    NULL,        NULL,                  NULL,                                          true },
    {PRESS_UP,        ACTION_UP,             LISTS,                     "↑↓",    "choose",              "choose or scroll",                            false},
    {PRESS_DOWN,      ACTION_DOWN,           LISTS,                     NULL,        NULL,                  NULL,                                          false},
    {'k',             ACTION_UP,             LISTS,                     NULL,        NULL,                  NULL,                                          false},
    {'j',             ACTION_DOWN,           LISTS,                     NULL,        NULL,                  NULL,                                          false},
    {PRESS_ESCAPE,    ACTION_BACK,           QUIT,                      "Esc",       "stay",                "stay",                                        false},
    {CONTROL_C,       ACTION_BACK,           QUIT,                      NULL,        NULL,                  NULL,                                          false},
    {PRESS_ESCAPE,    ACTION_BACK,           LISTS,                     "Esc",       "back",                "one layer out",                               false},
    {'?',             ACTION_BACK,           HELP,                      NULL,        NULL,                  NULL,                                          false},
    {'n',             ACTION_BACK,           PICKER,                    NULL,        NULL,                  NULL,                                          false},

    {PRESS_ENTER,     ACTION_OPEN,           PROMPT,                    "Enter",     "do it",               "do what is typed",                            false},
    {10,              ACTION_OPEN,           PROMPT,                    NULL,        NULL,                  NULL,                                          false},
    {PRESS_TAB,       ACTION_COMPLETE,       PROMPT,                    "Tab",       "complete",            "complete the word",                           false},
    {PRESS_ESCAPE,    ACTION_BACK,           PROMPT,                    "Esc",       "back",                "forget the line",                             false},
    {CONTROL_C,       ACTION_BACK,           PROMPT,                    NULL,        NULL,                  NULL,                                          false},
    {PRESS_UP,        ACTION_UP,             PROMPT,                    "↑↓",    "earlier lines",       "lines typed before",                          false},
    {PRESS_DOWN,      ACTION_DOWN,           PROMPT,                    NULL,        NULL,                  NULL,                                          false},

    {PRESS_UP,        ACTION_UP,             RUNS,                      "↑↓",    "choose",              "choose a run",                                false},
    {PRESS_DOWN,      ACTION_DOWN,           RUNS,                      NULL,        NULL,                  NULL,                                          false},
    {'k',             ACTION_UP,             RUNS,                      NULL,        NULL,                  NULL,                                          false},
    {'j',             ACTION_DOWN,           RUNS,                      NULL,        NULL,                  NULL,                                          false},
    {PRESS_ENTER,     ACTION_OPEN,           RUNS,                      "Enter",     "curves",              "open the run's curves",                       false},
    {10,              ACTION_OPEN,           RUNS,                      NULL,        NULL,                  NULL,                                          false},

    {PRESS_LEFT,      ACTION_LEFT,           CURVES,                    "←→",    "scrub",
     "move the cursor along training steps",                                                                                                               false},
    {PRESS_RIGHT,     ACTION_RIGHT,          CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'h',             ACTION_LEFT,           CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'l',             ACTION_RIGHT,          CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {PRESS_UP,        ACTION_UP,             CURVES,                    "↑↓",    "sampling step",
     "move the cursor along sampling steps",                                                                                                               false},
    {PRESS_DOWN,      ACTION_DOWN,           CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'k',             ACTION_UP,             CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'j',             ACTION_DOWN,           CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'r',             ACTION_REFERENCE,      CURVES,                    "r",         "reference",
     "what the shift is measured against: forward law, teacher, same noise",                                                                               false},

    {PRESS_LEFT,      ACTION_LEFT,           SAMPLES,                   "←→",    "sampling step",
     "move along the sampling steps",                                                                                                                      false},
    {PRESS_RIGHT,     ACTION_RIGHT,          SAMPLES,                   NULL,        NULL,                  NULL,                                          false},
    {'h',             ACTION_LEFT,           SAMPLES,                   NULL,        NULL,                  NULL,                                          false},
    {'l',             ACTION_RIGHT,          SAMPLES,                   NULL,        NULL,                  NULL,                                          false},
    {PRESS_UP,        ACTION_UP,             SAMPLES,                   "↑↓",    "seed",                "choose a seed",                               false},
    {PRESS_DOWN,      ACTION_DOWN,           SAMPLES,                   NULL,        NULL,                  NULL,                                          false},
    {'k',             ACTION_UP,             SAMPLES,                   NULL,        NULL,                  NULL,                                          false},
    {'j',             ACTION_DOWN,           SAMPLES,                   NULL,        NULL,                  NULL,                                          false},

    {' ',             ACTION_PAUSE,          VIEWS,                     "Space",     "pause",               "pause the run, or go on",                     true },
    {'n',             ACTION_NEW,            VIEWS,                     "n",         "new run",             "start a preset from the list",                true },
    {'t',             ACTION_STUDENT,        SAMPLES,                   "t",         "student",             "show the student's samples",                  false},
    {'T',             ACTION_TEACHER,        SAMPLES,                   "T",         "teacher",
     "show the teacher's samples from the same noise",                                                                                                     false},
    {'x',             ACTION_X0,             SAMPLES,                   "x",         "x0",
     "show the student's estimate of the clean sample",                                                                                                    false},
    {'d',             ACTION_DIFFERENCE,     SAMPLES,                   "d",         "difference",          "show student minus teacher",
     false                                                                                                                                                      },
    {'s',             ACTION_STEP,           VIEWS,                     "s",         "step",                "do one training step, then pause",            true },
    {'f',             ACTION_FORK,           VIEWS,                     "f",         "fork",                "branch a new run from the newest checkpoint",
     true                                                                                                                                                       },
    {'w',             ACTION_SAVE,           VIEWS,                     "w",         "write checkpoint",    "write a checkpoint now",                      true },
    {PRESS_TAB,       ACTION_NEXT_RUN,       VIEWS,                     "Tab",       "next run",            "next run",                                    false},
    {PRESS_BACK_TAB,  ACTION_PREVIOUS_RUN,   VIEWS,                     "Shift-Tab", NULL,                  "previous run",
     false                                                                                                                                                      },

    {'L',             ACTION_LOG_Y,          CURVES | RUNS,             "L",         "log y",               "logarithmic or linear loss",                  false},
    {'o',             ACTION_CURVE,          CURVES,                    "o",         "other curve",
     "next quantity: gradient norm, the method's terms",                                                                                                   false},
    {'+',             ACTION_ZOOM_IN,        CURVES,                    "+",         "zoom",                "zoom in on the cursor",                       false},
    {'=',             ACTION_ZOOM_IN,        CURVES,                    NULL,        NULL,                  NULL,                                          false},
    {'-',             ACTION_ZOOM_OUT,       CURVES,                    "-",         NULL,                  "zoom out",                                    false},
    {'0',             ACTION_ZOOM_FIT,       CURVES,                    "0",         "fit",                 "show the whole run",                          false},
    {'[',             ACTION_PREVIOUS_MARK,  CURVES,                    "[",         NULL,                  "previous mark",                               false},
    {']',             ACTION_NEXT_MARK,      CURVES,                    "]",         NULL,                  "next mark",                                   false},
    {PRESS_HOME,      ACTION_FIRST,          VIEWS,                     "Home",      NULL,                  "first run, step or sampling step",
     false                                                                                                                                                      },
    {PRESS_END,       ACTION_LAST,           VIEWS,                     "End",       NULL,                  "last; on curves: follow the run live",
     false                                                                                                                                                      },
    {PRESS_PAGE_UP,   ACTION_PAGE_UP,        VIEWS | LISTS,             "PgUp",      NULL,                  "ten up, or back",
     false                                                                                                                                                      },
    {PRESS_PAGE_DOWN, ACTION_PAGE_DOWN,      VIEWS | LISTS,             "PgDn",      NULL,                  "ten down, or on",
     false                                                                                                                                                      },
    {PRESS_HOME,      ACTION_FIRST,          LISTS,                     NULL,        NULL,                  NULL,                                          false},
    {PRESS_END,       ACTION_LAST,           LISTS,                     NULL,        NULL,                  NULL,                                          false},
    {'B',             ACTION_DOTS,           CURVES | RUNS,             "B",         NULL,                  "chart of braille dots, blocks or ASCII",
     false                                                                                                                                                      },
    {'I',             ACTION_GRAPHICS,       VIEWS,                     "I",         NULL,                  "pictures as sixel, blocks, ASCII or off",
     false                                                                                                                                                      },
    {':',             ACTION_WORDS,          VIEWS,                     ":",         "command",
     "type a command; Tab completes, :help lists them",                                                                                                    false},
    {'/',             ACTION_FILTER,         RUNS | TWEAK,              "/",         "filter",
     "show only what fits: state=run and lr>=1e-3",                                                                                                        false},
    {'m',             ACTION_NOTE,           VIEWS,                     "m",         "note",                "write a note at the cursor",                  true },
    {'M',             ACTION_MOUSE,          VIEWS,                     "M",         NULL,
     "mouse on or off (off: the terminal selects text)",                                                                                                   false},
    {'1',             ACTION_VIEW,           VIEWS | HELP,              "1..6",      NULL,
     "Runs, Curves, Samples, Paths, Tweak, Compare",                                                                                                       false},
    {'2',             ACTION_VIEW,           VIEWS | HELP,              NULL,        NULL,                  NULL,                                          false},
    {'3',             ACTION_VIEW,           VIEWS | HELP,              NULL,        NULL,                  NULL,                                          false},
    {'4',             ACTION_VIEW,           VIEWS | HELP,              NULL,        NULL,                  NULL,                                          false},
    {'5',             ACTION_VIEW,           VIEWS | HELP,              NULL,        NULL,                  NULL,                                          false},
    {'6',             ACTION_VIEW,           VIEWS | HELP,              NULL,        NULL,                  NULL,                                          false},
    {CONTROL_L,       ACTION_REPAINT,        VIEWS | OVERLAYS | PROMPT, "^L",        NULL,
     "paint the screen again",                                                                                                                             false},
    {CONTROL_Z,       ACTION_SUSPEND,        VIEWS | OVERLAYS | PROMPT, "^Z",        NULL,
     "suspend the screen; training goes on when resumed",                                                                                                  false},
    {'?',             ACTION_HELP,           VIEWS,                     "?",         "help",                "this page",                                   false},
    {PRESS_F1,        ACTION_HELP,           VIEWS,                     NULL,        NULL,                  NULL,                                          false},
    {'q',             ACTION_QUIT,           VIEWS | LISTS,             "q",         "quit",                "quit; asks when runs are live",
     false                                                                                                                                                      },
    {CONTROL_C,       ACTION_QUIT,           VIEWS | LISTS,             NULL,        NULL,                  NULL,                                          false},
};
const int key_row_count = sizeof key_rows / sizeof *key_rows;

const KeyRow *key_find(int press, unsigned place)
{
    for (int i = 0; i < key_row_count; i++) {
        if (key_rows[i].press == press && (key_rows[i].places & place) != 0) {
            return &key_rows[i];
        }
    }
    return NULL;
}
