/* Owns the orientation of pictures: TIFF's first folder, and the eight ways to lie. Pure. */
#include "engine/picture/upright.h"
#include <stdbool.h>
#include <string.h>

static unsigned long number_at(const uint8_t *at, int bytes, bool little)
{
    unsigned long value = 0;
    for (int k = 0; k < bytes; k++)
        value = value << 8 | at[little ? bytes - 1 - k : k];
    return value;
}

int upright_turn(const uint8_t *exif, size_t size)
{
    enum { HEAD = 8, ENTRY = 12, ORIENTATION = 0x112, SHORT = 3 };
    if (size < HEAD || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 1;
    bool little = exif[0] == 'I';
    size_t at = number_at(exif + 4, 4, little);
    if (at > size - 2)
        return 1;
    size_t entries = number_at(exif + at, 2, little);
    for (at += 2; entries > 0 && at + ENTRY <= size; at += ENTRY, entries--)
        if (number_at(exif + at, 2, little) == ORIENTATION &&
            number_at(exif + at + 2, 2, little) == SHORT) {
            unsigned long turn = number_at(exif + at + 8, 2, little);
            return turn >= 1 && turn <= 8 ? (int)turn : 1;
        }
    return 1;
}

/* Where pixel (x, y) of the upright picture lies in the file's: 5 to 8 change rows and columns. */
static size_t lies_at(int turn, int side, int x, int y)
{
    int last = side - 1;
    bool swap = turn >= 5, right = turn == 2 || turn == 3 || turn == 7 || turn == 8,
         down = turn == 3 || turn == 4 || turn == 6 || turn == 7;
    int column = swap ? y : x, row = swap ? x : y;
    column = right ? last - column : column;
    row = down ? last - row : row;
    return (size_t)row * (size_t)side + (size_t)column;
}

void upright_set(int turn, int side, const uint8_t *from, uint8_t *to)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++, to += 3)
            memcpy(to, from + 3 * lies_at(turn, side, x, y), 3);
}
