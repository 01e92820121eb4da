/* Which way up a picture is, as cameras note it. */
#ifndef DDIL_UPRIGHT_H
#define DDIL_UPRIGHT_H

#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, in Exif data, which begin with the byte order; 1 where they say none. */
int upright_turn(const uint8_t *exif, size_t size);
/* Turns a square picture of red, green and blue bytes. */
void upright_set(int turn, int side, const uint8_t *from, uint8_t *to);

#endif
