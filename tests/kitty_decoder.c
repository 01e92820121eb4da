/* Owns the other end of the Kitty graphics protocol. See the header. */
#include "tests/kitty_decoder.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

/* The value of "key=" among "a=T,f=100,...", or the default. */
static long value_of(const char *keys, char key, long otherwise)
{
    for (const char *at = keys; *at != '\0';) {
        if (at[0] == key && at[1] == '=')
            return at[2] >= '0' && at[2] <= '9' ? strtol(at + 2, NULL, 10) : at[2];
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return otherwise;
}

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);
    assert_true(at && c != '\0');
    return (int)(at - digits);
}

static Bytes from_base64(const Bytes *text)
{
    Bytes out = {0};
    assert_int_equal(text->n % 4, 0);
    for (size_t i = 0; i < text->n; i += 4) {
        const char *four = text->data + i;
        size_t pad = (size_t)(four[3] == '=') + (size_t)(four[2] == '=');
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++)
            bits = bits << 6 | (uint32_t)(k < 4 - pad ? digit_of(four[k]) : 0);
        assert_true(pad == 0 || i + 4 == text->n);
        bytes_add(&out, (uint8_t[3]){bits >> 16 & 255, bits >> 8 & 255, bits & 255}, 3 - pad);
    }
    return out;
}

static void decode(KittyPicture *picture, const Bytes *text)
{
    Bytes png = from_base64(text);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, png.data, png.n));
    image.format = PNG_FORMAT_RGB;
    picture->width = (int)image.width;
    picture->height = (int)image.height;
    picture->rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, picture->rgb, 0, NULL));
    bytes_done(&png);
}

static void delete (KittyScreen *screen, unsigned number)
{
    for (int i = screen->n - 1; i >= 0; i--) {
        if (screen->shown[i].number == number) {
            free(screen->shown[i].rgb);
            screen->shown[i] = screen->shown[--screen->n];
        }
    }
}

static void take(KittyScreen *screen, const char *keys, const char *payload, size_t n, int x, int y)
{
    assert_true(!screen->loading || value_of(keys, 'i', 0) == 0); /* one at a time */
    if (!screen->loading) {
        assert_int_equal(value_of(keys, 'a', 't'), 'T');
        assert_int_equal(value_of(keys, 'f', 0), 100);
        assert_int_equal(value_of(keys, 'C', 0), 1); /* the cursor stays */
        screen->begun =
            (KittyPicture){(unsigned)value_of(keys, 'i', 0),
                           {x, y, (int)value_of(keys, 'c', 0), (int)value_of(keys, 'r', 0)},
                           0,
                           0,
                           NULL,
                           false};
        assert_true(screen->begun.number > 0);
    }
    assert_int_equal(value_of(keys, 'q', 0), 2); /* no answers */
    assert_true(n <= 4096 && !screen->cut);
    bytes_add(&screen->text, payload, n);
    screen->loading = value_of(keys, 'm', 0) == 1;
    assert_true(!screen->loading || n % 4 == 0);
    if (!screen->loading) {
        decode(&screen->begun, &screen->text);
        bytes_done(&screen->text);
        delete (screen, screen->begun.number);
        assert_true(screen->n < KITTY_SHOWN_MAX);
        screen->shown[screen->n++] = screen->begun;
    }
}

void kitty_command(KittyScreen *screen, const char *command, size_t n, int x, int y)
{
    char keys[256];
    if (n > 0 && command[n - 1] == '\030') { /* only a deletion gets us out of that */
        screen->cut = true;
        return;
    }
    const char *end = memchr(command, ';', n);
    size_t length = end ? (size_t)(end - command) : n;
    assert_true(length < sizeof keys);
    memcpy(keys, command, length);
    keys[length] = '\0';
    switch (value_of(keys, 'a', 't')) {
    case 'q': screen->asked = true; break;
    case 'd':
        assert_int_equal(value_of(keys, 'd', 0), 'I');
        delete (screen, (unsigned)value_of(keys, 'i', 0));
        screen->loading = screen->cut = false; /* deleting ends what was begun */
        bytes_done(&screen->text);
        break;
    default: take(screen, keys, end ? end + 1 : "", end ? n - length - 1 : 0, x, y);
    }
}

void kitty_clear(KittyScreen *screen)
{
    while (screen->n > 0)
        free(screen->shown[--screen->n].rgb);
    bytes_done(&screen->text);
}

void kitty_cleared(KittyScreen *screen)
{
    for (int i = 0; i < screen->n; i++)
        screen->shown[i].cleared = true;
}

static const KittyPicture *at_cells(const KittyScreen *screen, Rect cells)
{
    const KittyPicture *found = NULL;
    for (int k = 0; k < screen->n; k++) {
        bool here = memcmp(&screen->shown[k].cells, &cells, sizeof cells) == 0;
        found = here ? &screen->shown[k] : found;
    }
    return found;
}

void assert_kitty_shows(const KittyScreen *screen, const Canvas *canvas, bool in_full)
{
    assert_false(screen->loading || screen->cut);
    assert_int_equal(screen->n, canvas->pictures);
    for (int i = 0; i < canvas->pictures; i++) {
        const Picture *picture = &canvas->picture[i];
        const KittyPicture *found = at_cells(screen, picture->cells);
        assert_true(found && !found->cleared);
        bool same =
            !in_full || (found->width == picture->width && found->height == picture->height);
        for (int p = 0; in_full && same && p < picture->width * picture->height; p++)
            same = memcmp(found->rgb + 3 * p, picture_rgb(picture, (size_t)p), 3) == 0;
        assert_true(same);
    }
}

void assert_kitty_not_stale(const KittyScreen *screen, const Canvas *canvas)
{
    for (int k = 0; k < screen->n; k++) {
        bool wanted = false;
        for (int i = 0; i < canvas->pictures; i++) {
            Rect cells = canvas->picture[i].cells;
            wanted = wanted || memcmp(&screen->shown[k].cells, &cells, sizeof cells) == 0;
        }
        assert_true(wanted);
    }
}
