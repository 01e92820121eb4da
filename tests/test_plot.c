/* Plots on paper: ticks, and what an axis does not hold. */
#include "app/figure/plot.h"
#include "engine/base/file.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

/* The sheet as SVG, allocated; ends it. */
static char *svg_of(Drawing *drawing)
{
    char path[PATH_SIZE], *text;
    size_t size;
    file_join(path, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "test_plot.svg");
    assert_int_equal(drawing_write(drawing, path, NULL), STATUS_OK);
    drawing_free(drawing);
    assert_int_equal(file_read(path, 1 << 20, &text, &size, NULL), STATUS_OK);
    remove(path);
    return text;
}

static char *drawn(int n, const PlotInterval *interval)
{
    Drawing *drawing = drawing_new(300, 110, 0xffffff);
    plot_intervals(drawing, (PlotBox){0, 0, 216, 100}, "title", n, interval, PLOT_PAPER);
    return svg_of(drawing);
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text++)
        n++;
    return n;
}

/* The number behind the last `mark` before `end`. */
static double number_before(const char *text, const char *end, const char *mark)
{
    const char *at = NULL;
    for (const char *next = text; (next = strstr(next, mark)) && next < end; next++)
        at = next;
    assert_non_null(at);
    return strtod(at + strlen(mark), NULL);
}

/* One number beside an axis tells no scale: a range for which only 0.8 is round enough. */
static void test_two_ticks(void **state)
{
    (void)state;
    static const PlotInterval rows[] = {{"baseline", 0.798, 0.661, 0.935},
                                        {"ddil", 0.873, 0.825, 0.921}};
    char *text = drawn(2, rows);
    assert_in_range(count(text, "text-anchor=\"middle\""), 2, 8);
    free(text);
}

/* Nought alone has an axis that people read. */
static void test_nought(void **state)
{
    (void)state;
    static const PlotInterval rows[] = {{"baseline", 0, 0, 0}, {"ddil", 0, 0, 0}};
    char *text = drawn(2, rows);
    assert_non_null(strstr(text, ">0<"));
    assert_null(strstr(text, "e-1"));
    free(text);
}

/* A logarithmic axis ends where its values do; an interval that reaches below ends at the frame,
 * not in the labels. */
static void test_below_a_logarithm(void **state)
{
    (void)state;
    static const double low[] = {2.5e-4, 0, -3, NAN};
    for (int i = 0; i < 4; i++) {
        const PlotInterval rows[] = {{"baseline", 1.4, 0.5, 2.3}, {"ddil", 0.0057, low[i], 0.009}};
        char *text = drawn(2, rows);
        double label = number_before(text, strstr(text, ">ddil<"), "<text x=\"");
        const char *line = strstr(text, "stroke=\"#d55e00\"");
        assert_non_null(line);
        double begins = number_before(text, line, "<path d=\"M");
        assert_true(begins > label && begins < 216);
        free(text);
    }
}

/* A loss from .06 to .0025: one power of ten among them, so 1, 2 and 5 times powers stand there. */
static void test_between_powers(void **state)
{
    (void)state;
    static const double x[] = {0, 1, 2}, y[] = {0.06, 0.01, 0.0025};
    static const char *const ticks[] = {">0.005<", ">0.01<", ">0.02<", ">0.05<"};
    const PlotLine line = {.label = "", .n = 3, .x = x, .y = y};
    const Plot plot = {"loss", "step", "loss", .log_y = true, .lines = 1, .line = &line};
    Drawing *drawing = drawing_new(400, 300, 0xffffff);
    plot_curves(drawing, (PlotBox){0, 0, 380, 280}, &plot, PLOT_PAPER);
    char *text = svg_of(drawing);
    for (int i = 0; i < 4; i++)
        assert_non_null(strstr(text, ticks[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_ticks),
        cmocka_unit_test(test_nought),
        cmocka_unit_test(test_below_a_logarithm),
        cmocka_unit_test(test_between_powers),
    };
    return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
