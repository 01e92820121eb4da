/* Owns base64 and the sequence around it. See clipboard.h. */
#include "app/terminal/clipboard.h"

#include <stdint.h>
#include <string.h>

static size_t base64(const char *text, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)(unsigned char)text[i] << 16;
        three |= i + 1 < n ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
        three |= i + 2 < n ? (uint32_t)(unsigned char)text[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            out[used++] = i + k <= n ? digits[three >> (18 - 6 * k) & 63] : '=';
    }
    return used;
}

size_t clipboard_sequence(const char *text, char sequence[CLIPBOARD_SIZE])
{
    static const char head[] = "\033]52;c;";
    size_t n = strlen(text), used = sizeof head - 1;
    memcpy(sequence, head, used);
    used += base64(text, n < CLIPBOARD_TEXT ? n : CLIPBOARD_TEXT, sequence + used);
    sequence[used++] = '\a';
    return used;
}
