/* Owns the reading of captions. See captions.h. */
#include "engine/show/captions.h"
#include "engine/base/plain.h"
#include <jansson.h>
#include <stdlib.h>

/* At most so many bytes, and no part of a rune. */
static int cut(const char *text, int most)
{
    int n = 0;
    while (n < most && text[n])
        n++;
    while (n > 0 && text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

char (*captions_read(const char *list, int n))[CAPTION_SIZE]
{
    json_t *texts = list ? json_loads(list, 0, NULL) : NULL;
    char(*caption)[CAPTION_SIZE] = NULL;
    if (json_array_size(texts) > 0) {
        caption = calloc((size_t)n, sizeof *caption);
        need(caption);
    }
    for (int i = 0; caption && i < n; i++) {
        const char *text = json_string_value(json_array_get(texts, (size_t)i));
        if (text)
            snprintf(caption[i], sizeof *caption, "%.*s", cut(text, CAPTION_SIZE - 1), text);
        plain_text(caption[i]);
    }
    json_decref(texts);
    return caption;
}
