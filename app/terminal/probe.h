/* What a terminal sends: key presses and answers to our questions, in one stream, split
 * anywhere, in any order, late or never. A byte-wise parser without a terminal: nothing
 * it is fed can leak an answer into the keys. */
#ifndef DDIL_PROBE_H
#define DDIL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One burst of questions; the last one (DA1) every terminal answers. */
extern const char probe_burst[];
/* To be asked before it, of terminals that do not take it for something else. */
extern const char probe_kitty[];
/* tmux makes a title of it, the Linux console prints it. `term`, `tmux`: the environment. */
bool probe_may_ask_kitty(const char *term, const char *tmux);

/* What is known so far; zero: not answered. */
typedef struct Answers {
    bool done;                   /* DA1 came: nothing more is to be expected */
    bool sixel;                  /* it says it shows sixel pictures */
    bool kitty;                  /* it knows the Kitty graphics protocol */
    int registers;               /* colours */
    int area_width, area_height; /* of a sixel picture, pixels */
    int cell_width, cell_height; /* pixels */
    int text_width, text_height; /* of the text area, pixels */
    bool
        exact; /* the text area is that of a picture, so it holds no borders: cells are its parts */
    bool synchronised; /* knows mode 2026 */
    bool has_background;
    uint8_t background[3];
    char name[48];
} Answers;

/* The two of them that say how large a cell is. */
extern const char probe_cell[];

typedef enum InputKind { INPUT_KEY, INPUT_ACKNOWLEDGED, INPUT_ANSWER } InputKind;
typedef struct InputEvent {
    InputKind kind;
    int press; /* INPUT_KEY: views/model/keys.h */
} InputEvent;

enum { PROBE_EVENTS = 3, PROBE_TEXT = 256 };

typedef struct Probe {
    Answers answers;
    int ends;           /* answers to the last question, ever */
    bool no_sixel_here; /* whatever the terminal says: they do not reach the outside */
    int state;
    bool late; /* the Escape before was already given out as a key */
    char text[PROBE_TEXT];
    int n; /* bytes of text; more than fit are counted, not kept */
    uint32_t rune;
    int more;   /* UTF-8 bytes to come, or bytes of a mouse report */
    int paste;  /* 0: no paste; else 1 + bytes of its end that have come */
    bool after; /* the byte before was the first of a line end of two */
} Probe;

void probe_init(Probe *probe);
/* Forgets the answers before asking again; what is half read stays. */
void probe_forget(Probe *probe);
/* Takes a byte; returns the number of events it completed. */
int probe_feed(Probe *probe, unsigned char byte, InputEvent events[PROBE_EVENTS]);
/* Milliseconds of silence after which probe_idle should be called; -1: none. */
int probe_patience_ms(const Probe *probe);
/* Silence: a lone Escape is a key, a sequence without an end is dropped. */
int probe_idle(Probe *probe, InputEvent events[PROBE_EVENTS]);

#endif
