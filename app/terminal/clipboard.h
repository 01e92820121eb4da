/* The terminal's clipboard (OSC 52). */
#ifndef DDIL_CLIPBOARD_H
#define DDIL_CLIPBOARD_H

#include <stddef.h>

enum { CLIPBOARD_TEXT = 4095, CLIPBOARD_SIZE = 16 + (CLIPBOARD_TEXT + 2) / 3 * 4 };

/* The bytes that put `text` there, its first CLIPBOARD_TEXT bytes at most; returns how
 * many. */
size_t clipboard_sequence(const char *text, char sequence[CLIPBOARD_SIZE]);

#endif
