/* Charts that lose nothing, heat-maps that are the history, numbers and text in cells. */
#include "tests/fake_snapshot.h"
#include "views/chart.h"
#include "views/format.h"
#include "views/heatmap.h"
#include "views/theme.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

static const CanvasLook sixel_look = {
    COLOURS_256, false, GRAPHICS_SIXEL, 10, 20, {0, 0, 0},
         "sixel 10x20"
};

static CanvasLook look_of(ColourLevel colours, bool ascii, Graphics graphics)
{
    CanvasLook look = sixel_look;
    look.colours = colours;
    look.ascii = ascii;
    look.graphics = graphics;
    snprintf(look.remark, sizeof look.remark, "%s",
             graphics == GRAPHICS_SIXEL ? "sixel 10x20" : "blocks");
    return look;
}

/* ---- Charts ---- */

static void random_series(Series *series, int n, unsigned *seed)
{
    *series = (Series){.n = n, .stride = 7};
    for (int b = 0; b < n; b++) {
        *seed = *seed * 1664525u + 1013904223u;
        float value = 0.1f + (float)(*seed >> 8) / 16777216.0f;
        bool spike = *seed % 31 == 0;
        series->last[b] = series->smooth[b] = value;
        series->min[b] = value * 0.9f;
        series->max[b] = spike ? value * 50 : value * 1.1f;
    }
}

/* Draws with many colours told apart: is the cell at (column, row) of the plot empty? */
static bool plot_is_empty(const Canvas *canvas, int x, int y)
{
    return canvas->cell[y * canvas->width + x].rune == ' ';
}

static void test_no_spike_is_lost(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 60; round++) {
        Series series;
        random_series(&series, 2 + (int)(seed % 510), &seed);
        int width = 20 + (int)(seed % 150), height = 5 + (int)(seed % 30);
        CanvasLook look = look_of(COLOURS_256, round % 3 == 2, GRAPHICS_BLOCKS);
        Canvas canvas;
        canvas_init(&canvas, width, height, &look);
        long steps = series.n * series.stride;
        Axis axis = axis_for(steps, steps + 10, round % 4, steps / 2);
        ChartSpec spec = {.series = &series,
                          .axis = axis,
                          .cursor = -1,
                          .linear_y = round % 2,
                          .dots = (Dots)(round % 3 % 2)};
        chart_draw(&canvas, (Rect){0, 0, width, height}, &spec);
        int plot_width = width - CHART_MARGIN, plot_height = height - 1;
        float low = INFINITY, high = 0;
        for (int b = 0; b < series.n; b++) {
            long step = b * series.stride;
            if (step + series.stride > axis.first && step < axis.last) {
                low = fminf(low, series.min[b]);
                high = fmaxf(high, series.max[b]);
            }
        }
        Scale scale = scale_around(low, high, !spec.linear_y);
        for (int b = 0; b < series.n; b++) {
            long step = b * series.stride;
            int column = axis_column(axis, step, plot_width);
            if (step < axis.first || column < 0 || column >= plot_width) {
                continue;
            }
            int dots = spec.dots == DOTS_BRAILLE ? 4 : 2;
            dots = look.ascii ? 1 : dots;
            int rows = plot_height * dots;
            int row =
                (int)lround((1 - scale_part(&scale, series.max[b])) * (rows - 1)) / dots;
            assert_false(plot_is_empty(&canvas, CHART_MARGIN + column, row));
        }
        canvas_done(&canvas);
    }
}

static void test_a_gap_stays_a_gap(void **state)
{
    (void)state;
    Series series;
    unsigned seed = 9;
    random_series(&series, 100, &seed);
    for (int b = 40; b < 60; b++) {
        series.min[b] = series.max[b] = series.last[b] = series.smooth[b] = NAN;
    }
    CanvasLook look = look_of(COLOURS_NONE, false, GRAPHICS_BLOCKS);
    Canvas canvas;
    canvas_init(&canvas, 100 + CHART_MARGIN, 20, &look);
    ChartSpec spec = {
        .series = &series, .axis = {0, 700},
             .cursor = -1
    };
    chart_draw(&canvas, (Rect){0, 0, 100 + CHART_MARGIN, 20}, &spec);
    for (int x = 0; x < 100; x++) {
        int inked = 0;
        for (int y = 0; y < 19; y++) {
            inked += !plot_is_empty(&canvas, CHART_MARGIN + x, y);
        }
        assert_true(x > 40 && x < 59 ? inked == 0 : x < 39 || x > 60 ? inked > 0 : true);
    }
    canvas_done(&canvas);
}

static void test_the_axis_grows_in_jumps(void **state)
{
    (void)state;
    static const long lengths[] = {1, 50, 64, 1000, 4000, 20000, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        long before = 0;
        int jumps = 0;
        for (long step = 0; step <= lengths[i]; step += 1 + lengths[i] / 997) {
            Axis axis = axis_for(step, lengths[i], 0, 0);
            assert_int_equal(axis.first, 0);
            assert_true(axis.last >= step && axis.last >= before);
            jumps += axis.last != before;
            before = axis.last;
            for (int zoom = 1; zoom < 14; zoom++) {
                Axis part = axis_for(step, lengths[i], zoom, step);
                assert_true(part.first <= step &&
                            step < part.last + (step >= part.last ? 1 : 0));
                assert_true(part.last - part.first <= axis.last);
            }
        }
        assert_true(jumps <= 6);
    }
}

static void test_scales_hold_their_range(void **state)
{
    (void)state;
    static const double pairs[][2] = {
        {1,    1  },
        {0.02, 0.9},
        {1e-9, 1e9},
        {3,    5  },
        {0.1,  0.1},
        {0,    0  },
        {-4,   9  }
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int log = 0; log < 2; log++) {
            Scale scale = scale_around(pairs[i][0], pairs[i][1], log);
            assert_true(scale.high > scale.low);
            if (!log || pairs[i][0] > 0) {
                assert_true(scale.low <= pairs[i][0] * (1 + 1e-6) &&
                            scale.high >= pairs[i][1] * (1 - 1e-6));
            }
        }
    }
    Scale nan_scale = scale_around(NAN, NAN, true);
    assert_true(nan_scale.high > nan_scale.low);
}

/* ---- Heat-map and pictures ---- */

static void test_heatmap_pixels_are_the_history(void **state)
{
    (void)state;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 1, .step = 3000, .sampling = 4});
    const ShiftView *shift = &snapshot->run[0]->shift_view;
    CanvasLook look = sixel_look;
    Canvas canvas;
    canvas_init(&canvas, 80 + CHART_MARGIN, 14, &look);
    HeatSpec spec = {shift, REFERENCE_RATIO, {0, 4000}, -1, 3};
    long end = 2 * shift->step[shift->columns - 1] - shift->step[shift->columns - 2];
    heatmap_draw(&canvas, (Rect){0, 0, 80 + CHART_MARGIN, 13}, &spec);
    assert_int_equal(canvas.pictures, 1);
    const Picture *picture = &canvas.picture[0];
    assert_int_equal(picture->width, 800);
    assert_int_equal(picture->height, 240);
    Scale scale = shift_scale(shift, REFERENCE_RATIO);
    for (int x = 0; x < 800; x++) {
        long step = (long)ceil((x + 1) * 4000.0 / 800) - 1;
        int column = ceil(x * 4000.0 / 800) < end ? shift_column(shift, step) : -1;
        for (int row = 0; row < 4; row++) {
            int pixel = picture->pixels[(row * 60 + 30) * 800 + x];
            int level =
                column < 0 ? -1 : shift_level(&scale, shift->ratio[column * 4 + row]);
            assert_int_equal(pixel, level + 1);
        }
    }
    canvas_done(&canvas);
    fake_free(snapshot);
}

static void test_brighter_means_more_shift(void **state)
{
    (void)state;
    Scale scale = {1, 20, true};
    int before = -1, luminance_before = -1;
    for (double value = 0.5; value < 30; value *= 1.03) {
        int level = shift_level(&scale, value);
        assert_true(level >= before && level < RAMP_SIZE);
        before = level;
    }
    assert_int_equal(before, RAMP_SIZE - 1);
    assert_int_equal(shift_level(&scale, NAN), -1);
    for (int level = 0; level < RAMP_SIZE; level++) {
        uint8_t rgb[3];
        theme_ramp_rgb(level, rgb);
        assert_true(theme_luminance(rgb) > luminance_before);
        luminance_before = theme_luminance(rgb);
    }
}

/* ---- Small things ---- */

static void test_format(void **state)
{
    (void)state;
    char text[FORMAT_SIZE];
    assert_string_equal(format_count(text, 12480), "12 480");
    assert_string_equal(format_count(text, 999), "999");
    assert_string_equal(format_count(text, -1234567), "-1 234 567");
    assert_string_equal(format_short(text, 12480), "12.5k");
    assert_string_equal(format_short(text, 999999), "1.0M");
    assert_string_equal(format_value(text, 0.0413), "0.0413");
    assert_string_equal(format_value(text, 1.24e-5), "1.2e-5");
    assert_string_equal(format_value(text, 123456), "1.2e5");
    assert_string_equal(format_value(text, NAN), "-");
    assert_string_equal(format_value(text, 16.31), "16.31");
    assert_string_equal(format_tick(text, 0.5), "0.5");
    assert_string_equal(format_tick(text, 1e-5), "1e-5");
    assert_string_equal(format_duration(text, 78), "01:18");
    assert_string_equal(format_duration(text, 3723), "1:02:03");
    assert_string_equal(format_duration(text, NAN), "-");
    for (double value = 1e-12; value < 1e12; value *= 1.7) {
        assert_true(strlen(format_value(text, -value)) <= 8);
        assert_true(strlen(format_short(text, value)) <= 6);
    }
}

static void test_text_is_clipped_and_sane(void **state)
{
    (void)state;
    CanvasLook look = look_of(COLOURS_NONE, false, GRAPHICS_OFF);
    Canvas canvas;
    canvas_init(&canvas, 10, 2, &look);
    Style plain = {COLOUR_DEFAULT, COLOUR_DEFAULT, 0};
    assert_int_equal(canvas_text(&canvas, 8, 0, 10, plain, "abcdef"), 6);
    assert_int_equal(
        canvas_text(&canvas, 0, 1, 10, plain, "a\xcc\x81\x1b[31m\xff\xe4\xb8\xad"), 8);
    assert_int_equal(canvas.cell[10].rune, 'a');
    assert_int_equal(canvas.cell[11].rune, '?'); /* no control character reaches a cell */
    assert_int_equal(canvas.cell[17].rune, '?'); /* nor a wide one */
    assert_int_equal(text_width("τ ● x"), 5);
    canvas_done(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_spike_is_lost),
        cmocka_unit_test(test_a_gap_stays_a_gap),
        cmocka_unit_test(test_the_axis_grows_in_jumps),
        cmocka_unit_test(test_scales_hold_their_range),
        cmocka_unit_test(test_heatmap_pixels_are_the_history),
        cmocka_unit_test(test_brighter_means_more_shift),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_text_is_clipped_and_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
