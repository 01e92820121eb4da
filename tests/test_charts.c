/* Charts that lose nothing, heat-maps that are the history, numbers and text in cells. */
#include "engine/store/rows.h"
#include "tests/fake_snapshot.h"
#include "views/draw/chart.h"
#include "views/draw/heatmap.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

static const CanvasLook sixel_look = {.colours = COLOURS_256,
                                      .graphics = GRAPHICS_SIXEL,
                                      .cell_width = 10,
                                      .cell_height = 20,
                                      .remark = "sixel 10x20"};

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

/* Rows logged every seven steps. */
static Rows *random_rows(int n, unsigned *seed)
{
    Rows *rows = rows_new(1);
    for (int r = 0; r < n; r++) {
        *seed = *seed * 1664525u + 1013904223u;
        double value = 0.1 + (*seed >> 8) / 16777216.0;
        bool spike = *seed % 31 == 0;
        rows_add(rows, r * 7, (const double[]){spike ? value * 50 : value});
    }
    return rows;
}

static bool plot_is_empty(const Canvas *canvas, int x, int y)
{
    return canvas->cell[y * canvas->width + x].rune == ' ';
}

/* The cell row a value belongs to. */
static int cell_row(const Scale *scale, double value, int plot_height, int dots)
{
    double part = fmin(fmax(scale_part(scale, value), 0), 1);
    return (int)lround((1 - part) * (plot_height * dots - 1)) / dots;
}

/* At any zoom, each row's value leaves ink in the cell it belongs to; beyond the range,
 * an arrow at its edge. */
static void test_no_spike_is_lost(void **state)
{
    (void)state;
    unsigned seed = 3;
    int arrows = 0;
    for (int round = 0; round < 60; round++) {
        int n = 2 + (int)(seed % 3000);
        Rows *rows = random_rows(n, &seed);
        Series series = rows_series(rows, 0);
        RunView run = {.step = n * 7, .steps = n * 7 + 10};
        int width = 20 + (int)(seed % 150), height = 5 + (int)(seed % 30);
        CanvasLook look = look_of(COLOURS_256, round % 3 == 2, GRAPHICS_BLOCKS);
        Canvas canvas;
        canvas_init(&canvas, width, height, &look);
        ChartLine line = {.source = {.run = &run, .series = &series, .smoothing = round % 4}};
        ChartSpec spec = {.lines = 1,
                          .line = &line,
                          .axis = axis_for(run.step, run.steps, round % 9, run.step / 2),
                          .cursor = -1,
                          .linear_y = round % 2,
                          .all = round % 5 != 0,
                          .dots = (Dots)(round % 3 % 2)};
        chart_draw(&canvas, (Rect){0, 0, width, height}, &spec);
        int plot_width = width - CHART_MARGIN, plot_height = height - 1;
        int dots = look.ascii ? 1 : spec.dots == DOTS_BRAILLE ? 4 : 2;
        Scale scale = chart_scale(&canvas, &spec, plot_width);
        for (long r = 0; r < n; r++) {
            int column = axis_column(spec.axis, r * 7, plot_width);
            if (r * 7 < spec.axis.first || column < 0 || column >= plot_width)
                continue;
            double value = series_value(&series, r);
            bool beyond = value > scale.high * (1 + 1e-6);
            assert_false(spec.all && beyond);
            float low, high; /* only the extremes of a column of dots must show */
            series_extent(&series, r, r + 1, &low, &high);
            int dot = (int)floor((r * 7 - spec.axis.first) * plot_width * (look.ascii ? 1 : 2) /
                                 (spec.axis.last - spec.axis.first));
            long from = axis_step(spec.axis, dot, plot_width * (look.ascii ? 1 : 2));
            long to = axis_step(spec.axis, dot + 1, plot_width * (look.ascii ? 1 : 2));
            series_extent(&series, series_row(&series, from - 1) + 1,
                          series_row(&series, to - 1) + 1, &low, &high);
            if ((float)value == high) {
                int row = cell_row(&scale, value, plot_height, dots);
                assert_false(plot_is_empty(&canvas, CHART_MARGIN + column, row));
            }
            if (beyond) {
                assert_int_equal(canvas.cell[CHART_MARGIN + column].rune,
                                 look.ascii ? '^' : 0x2191);
                arrows++;
            }
        }
        canvas_done(&canvas);
        rows_drop(rows);
    }
    assert_true(arrows > 0);
}

/* One spike a thousand times too high neither flattens the curve nor goes unseen. */
static void test_a_spike_does_not_flatten_the_curve(void **state)
{
    (void)state;
    for (int linear = 0; linear < 2; linear++) {
        Rows *rows = rows_new(1);
        for (int r = 0; r < 400; r++) {
            double value = r == 200 ? 1000 : 1 + 0.5 * sin(r * 0.1);
            rows_add(rows, r, &value);
        }
        Series series = rows_series(rows, 0);
        RunView run = {.step = 400, .steps = 400};
        CanvasLook look = look_of(COLOURS_NONE, false, GRAPHICS_BLOCKS);
        Canvas canvas;
        canvas_init(&canvas, 100 + CHART_MARGIN, 20, &look);
        ChartLine line = {.source = {.run = &run, .series = &series}};
        ChartSpec spec = {
            .lines = 1, .line = &line, .axis = {.last = 400}, .linear_y = linear, .cursor = -1};
        Scale scale = chart_scale(&canvas, &spec, 100);
        assert_true(scale.high >= 1.5 && scale.high < 20);
        chart_draw(&canvas, (Rect){0, 0, 100 + CHART_MARGIN, 20}, &spec);
        assert_int_equal(canvas.cell[CHART_MARGIN + 50].rune, 0x2191);
        spec.all = true;
        scale = chart_scale(&canvas, &spec, 100);
        assert_true(scale.high >= 1000);
        canvas_done(&canvas);
        rows_drop(rows);
    }
}

static void test_robust_ranges(void **state)
{
    (void)state;
    float values[1000];
    double low, high;
    for (int i = 0; i < 1000; i++)
        values[i] = i == 500 ? 1e9f : i == 501 ? NAN : i == 502 ? -INFINITY : (float)i;
    robust_range(values, 1000, false, true, &low, &high);
    assert_true(low == 0 && high > 999 && high < 3000);
    for (int i = 0; i < 1000; i++)
        values[i] = (float)i;
    robust_range(values, 1000, false, true, &low, &high); /* no outliers: nothing is cut */
    assert_true(low == 0 && high == 999);
    values[0] = values[1] = NAN;
    robust_range(values, 2, true, true, &low, &high);
    assert_true(isnan(low) && isnan(high));
}

static void test_a_gap_stays_a_gap(void **state)
{
    (void)state;
    Rows *rows = rows_new(1);
    for (int r = 0; r < 100; r++)
        rows_add(rows, r * 7, (const double[]){r >= 40 && r < 60 ? NAN : 1 + r % 3});
    Series series = rows_series(rows, 0);
    RunView run = {.step = 700, .steps = 700};
    CanvasLook look = look_of(COLOURS_NONE, false, GRAPHICS_BLOCKS);
    Canvas canvas;
    canvas_init(&canvas, 100 + CHART_MARGIN, 20, &look);
    ChartLine line = {.source = {.run = &run, .series = &series, .smoothing = 2}};
    ChartSpec spec = {.lines = 1, .line = &line, .axis = {.last = 700}, .cursor = -1};
    chart_draw(&canvas, (Rect){0, 0, 100 + CHART_MARGIN, 20}, &spec);
    for (int x = 0; x < 100; x++) {
        int inked = 0;
        for (int y = 0; y < 19; y++)
            inked += !plot_is_empty(&canvas, CHART_MARGIN + x, y);
        assert_true(x > 40 && x < 59 ? inked == 0 : x < 39 || x > 60 ? inked > 0 : true);
    }
    canvas_done(&canvas);
    rows_drop(rows);
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
                assert_true(part.first <= step && step < part.last + (step >= part.last ? 1 : 0));
                assert_true(part.last - part.first <= axis.last);
            }
        }
        assert_true(jumps <= 6);
    }
}

/* A step stands in the column whose first step it is, bent or not, whole or zoomed; and what was
 * early is given room. */
static void test_columns_and_steps_agree(void **state)
{
    (void)state;
    enum { WIDTH = 120 };
    static const long lengths[] = {64, 1000, 20000, 1000000};
    for (int round = 0; round < 4 * 2 * 6; round++) {
        long length = lengths[round % 4];
        Axis axis = axis_for(length, length, round / 8, length / 3);
        axis.log = round / 4 % 2;
        long before = -1;
        for (int column = 0; column < WIDTH; column++) {
            long step = axis_step(axis, column, WIDTH);
            assert_true(step >= before && axis_column(axis, step, WIDTH) >= column);
            assert_true((double)step <= axis.first || axis_column(axis, step - 1, WIDTH) < column);
            before = step;
        }
        assert_int_equal(axis_column(axis, (long)axis.first, WIDTH), 0);
        assert_int_equal(axis_column(axis, (long)axis.last, WIDTH), WIDTH);
        long tenth = (long)(axis.first + (axis.last - axis.first) / 10);
        bool early = axis_column(axis, tenth, WIDTH) > WIDTH / 2;
        assert_true(axis.last - axis.first < 100 || early == axis.log);
    }
}

static void test_scales_hold_their_range(void **state)
{
    (void)state;
    /* clang-format off */
    static const double pairs[][2] = {
        {1,    1  },
        {0.02, 0.9},
        {1e-9, 1e9},
        {3,    5  },
        {0.1,  0.1},
        {0,    0  },
        {-4,   9  }
    };
    /* clang-format on */
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
    HeatSpec spec = {shift, REFERENCE_RATIO, {.last = 4000}, -1, 3};
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
            int level = column < 0 ? -1 : shift_level(&scale, shift->ratio[column * 4 + row]);
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
    assert_int_equal(canvas_text(&canvas, 0, 1, 10, plain, "a\xcc\x81\x1b[31m\xff\xe4\xb8\xad"), 8);
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
        cmocka_unit_test(test_a_spike_does_not_flatten_the_curve),
        cmocka_unit_test(test_robust_ranges),
        cmocka_unit_test(test_a_gap_stays_a_gap),
        cmocka_unit_test(test_the_axis_grows_in_jumps),
        cmocka_unit_test(test_columns_and_steps_agree),
        cmocka_unit_test(test_scales_hold_their_range),
        cmocka_unit_test(test_heatmap_pixels_are_the_history),
        cmocka_unit_test(test_brighter_means_more_shift),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_text_is_clipped_and_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
