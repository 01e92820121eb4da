/* Owns the list of marks and its two written forms. */
#include "app/figure/drawing.h"

#include "engine/base/file.h"
#include <cairo.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char family[] = "DejaVu Sans";
enum { PIXELS_A_POINT = 2 };

typedef enum MarkKind { MARK_PATH, MARK_DOT, MARK_TEXT, MARK_PICTURE } MarkKind;

typedef struct Mark {
    MarkKind kind;
    Pen ink;
    double x, y, width, height, size; /* as the kind needs */
    int n, across, down, turned;
    Anchor anchor;
    void *data; /* points, text or pixels; owned */
} Mark;

struct Drawing {
    double width, height;
    uint32_t ground;
    int n, room;
    Mark *mark;
    bool broken; /* out of memory */
};

Drawing *drawing_new(double width, double height, uint32_t ground)
{
    Drawing *drawing = calloc(1, sizeof *drawing);
    if (drawing)
        *drawing = (Drawing){.width = width, .height = height, .ground = ground};
    return drawing;
}

void drawing_free(Drawing *drawing)
{
    for (int i = 0; drawing && i < drawing->n; i++)
        free(drawing->mark[i].data);
    if (drawing)
        free(drawing->mark);
    free(drawing);
}

/* Adds a mark with its own copy of `size` bytes of data. */
static void add(Drawing *drawing, Mark mark, const void *data, size_t size)
{
    if (drawing->n == drawing->room) {
        int room = drawing->room ? 2 * drawing->room : 64;
        Mark *more = realloc(drawing->mark, (size_t)room * sizeof *more);
        drawing->broken |= !more;
        if (!more)
            return;
        drawing->mark = more;
        drawing->room = room;
    }
    mark.data = malloc(size + 1);
    drawing->broken |= !mark.data;
    if (!mark.data)
        return;
    memcpy(mark.data, data, size);
    drawing->mark[drawing->n++] = mark;
}

void drawing_path(Drawing *drawing, int n, const double *xy, Pen ink)
{
    add(drawing, (Mark){.kind = MARK_PATH, .ink = ink, .n = n}, xy, 2 * (size_t)n * sizeof *xy);
}

void drawing_line(Drawing *drawing, double x0, double y0, double x1, double y1, Pen ink)
{
    drawing_path(drawing, 2, (double[]){x0, y0, x1, y1}, ink);
}

void drawing_box(Drawing *drawing, double x, double y, double width, double height, Pen ink)
{
    const double xy[] = {x, y, x + width, y, x + width, y + height, x, y + height, x, y};
    drawing_path(drawing, 5, xy, ink);
}

void drawing_dot(Drawing *drawing, double x, double y, double radius, Pen ink)
{
    add(drawing, (Mark){.kind = MARK_DOT, .ink = ink, .x = x, .y = y, .size = radius}, "", 0);
}

void drawing_text(Drawing *drawing, double x, double y, const char *text, double size,
                  Anchor anchor, uint32_t rgb, int turned)
{
    Mark mark = {.kind = MARK_TEXT,
                 .ink = {.rgb = rgb, .opacity = 1},
                 .x = x,
                 .y = y,
                 .size = size,
                 .anchor = anchor,
                 .turned = turned};
    add(drawing, mark, text, strlen(text) + 1);
}

void drawing_picture(Drawing *drawing, double x, double y, double box_width, double box_height,
                     int width, int height, const uint32_t *pixels)
{
    Mark mark = {.kind = MARK_PICTURE,
                 .x = x,
                 .y = y,
                 .width = box_width,
                 .height = box_height,
                 .across = width,
                 .down = height};
    add(drawing, mark, pixels, (size_t)width * (size_t)height * sizeof *pixels);
}

static bool is_break(const double *xy) { return !isfinite(xy[0]) || !isfinite(xy[1]); }

/* ---- SVG ---- */

static void svg_text(const char *text, FILE *out)
{
    for (const char *c = text; *c; c++)
        if (*c == '<' || *c == '>' || *c == '&' || *c == '"')
            fprintf(out, "&#%d;", *c);
        else if ((unsigned char)*c >= ' ')
            fputc(*c, out);
}

static void svg_pen(const Pen *ink, FILE *out)
{
    if (ink->width > 0)
        fprintf(out,
                " fill=\"none\" stroke=\"#%06x\" stroke-width=\"%.4g\" stroke-linejoin=\"round\"",
                ink->rgb, ink->width);
    else
        fprintf(out, " fill=\"#%06x\"", ink->rgb);
    if (ink->opacity < 1)
        fprintf(out, " opacity=\"%.3g\"", ink->opacity);
    if (ink->dash > 0)
        fprintf(out, " stroke-dasharray=\"%.4g\"", ink->dash);
    fputs("/>\n", out);
}

static void svg_path(const Mark *mark, FILE *out)
{
    const double *xy = mark->data;
    bool pen = false;
    fputs("<path d=\"", out);
    for (int i = 0; i < mark->n; i++, xy += 2) {
        if (!is_break(xy))
            fprintf(out, "%c%.2f %.2f", pen ? 'L' : 'M', xy[0], xy[1]);
        pen = !is_break(xy);
    }
    fputc('"', out);
    svg_pen(&mark->ink, out);
}

static void svg_words(const Mark *mark, FILE *out)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    fprintf(out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.3g\" text-anchor=\"%s\" fill=\"#%06x\"",
            mark->x, mark->y, mark->size, anchors[mark->anchor], mark->ink.rgb);
    if (mark->turned)
        fprintf(out, " transform=\"rotate(-90 %.2f %.2f)\"", mark->x, mark->y);
    fputc('>', out);
    svg_text(mark->data, out);
    fputs("</text>\n", out);
}

/* Pixels in runs of one colour along a row: a few kilobytes for a heat-map, and sharp at any
 * size. */
static void svg_picture(const Mark *mark, FILE *out)
{
    const uint32_t *pixel = mark->data;
    double dx = mark->width / mark->across, dy = mark->height / mark->down;
    fputs("<g shape-rendering=\"crispEdges\">\n", out);
    for (int y = 0; y < mark->down; y++)
        for (int x = 0, end; x < mark->across; x = end) {
            const uint32_t *row = pixel + y * mark->across;
            for (end = x + 1; end < mark->across && row[end] == row[x]; end++)
                ;
            fprintf(out,
                    "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#%06x\"/>\n",
                    mark->x + x * dx, mark->y + y * dy, (end - x) * dx, dy, row[x] & 0xffffff);
        }
    fputs("</g>\n", out);
}

static void svg_mark(const Mark *mark, FILE *out)
{
    switch (mark->kind) {
    case MARK_PATH: svg_path(mark, out); break;
    case MARK_TEXT: svg_words(mark, out); break;
    case MARK_PICTURE: svg_picture(mark, out); break;
    case MARK_DOT:
        fprintf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.3g\"", mark->x, mark->y, mark->size);
        svg_pen(&mark->ink, out);
    }
}

static void write_svg(const Drawing *drawing, FILE *out)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" font-family=\"%s, sans-serif\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>\n",
            drawing->width, drawing->height, drawing->width, drawing->height, family,
            drawing->ground);
    for (int i = 0; i < drawing->n; i++)
        svg_mark(&drawing->mark[i], out);
    fputs("</svg>\n", out);
}

/* ---- PNG ---- */

static void png_colour(cairo_t *cairo, uint32_t rgb, double opacity)
{
    cairo_set_source_rgba(cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                          (rgb & 255) / 255.0, opacity);
}

static void png_pen(cairo_t *cairo, const Pen *ink)
{
    png_colour(cairo, ink->rgb, ink->opacity);
    cairo_set_dash(cairo, &ink->dash, ink->dash > 0, 0);
    cairo_set_line_width(cairo, ink->width);
    if (ink->width > 0)
        cairo_stroke(cairo);
    else
        cairo_fill(cairo);
}

static void png_path(cairo_t *cairo, const Mark *mark)
{
    const double *xy = mark->data;
    bool pen = false;
    for (int i = 0; i < mark->n; i++, xy += 2) {
        if (!is_break(xy))
            (pen ? cairo_line_to : cairo_move_to)(cairo, xy[0], xy[1]);
        pen = !is_break(xy);
    }
    png_pen(cairo, &mark->ink);
}

static void set_font(cairo_t *cairo, double size)
{
    cairo_select_font_face(cairo, family, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

static void png_words(cairo_t *cairo, const Mark *mark)
{
    cairo_text_extents_t extents;
    cairo_save(cairo);
    set_font(cairo, mark->size);
    cairo_text_extents(cairo, mark->data, &extents);
    cairo_translate(cairo, mark->x, mark->y);
    if (mark->turned)
        cairo_rotate(cairo, -acos(-1) / 2);
    cairo_move_to(cairo, -extents.x_advance * mark->anchor / 2, 0);
    png_colour(cairo, mark->ink.rgb, 1);
    cairo_show_text(cairo, mark->data);
    cairo_restore(cairo);
}

static void png_picture(cairo_t *cairo, const Mark *mark)
{
    const uint32_t *pixel = mark->data;
    double dx = mark->width / mark->across, dy = mark->height / mark->down;
    cairo_save(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
    for (int i = 0; i < mark->across * mark->down; i++) {
        png_colour(cairo, pixel[i], 1);
        cairo_rectangle(cairo, mark->x + i % mark->across * dx, mark->y + i / mark->across * dy, dx,
                        dy);
        cairo_fill(cairo);
    }
    cairo_restore(cairo);
}

static void png_mark(cairo_t *cairo, const Mark *mark)
{
    switch (mark->kind) {
    case MARK_PATH: png_path(cairo, mark); break;
    case MARK_TEXT: png_words(cairo, mark); break;
    case MARK_PICTURE: png_picture(cairo, mark); break;
    case MARK_DOT:
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, mark->x, mark->y, mark->size, 0, 2 * acos(-1));
        png_pen(cairo, &mark->ink);
    }
}

static cairo_status_t put_bytes(void *file, const unsigned char *data, unsigned length)
{
    return fwrite(data, 1, length, file) == length ? CAIRO_STATUS_SUCCESS
                                                   : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *surface_new(double width, double height)
{
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * PIXELS_A_POINT),
                                      (int)(height * PIXELS_A_POINT));
}

static cairo_status_t write_png(const Drawing *drawing, FILE *out)
{
    cairo_surface_t *surface = surface_new(drawing->width, drawing->height);
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, PIXELS_A_POINT, PIXELS_A_POINT);
    png_colour(cairo, drawing->ground, 1);
    cairo_paint(cairo);
    for (int i = 0; i < drawing->n; i++)
        png_mark(cairo, &drawing->mark[i]);
    cairo_status_t status = cairo_status(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, put_bytes, out);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return status;
}

double drawing_text_width(const char *text, double size)
{
    cairo_text_extents_t extents;
    cairo_surface_t *surface = surface_new(1, 1);
    cairo_t *cairo = cairo_create(surface);
    set_font(cairo, size);
    cairo_text_extents(cairo, text, &extents);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return extents.x_advance;
}

/* ---- Files ---- */

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

Status drawing_write(const Drawing *drawing, const char *path, Error *error)
{
    NewFile file;
    bool svg = ends_in(path, ".svg");
    if (!svg && !ends_in(path, ".png"))
        return fail(error, STATUS_BAD_INPUT, "%s: a figure's name ends in .svg or .png", path);
    if (drawing->broken)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    cairo_status_t drawn = CAIRO_STATUS_SUCCESS;
    if (svg)
        write_svg(drawing, file.stream);
    else
        drawn = write_png(drawing, file.stream);
    if (drawn == CAIRO_STATUS_SUCCESS)
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return fail(error, STATUS_FAILED, "%s: %s", path, cairo_status_to_string(drawn));
}
