/* Owns the triangle of priors. See simplex.h. */
#include "views/draw/simplex.h"

#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_point(Canvas *canvas, Rect rect, int height, const Mixture *mixture, uint32_t rune,
                      Role role)
{
    if (!mixture)
        return;
    double whole = SIMPLEX_WHOLE,
           side = (mixture->part[MIXTURE_STUDENT] - mixture->part[MIXTURE_TEACHER]) / whole;
    double down = 1 - mixture->part[MIXTURE_DATA] / whole;
    int x = rect.x + height - 1 + (int)lround(side * (height - 1)),
        y = rect.y + (int)lround(down * (height - 1));
    canvas_put(canvas, x, y, rune, theme_style(canvas, role));
}

/* One column a row each way: nearly equal sides in cells twice as high as wide. */
static void draw_edges(Canvas *canvas, Rect rect, int height)
{
    Style rule = theme_style(canvas, ROLE_RULE), corner = theme_style(canvas, ROLE_STRONG);
    int middle = rect.x + height - 1, foot = rect.y + height - 1;
    canvas_fill(canvas, (Rect){rect.x, foot, 2 * height - 1, 1}, 0x2500, rule);
    for (int row = 1; row < height - 1; row++) {
        canvas_put(canvas, middle - row, rect.y + row, 0x2571, rule);
        canvas_put(canvas, middle + row, rect.y + row, 0x2572, rule);
    }
    canvas_put(canvas, middle, rect.y, 'D', corner);
    canvas_put(canvas, rect.x, foot, 'T', corner);
    canvas_put(canvas, rect.x + 2 * height - 2, foot, 'S', corner);
}

static int percent(const Mixture *mixture, int corner)
{
    return (mixture->part[corner] * 100 + SIMPLEX_WHOLE / 2) / SIMPLEX_WHOLE;
}

static void put_percent(Canvas *canvas, int right, int y, const Mixture *mixture, int corner,
                        Role role)
{
    char text[12] = "-";
    if (mixture)
        snprintf(text, sizeof text, "%d", percent(mixture, corner));
    canvas_text_right(canvas, right, y, 4, theme_style(canvas, mixture ? role : ROLE_FAINT), text);
}

static void draw_figures(Canvas *canvas, Rect rect, const SimplexSpec *spec)
{
    static const char *const names[] = {"Data", "Teacher", "Student"};
    Style faint = theme_style(canvas, ROLE_FAINT);
    int x = rect.x;
    canvas_text(canvas, x + 8, rect.y, 4, theme_style(canvas, ROLE_CURSOR), "now●");
    canvas_text(canvas, x + 13, rect.y, 4, theme_style(canvas, ROLE_MARK), "new○");
    canvas_text(canvas, x + 18, rect.y, 4, faint, "did◇");
    for (int i = 0; i < SIMPLEX_CORNERS && i + 1 < rect.height; i++) {
        int y = rect.y + 1 + i;
        canvas_text(canvas, x, y, 8, theme_style(canvas, ROLE_TEXT), names[i]);
        put_percent(canvas, x + 11, y, spec->now, i, ROLE_TEXT);
        put_percent(canvas, x + 16, y, spec->staged, i, ROLE_STRONG);
        put_percent(canvas, x + 21, y, spec->drawn, i, ROLE_TEXT);
    }
    const Mixture *force = spec->in_force;
    if (force && spec->now && memcmp(force, spec->now, sizeof *force) != 0) {
        canvas_print(canvas, x, rect.y + 4, rect.height > 4 ? rect.width : 0,
                     theme_style(canvas, ROLE_PAUSED), "schedule: %d/%d/%d %%",
                     percent(force, MIXTURE_DATA), percent(force, MIXTURE_TEACHER),
                     percent(force, MIXTURE_STUDENT));
    } else if (rect.height > 4) {
        canvas_text(canvas, x + 8, rect.y + 4, rect.width - 8, faint, "per cent");
    }
}

/* Rows of the triangle; fewer than 4: there is no room for one. */
static int height_in(Rect rect)
{
    enum { FIGURES = 22 };
    int height = (rect.width - FIGURES - 2) / 2;
    return smaller(smaller(height, rect.height), 16);
}

bool simplex_at(Rect rect, int x, int y, Mixture *mixture)
{
    int height = height_in(rect), row = y - rect.y, side = x - (rect.x + height);
    if (height < 4 || row < 0 || row >= height || side < -row || side > row)
        return false;
    double down = (double)row / (height - 1), right = (double)side / (height - 1);
    const double weight[] = {1 - down, (down - right) / 2, (down + right) / 2};
    return mixture_of(weight, mixture);
}

void simplex_draw(Canvas *canvas, Rect rect, const SimplexSpec *spec)
{
    int height = height_in(rect);
    if (height >= 4) {
        Rect triangle = {rect.x + 1, rect.y, 2 * height - 1, height};
        draw_edges(canvas, triangle, height);
        put_point(canvas, triangle, height, spec->drawn, 0x25c7, ROLE_TEXT);
        put_point(canvas, triangle, height, spec->now, 0x25cf, ROLE_CURSOR);
        put_point(canvas, triangle, height, spec->staged, 0x25cb, ROLE_MARK);
        rect.x += 2 * height + 2;
        rect.width -= 2 * height + 2;
    }
    draw_figures(canvas, rect, spec);
}
