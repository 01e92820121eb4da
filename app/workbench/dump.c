/* Owns the written form of a screen. See dump.h. */
#include "app/workbench/dump.h"

#include "app/figure/screen_figure.h"

#include "engine/base/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void put_rune(uint32_t rune, FILE *out)
{
    if (rune < 0x80) {
        fputc((int)rune, out);
    } else if (rune < 0x800) {
        fprintf(out, "%c%c", (int)(0xc0 | rune >> 6), (int)(0x80 | (rune & 0x3f)));
    } else {
        fprintf(out, "%c%c%c", (int)(0xe0 | rune >> 12), (int)(0x80 | (rune >> 6 & 0x3f)),
                (int)(0x80 | (rune & 0x3f)));
    }
}

void dump_text(const Canvas *canvas, FILE *out)
{
    for (int y = 0; y < canvas->height; y++) {
        int end = canvas->width;
        while (end > 0 && canvas->cell[y * canvas->width + end - 1].rune == ' ')
            end--;
        for (int x = 0; x < end; x++)
            put_rune(canvas->cell[y * canvas->width + x].rune, out);
        fputc('\n', out);
    }
}

enum { STYLES_MAX = 52 };

static bool same(Style a, Style b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attributes == b.attributes;
}

static int style_number(Style *known, int *n, Style style)
{
    for (int i = 0; i < *n; i++)
        if (same(known[i], style))
            return i;
    if (*n == STYLES_MAX)
        return STYLES_MAX - 1;
    known[*n] = style;
    return (*n)++;
}

static int letter(int number) { return number < 26 ? 'a' + number : 'A' + number - 26; }

void dump_styles(const Canvas *canvas, FILE *out)
{
    Style known[STYLES_MAX];
    int n = 0;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0, end; x < canvas->width; x = end) {
            const Cell *row = &canvas->cell[y * canvas->width];
            for (end = x + 1; end < canvas->width && same(row[end].style, row[x].style);)
                end++;
            fprintf(out, "%d%c", end - x, letter(style_number(known, &n, row[x].style)));
        }
        fputc('\n', out);
    }
    for (int i = 0; i < n; i++) {
        fprintf(out, "%c = %d on %d, %d\n", letter(i), known[i].fg, known[i].bg,
                known[i].attributes);
    }
}

void dump_pictures(const Canvas *canvas, FILE *out)
{
    for (int i = 0; i < canvas->pictures; i++) {
        const Picture *picture = &canvas->picture[i];
        uint64_t hash = 0xcbf29ce484222325u;
        for (size_t k = 0; k < picture_size(picture); k++)
            hash = (hash ^ picture->pixels[k]) * 0x100000001b3u;
        for (size_t k = 0; k < sizeof *picture->palette * PICTURE_COLOURS; k++)
            hash = (hash ^ ((const uint8_t *)picture->palette)[k]) * 0x100000001b3u;
        fprintf(out, "picture at %d,%d %dx%d cells, %dx%d pixels, %016llx\n", picture->cells.x,
                picture->cells.y, picture->cells.width, picture->cells.height, picture->width,
                picture->height, (unsigned long long)hash);
    }
}

Status dump_file(const Canvas *canvas, const char *path, Error *error)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return fail(error, status_of(errno), "%s: %s", path, strerror(errno));
    dump_text(canvas, out);
    fputs("\nstyles\n", out);
    dump_styles(canvas, out);
    dump_pictures(canvas, out);
    bool good = fflush(out) == 0;
    good = fclose(out) == 0 && good;
    return good ? STATUS_OK : fail(error, status_of(errno), "%s: %s", path, strerror(errno));
}

Status dump_picture(const Canvas *canvas, const char *path, Error *error)
{
    Drawing *drawing = screen_figure(canvas);
    need(drawing);
    Status status = drawing_write(drawing, path, error);
    drawing_free(drawing);
    return status;
}
