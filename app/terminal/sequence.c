/* Owns the tables of key sequences. See sequence.h. */
#include "app/terminal/sequence.h"

#include "engine/base/number.h"
#include "views/model/keys.h"
#include <string.h>

int sequence_numbers(const char *text, char separator, int *out, int most)
{
    const char until[] = {separator, 0};
    int n = 0;
    while (n < most && *text != '\0') {
        size_t span = strcspn(text, until);
        long value = 0;
        const char *digits = text;
        number_lead(&digits, 0, 100000, &value);
        out[n++] = (int)value;
        text += span + (text[span] == separator);
    }
    return n;
}

/* ---- Keys as numbers: CSI code ; modifiers u, and xterm's CSI 27 ; modifiers ; code ~ ---- */

enum { SHIFT = 1, CONTROL = 4, KEYPAD = 57399 };

/* Kitty's numbers of keys on the keypad. */
static int keypad_press(int code)
{
    static const char text[] = "0123456789./*-+\r=";
    static const int moves[] = {PRESS_LEFT,    PRESS_RIGHT,     PRESS_UP,   PRESS_DOWN,
                                PRESS_PAGE_UP, PRESS_PAGE_DOWN, PRESS_HOME, PRESS_END};
    int at = code - KEYPAD, move = at - 18;
    if (at < 0 || at >= 26)
        return PRESS_UNKNOWN;
    if (at < (int)sizeof text - 1)
        return text[at];
    return move < 0 ? PRESS_UNKNOWN : moves[move];
}

/* modifiers: 1 + bits, 0 not given. With Alt and the like no key means anything here. */
static int number_press(int code, int modifiers)
{
    int held = modifiers > 0 ? (modifiers - 1) & 0x3f : 0;
    bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    if (held & ~(SHIFT | CONTROL) || code <= 0)
        return PRESS_UNKNOWN;
    if (held & CONTROL)
        return letter ? code & 0x1f : PRESS_UNKNOWN;
    if (code == PRESS_TAB && held & SHIFT)
        return PRESS_BACK_TAB;
    if (code == 8)
        return PRESS_BACKSPACE;
    if (code >= 57344 && code <= 63743)
        return keypad_press(code);
    return letter && held & SHIFT ? code & ~0x20 : code;
}

/* "97:65;1:3": the key, what it is with Shift; what is held, 3: let go. */
static int numbered_press(const char *text)
{
    const char *colon = strchr(text, ':'), *rest = strchr(text, ';');
    int code[2] = {0}, modifiers[2] = {0};
    sequence_numbers(text, ':', code, 2);
    if (rest)
        sequence_numbers(rest + 1, ':', modifiers, 2);
    if (modifiers[1] == 3)
        return 0;
    bool other = modifiers[0] == 1 + SHIFT && colon && colon < rest && code[1] > 0;
    return number_press(code[other], modifiers[0]);
}

/* ---- Keys by name ---- */

static int tilde_press(const char *text)
{
    int value[3] = {0};
    sequence_numbers(text, ';', value, 3);
    switch (value[0]) {
    case 201: return 0; /* the end of a paste that never began */
    case 27: return number_press(value[2], value[1]);
    case 1:
    case 7: return PRESS_HOME;
    case 4:
    case 8: return PRESS_END;
    case 3: return PRESS_DELETE;
    case 5: return PRESS_PAGE_UP;
    case 6: return PRESS_PAGE_DOWN;
    case 11: return PRESS_F1;
    default: return PRESS_UNKNOWN;
    }
}

static int letter_press(char final)
{
    switch (final) {
    case 'A': return PRESS_UP;
    case 'B': return PRESS_DOWN;
    case 'C': return PRESS_RIGHT;
    case 'D': return PRESS_LEFT;
    case 'H': return PRESS_HOME;
    case 'F': return PRESS_END;
    case 'P': return PRESS_F1;
    case 'Z': return PRESS_BACK_TAB;
    default: return PRESS_UNKNOWN;
    }
}

int sequence_press(const char *text, char final)
{
    if (final == 'u')
        return numbered_press(text);
    return final == '~' ? tilde_press(text) : letter_press(final);
}
