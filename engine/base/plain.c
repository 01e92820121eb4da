/* Owns what may be printed. See plain.h. */
#include "engine/base/plain.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the rune at `s`, 0: it is no UTF-8. */
static int decode(const unsigned char *s, uint32_t *rune)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (n == 1) {
        *rune = s[0];
        return 1;
    }
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    *rune = s[0] & (0xffu >> (n + 1));
    for (int i = 1; i < n; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        *rune = *rune << 6 | (s[i] & 0x3fu);
    }
    return *rune >= least[n] && *rune <= 0x10ffff && *rune >> 11 != 0x1b ? n : 0;
}

static bool harmless(uint32_t rune)
{
    bool control = rune < 32 || (rune >= 127 && rune < 160);
    bool turns = rune == 0x61c || (rune >= 0x200e && rune <= 0x200f) ||
                 (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
    return !control && !turns;
}

char *plain_text(char *text)
{
    for (unsigned char *s = (unsigned char *)text; *s;) {
        uint32_t rune = 0;
        int n = decode(s, &rune);
        if (n == 0 || !harmless(rune))
            memset(s, *s == '\t' ? ' ' : '?', (size_t)(n > 0 ? n : 1));
        s += n > 0 ? n : 1;
    }
    return text;
}

void plain_zeros(char *text, size_t size)
{
    for (char *zero; (zero = memchr(text, 0, size)); text = zero) {
        size -= (size_t)(zero - text);
        *zero = '?';
    }
}
