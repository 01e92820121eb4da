/* Runs side by side: lineage, strokes, alignment, differences; a million rows.
 */
#include "engine/base/clock.h"
#include "engine/store/rows.h"
#include "tests/fake_snapshot.h"
#include "views/draw/chart.h"
#include "views/draw/chart_spec.h"
#include "views/draw/trade_chart.h"
#include "views/model/group.h"
#include "views/model/overlay.h"
#include "views/model/scrub.h"
#include "views/screen.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

/* ---- Kin ---- */

static void test_forks_stand_under_their_parents(void **state)
{
    (void)state;
    static const int parents[] = {0, 1, 0, 1, 2, 99, 3}; /* of runs 1 to 7 */
    static const int order[] = {1, 2, 5, 4, 3, 7, 6};
    static const int depths[] = {0, 1, 2, 1, 0, 1, 0};
    RunView run[7] = {0};
    const RunView *list[7];
    Kin kin[7];
    for (int i = 0; i < 7; i++) {
        run[i] = (RunView){.id = i + 1, .parent = parents[i]};
        list[i] = &run[i];
    }
    lineage_order(&(Snapshot){.runs = 7, .run = list}, kin);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(list[kin[i].index]->id, order[i]);
        assert_int_equal(kin[i].depth, depths[i]);
    }
}

static void test_a_run_keeps_its_stroke(void **state)
{
    (void)state;
    Session session = {0};
    RunView run[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    const RunView *list[] = {&run[0], &run[1], &run[2]};
    Snapshot snapshot = {.runs = 3, .run = list};
    Scene scene = {.snapshot = &snapshot, .run = &run[0], .session = &session};
    assert_int_equal(overlay_runs(&scene).n, 1);
    overlay_toggle(&session, 2);
    overlay_toggle(&session, 3);
    scene.run = &run[2];
    Overlay overlay = overlay_runs(&scene);
    assert_int_equal(overlay.n, 2);
    assert_ptr_equal(overlay.run[0], &run[2]); /* the chosen one lies on top */
    int stroke = overlay.stroke[0];
    overlay_toggle(&session, 2);
    overlay = overlay_runs(&scene);
    assert_int_equal(overlay.n, 1);
    assert_int_equal(overlay.stroke[0], stroke);
    for (int id = 10; id < 16; id++)
        assert_true(overlay_toggle(&session, id));
    assert_false(overlay_toggle(&session, 16)); /* no place left */
    for (int i = 0; i < CHART_LINES_MAX; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(chart_stroke(i), chart_stroke(k));
}

/* A mark stays, but is not drawn over a run of another data set; nor does a long run press a short
 * one to a sliver. */
static void test_only_runs_of_one_data_set_and_one_size(void **state)
{
    (void)state;
    Session session = {.live = true};
    RunView run[3] = {{.id = 1, .step = 100, .steps = 1000},
                      {.id = 2, .step = 50, .steps = 1000},
                      {.id = 3, .step = 100000, .steps = 100000}};
    snprintf(run[1].data, sizeof run[1].data, "moons");
    const RunView *list[] = {&run[0], &run[1], &run[2]};
    Snapshot snapshot = {.runs = 3, .run = list};
    Scene scene = {.snapshot = &snapshot, .run = &run[0], .session = &session};
    overlay_toggle(&session, 2);
    overlay_toggle(&session, 3);
    Overlay overlay = overlay_runs(&scene);
    assert_int_equal(overlay.n, 2);
    assert_ptr_equal(overlay.run[1], &run[2]);
    Axis axis = axis_around(overlay.run, overlay.n, &(AxisWindow){.across = ACROSS_STEP});
    assert_true(axis_column(axis, 100, 80) >= 5);
    scene.run = &run[1];
    assert_int_equal(overlay_runs(&scene).n, 1);
    assert_true(overlay_marked(&session, 3));
}

/* Zooming in and out, by the wheel or by keys, leaves the step under the cursor in its column. */
static void test_zoom_keeps_the_point(void **state)
{
    (void)state;
    RunView run = {.id = 1, .step = 40000, .steps = 40000};
    const RunView *list[] = {&run};
    Snapshot snapshot = {.runs = 1, .run = list};
    for (int column = 3; column < 70; column += 11) {
        Session session = {.log_x = column & 1};
        Scene scene = {.snapshot = &snapshot, .run = &run, .session = &session};
        Overlay overlay = overlay_runs(&scene);
        for (int i = 0; i < 6; i++) {
            scrub_mouse(&scene, &overlay, 72, column, MOUSE_WHEEL_UP);
            Axis axis = scrub_axis(&scene, &overlay);
            assert_in_range(axis_column(axis, session.step, 72) + 1, column, column + 2);
        }
        for (int i = 0; i < 12; i++) {
            scrub_act(&scene, &overlay, 72, i < 6 ? ACTION_ZOOM_IN : ACTION_ZOOM_OUT);
            Axis axis = scrub_axis(&scene, &overlay);
            assert_in_range(axis_column(axis, session.step, 72) + 1, column, column + 2);
        }
    }
}

/* A fork's line has its parent's behind it, up to where it left; not where the parent is drawn
 * anyway. */
static void test_the_parent_is_behind_its_fork(void **state)
{
    (void)state;
    const Snapshot *two = fake_snapshot(&(FakeOptions){.runs = 2, .step = 2000});
    RunView fork = *two->run[1], parent = fork;
    fork.parent = 1;
    fork.parent_step = 500;
    parent.id = 1;
    const RunView *list[] = {&parent, &fork};
    Snapshot snapshot = {.runs = 2, .run = list};
    Session session = {.live = true, .run = fork.id};
    Scene scene = {.snapshot = &snapshot, .run = &fork, .session = &session};
    ChartLine line[CHART_LINES_MAX];
    Overlay overlay = overlay_runs(&scene);
    int lines = overlay_curves(&scene, &overlay, line);
    ChartSpec spec = chart_spec(&scene, &overlay, line, lines);
    assert_ptr_equal(spec.before.run, &parent);
    assert_int_equal(spec.until, 500);
    overlay_add(&session, 1);
    overlay = overlay_runs(&scene);
    lines = overlay_curves(&scene, &overlay, line);
    assert_null(chart_spec(&scene, &overlay, line, lines).before.run);
    fake_free(two);
}

/* A fork is drawn over its parent without being asked to. */
static void test_a_fork_is_overlaid(void **state)
{
    (void)state;
    const Snapshot *two = fake_snapshot(&(FakeOptions){.runs = 2, .step = 2000});
    RunView fork = *two->run[1];
    fork.parent = 1;
    const RunView *list[] = {two->run[0], &fork};
    Snapshot snapshot = *two;
    snapshot.run = list;
    Screen *screen = screen_new(&(ScreenOptions){.fixed_clock = true});
    CanvasLook look = {.colours = COLOURS_256, .graphics = GRAPHICS_BLOCKS};
    Canvas canvas;
    canvas_init(&canvas, 80, 24, &look);
    screen_draw(screen, &snapshot, &canvas);
    screen_press(screen, &snapshot, '2');
    screen_draw(screen, &snapshot, &canvas);
    char title[81] = "";
    for (int x = 0; x < 80; x++) {
        uint32_t rune = canvas.cell[80 + x].rune;
        title[x] = rune < 127 ? (char)rune : '-';
    }
    assert_non_null(strstr(title, "- 02  - 01"));
    canvas_done(&canvas);
    screen_free(screen);
    fake_free(two);
}

/* ---- Alignment ---- */

typedef struct Twin {
    RunView run;
    Rows *curves, *times;
    TermView term;
} Twin;

/* A loss that depends on the samples seen alone; `slow` times as many seconds a step. */
static void twin_new(Twin *twin, int id, long batch, long steps, double slow)
{
    *twin = (Twin){.curves = rows_new(1), .times = rows_new(2)};
    for (long step = 10; step <= steps; step += 10) {
        double value = 5 + sin((double)(step * batch) / 4e4);
        rows_add(twin->curves, step, &value);
        if (step % 50 == 0) {
            double at = (double)step;
            rows_add(twin->times, step, (const double[]){at * slow, at * (double)batch * 3});
        }
    }
    twin->term.series = rows_series(twin->curves, 0);
    twin->run = (RunView){.id = id,
                          .step = steps,
                          .steps = steps,
                          .batch = batch,
                          .nfe_student = (double)steps * (double)batch * 3,
                          .seconds = rows_series(twin->times, 0),
                          .evaluations = rows_series(twin->times, 1),
                          .loss_terms = 1,
                          .term = &twin->term};
}

static void twin_free(Twin *twin)
{
    rows_drop(twin->curves);
    rows_drop(twin->times);
}

static void test_places_and_steps_are_inverse(void **state)
{
    (void)state;
    Twin twin;
    twin_new(&twin, 1, 64, 3000, 0.01);
    for (int across = 0; across < ACROSSES; across++) {
        Axis axis = {.last = 1, .across = (Across)across, .run = &twin.run};
        double before = -1;
        for (long step = 0; step <= 3000; step += 7) {
            double place = axis_place(axis, step);
            assert_true(place > before);
            before = place;
            assert_in_range(axis_step_of(axis, place), step, step + 1);
        }
        assert_true(axis_step_of(axis, before * 1.1) > 3000);
    }
    Axis time = {.last = 1, .across = ACROSS_TIME, .run = &twin.run};
    assert_true(fabs(axis_place(time, 2000) - 20) < 1e-4);
    Axis nfe = {.last = 1, .across = ACROSS_NFE, .run = &twin.run};
    assert_true(fabs(axis_place(nfe, 1000) - 192000) < 1);
    twin_free(&twin);
}

static double largest_difference(const Twin *a, const Twin *b, Across across)
{
    enum { COLUMNS = 100 };
    LinePoint point[COLUMNS + 2];
    const RunView *runs[] = {&a->run, &b->run};
    LineSource source = {.run = &a->run, .series = &a->term.series},
               base = {.run = &b->run, .series = &b->term.series};
    line_sample_difference(&source, &base, axis_around(runs, 2, &(AxisWindow){.across = across}),
                           COLUMNS, point);
    double most = 0;
    int n = 0;
    for (int x = 1; x <= COLUMNS; x++) {
        if (!isnan(point[x].value)) {
            most = fmax(most, fabs((double)point[x].value));
            n++;
        }
    }
    assert_true(n > 20);
    return most;
}

/* Lined up by what the loss depends on, twins of different batch do not differ. */
static void test_differences_are_taken_at_the_same_place(void **state)
{
    (void)state;
    Twin a, b;
    twin_new(&a, 1, 128, 3000, 0.01);
    twin_new(&b, 2, 64, 6000, 0.01);
    assert_true(largest_difference(&a, &a, ACROSS_STEP) == 0);
    assert_true(largest_difference(&a, &b, ACROSS_IMAGES) < 0.05);
    assert_true(largest_difference(&a, &b, ACROSS_NFE) < 0.05);
    assert_true(largest_difference(&a, &b, ACROSS_STEP) > 0.5);
    assert_true(largest_difference(&a, &b, ACROSS_TIME) > 0.5);
    twin_free(&a);
    twin_free(&b);
}

/* ---- A million rows ---- */

static void test_a_million_rows_are_drawn_at_ten_a_second(void **state)
{
    (void)state;
    enum { ROWS = 1000000 };
    Rows *rows = rows_new(1);
    unsigned seed = 1;
    double start = clock_cpu_s();
    for (long r = 0; r < ROWS; r++) {
        seed = seed * 1664525u + 1013904223u;
        double value = 1 + 1e3 / (1e3 + (double)r) + (seed >> 8) / 1.7e8;
        rows_add(rows, r, r == 777777 ? (const double[]){1e6} : &value);
    }
    double filled = clock_cpu_s() - start, slowest = 0;
    Series series = rows_series(rows, 0);
    RunView run = {.id = 1, .step = ROWS - 1, .steps = ROWS};
    CanvasLook look = {.colours = COLOURS_256, .graphics = GRAPHICS_BLOCKS};
    Canvas canvas;
    canvas_init(&canvas, 200, 60, &look);
    for (int zoom = 0; zoom < 17; zoom++) {
        ChartLine line[3];
        for (int i = 0; i < 3; i++) {
            line[i] = (ChartLine){.source = {.run = &run, .series = &series, .smoothing = i + 1},
                                  .stroke = i};
        }
        ChartSpec spec = {.lines = 3,
                          .line = line,
                          .axis = axis_for(run.step, run.steps, zoom, 777777),
                          .cursor = 777777};
        start = clock_cpu_s();
        canvas_clear(&canvas);
        chart_draw(&canvas, (Rect){0, 0, 200, 60}, &spec);
        slowest = fmax(slowest, clock_cpu_s() - start);
        int column = axis_column(spec.axis, 777777, 200 - CHART_MARGIN);
        int arrow = -1; /* the spike is an arrow at the top, one cell beside the cursor at most */
        for (int x = column - 1; x <= column + 1; x++)
            arrow = canvas.cell[CHART_MARGIN + x].rune == 0x2191 ? x : arrow;
        bool hidden = canvas.cell[CHART_MARGIN + column].rune == 0x2502;
        assert_true(arrow >= 0 || hidden || chart_scale(&canvas, &spec, 192).high >= 1e6);
    }
    printf("# a million rows: %.0f ms to take in, a chart of three lines at 200x60 %.1f "
           "ms at most\n",
           filled * 1e3, slowest * 1e3);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(slowest < 0.1);
#endif
    canvas_done(&canvas);
    rows_drop(rows);
}

/* A point stands where its values are, its number of steps on it, the run's number behind the last;
 * the rules through it are its intervals. */
static void test_a_frontier_in_cells(void **state)
{
    enum { WIDTH = 60, HEIGHT = 12, LEFT = CHART_MARGIN };
    static const TradeView trade[] = {{.k = 4,
                                       .guidance = 1,
                                       .quality = 0.01,
                                       .quality_low = 0.01,
                                       .quality_high = 0.1,
                                       .diversity = 1,
                                       .diversity_low = 1,
                                       .diversity_high = 1},
                                      {.k = 1,
                                       .guidance = 1,
                                       .quality = 1,
                                       .quality_low = NAN,
                                       .quality_high = NAN,
                                       .diversity = 0,
                                       .diversity_low = NAN,
                                       .diversity_high = NAN}};
    TradeLine line[TRADE_LINES];
    Canvas canvas;
    CanvasLook look = {.colours = COLOURS_NONE};
    (void)state;
    int lines = trades_add(line, 0, "07", false, 2, trade);
    assert_int_equal(lines, 1);
    assert_int_equal(line[0].point[0].k, 1); /* by rising steps */
    assert_int_equal(trades_add(line, lines, "T", true, 2, trade), 1);
    canvas_init(&canvas, WIDTH, HEIGHT, &look);
    trade_chart(&canvas, (Rect){0, 0, WIDTH, HEIGHT}, lines, line);
    const Cell *top = canvas.cell, *foot = canvas.cell + (HEIGHT - 2) * WIDTH;
    assert_int_equal(top[LEFT].rune, '4');
    assert_int_equal(top[LEFT + 2].rune, '0');
    assert_int_equal(top[LEFT + 3].rune, '7');
    assert_int_equal(top[LEFT + 20].rune, 0x2500); /* to .1, the middle of .01 to 1 */
    assert_int_equal(top[LEFT + 30].rune, ' ');
    assert_int_equal(foot[WIDTH - 1].rune, '1');
    canvas_done(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forks_stand_under_their_parents),
        cmocka_unit_test(test_a_run_keeps_its_stroke),
        cmocka_unit_test(test_only_runs_of_one_data_set_and_one_size),
        cmocka_unit_test(test_zoom_keeps_the_point),
        cmocka_unit_test(test_the_parent_is_behind_its_fork),
        cmocka_unit_test(test_a_fork_is_overlaid),
        cmocka_unit_test(test_a_frontier_in_cells),
        cmocka_unit_test(test_places_and_steps_are_inverse),
        cmocka_unit_test(test_differences_are_taken_at_the_same_place),
        cmocka_unit_test(test_a_million_rows_are_drawn_at_ten_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
