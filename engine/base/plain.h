/* Text from outside (folders' names, notes, headers of CSV, titles) before it reaches a terminal.
 */
#ifndef DDIL_PLAIN_H
#define DDIL_PLAIN_H

#include <stddef.h>

/* Replaces in place what a terminal could obey, or that is no UTF-8, by '?' a byte: control
 * characters (C0, DEL, C1 in UTF-8 or as bytes) and those that turn the direction of writing; a
 * tab becomes a blank. Returns `text`, which is then one line of printable UTF-8. */
char *plain_text(char *text);

/* Zero bytes, which a power cut or a torn write may leave, end no text: each of the `size` bytes
 * that is nought becomes a '?'. */
void plain_zeros(char *text, size_t size);

#endif
