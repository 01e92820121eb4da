/* Covariate shift: laws whose shift is known, costs counted, the same bits again. */
#include "engine/data/dataset_open.h"
#include "engine/measure/shift.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A world of known laws: a data set, an exact teacher, a label that may be off by a known
 * amount. */
typedef struct World {
    Crew *crew;
    Arena keep, scratch;
    Dataset data;
    Mixture law;
    Denoiser expert;
    double tilt; /* the label is the expert's x0 + tilt z: a disagreement that grows with
                    the state */
    uint64_t seed;
    atomic_long asked; /* rows labelled so far */
} World;

static World *world_new(int threads)
{
    World *world = calloc(1, sizeof *world);
    must(world);
    world->seed = 11;
    world->crew = crew_new(threads);
    arena_init(&world->keep, (size_t)1 << 30);
    arena_init(&world->scratch, (size_t)1 << 30);
    return world;
}

static void world_free(World *world)
{
    crew_free(world->crew);
    arena_done(&world->keep);
    arena_done(&world->scratch);
    free(world);
}

/* A named data set and its exact law. */
static World *world_of(const char *name, int threads, const int *keep, int n_keep)
{
    World *world = world_new(threads);
    DatasetOptions options = {.name = name, .conditional = -1, .keep = keep, .n_keep = n_keep};
    assert_int_equal(dataset_open(&world->data, &options, &world->keep, NULL), STATUS_OK);
    world->law = *world->data.mixture;
    world->expert = (Denoiser){.mixture = &world->law, .guidance = 1};
    world->expert.spec = (NetSpec){.height = 1, .width = 1, .channels = 2, .chunk = 64};
    if (world->data.conditional)
        world->expert.spec.classes = world->data.classes;
    return world;
}

/* All data at one point: a DDIM path then follows the forward law exactly, whatever the
 * number of steps. */
static World *world_at_a_point(int threads)
{
    World *world = world_of("ring", threads, NULL, 0);
    world->law =
        (Mixture){.n = 1, .deviation = 1e-4, .labels = 1, .weight = {1}, .mean = {{0.6, -0.4}}};
    world->data.mixture = &world->law;
    return world;
}

static Policy policy_of(const World *world, const Mixture *law, int steps, int substeps, Rule rule)
{
    Policy policy = {.denoiser = world->expert, .steps = steps, .substeps = substeps, .rule = rule};
    policy.denoiser.mixture = law;
    return policy;
}

/* One teacher step is the label: the expert's own estimate. */
static void label(const void *context, Arena *arena, const States *at, float *x0)
{
    World *world = (World *)context;
    double *u = arena_new(arena, double, at->n);
    for (int r = 0; r < at->n; r++)
        u[r] = (double)at->i[r] / at->steps;
    denoise(&world->expert, arena, at->n, at->z, u, at->label, x0);
    for (int k = 0; k < 2 * at->n; k++)
        x0[k] += (float)world->tilt * at->z[k];
    atomic_fetch_add(&world->asked, at->n);
}

static Shift *open_shift(World *world, int n, int steps, int substeps)
{
    ShiftSetup setup = {.n = n,
                        .seed = world->seed,
                        .data = &world->data,
                        .label = label,
                        .context = world,
                        .label_cost = denoiser_cost(&world->expert)};
    setup.teacher = policy_of(world, &world->law, steps, substeps, RULE_DDIM);
    return shift_open(&setup, &world->keep);
}

static void measure(World *world, Shift *shift, const Policy *student, ShiftRow *rows)
{
    double cost = shift_measure(shift, world->crew, &world->scratch, student, rows);
    assert_near(cost, shift_cost(shift, student), 0);
}

/* ---- Laws that are known ---- */

static void assert_no_shift(const char *name, double guidance)
{
    World *world = world_of(name, 1, NULL, 0);
    world->expert.guidance = guidance;
    Shift *shift = open_shift(world, 128, 4, 1);
    Policy student = policy_of(world, &world->law, 4, 1, RULE_DDIM);
    ShiftRow rows[4];
    measure(world, shift, &student, rows);
    for (int s = 0; s < 4; s++) {
        assert_near(rows[s].own, 0, 1e-12);
        assert_near(rows[s].forward, 0, 1e-12);
        assert_near(rows[s].ratio, 1, 0);
        assert_near(rows[s].low, 1, 0);
        assert_near(rows[s].high, 1, 0);
        assert_near(rows[s].paired, 0, 0);
        /* Two independent batches of one law; one batch with itself would be far below
         * zero. */
        assert_true(fabs(rows[s].mmd2_teacher) < rows[s].null95_teacher);
    }
    world_free(world);
}

static void test_a_perfect_student_has_no_shift(void **state)
{
    (void)state;
    assert_no_shift("ring", 1);
    assert_no_shift("moons", 3);
}

/* Own law = forward law: the two disagreements are two estimates of one number. */
static void test_equal_laws_give_ratio_one(void **state)
{
    (void)state;
    static const Rule rules[] = {RULE_DDIM, RULE_RENOISE};
    for (int k = 0; k < 2; k++) {
        World *world = world_at_a_point(1);
        world->tilt = 0.3;
        Shift *shift = open_shift(world, 256, 4, 3);
        Policy student = policy_of(world, &world->law, 4, 1, rules[k]);
        ShiftRow rows[4];
        measure(world, shift, &student, rows);
        for (int s = 0; s < 4; s++) {
            double u = (4 - s) / 4.0, a = cos(1.5707963 * u), b = sin(1.5707963 * u);
            double expected =
                0.09 * (a * a * 0.26 + b * b); /* tilt^2 E z^2, mean over coordinates */
            assert_near(rows[s].own, expected, 0.2 * expected);
            assert_near(rows[s].forward, expected, 0.2 * expected);
            assert_near(rows[s].ratio, 1, 0.3);
            assert_true(rows[s].low < 1 && rows[s].high > 1);
        }
        world_free(world);
    }
}

/* The bands are what they say: under equal laws 5 % of measurements exceed them. */
static void test_null_bands_are_calibrated(void **state)
{
    (void)state;
    enum { SEEDS = 40, N = 48 };
    int forward = 0, teacher = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        World *world = world_at_a_point(1);
        world->seed = (uint64_t)seed;
        Shift *shift = open_shift(world, N, 4, 3);
        Policy student = policy_of(world, &world->law, 4, 1, RULE_RENOISE);
        ShiftRow rows[4];
        measure(world, shift, &student, rows);
        for (int s = 0; s < 4; s++) {
            forward += rows[s].mmd2 > rows[s].null95;
            teacher += rows[s].mmd2_teacher > rows[s].null95_teacher;
        }
        world_free(world);
    }
    assert_in_range(forward, 1, 20); /* 8 of 160 expected */
    assert_in_range(teacher, 1, 20);
}

/* A student whose every estimate is off by b: its states leave the teacher's by b
 * (alpha_s - alpha_1 sigma_s / sigma_1). */
static void test_a_biased_student_is_found_out(void **state)
{
    (void)state;
    World *world = world_at_a_point(1);
    Shift *shift = open_shift(world, 256, 4, 1);
    Mixture biased = world->law;
    const double b[2] = {0.5, -1};
    for (int c = 0; c < 2; c++)
        biased.mean[0][c] += b[c];
    Policy student = policy_of(world, &biased, 4, 1, RULE_DDIM);
    ShiftRow rows[4];
    measure(world, shift, &student, rows);
    assert_near(rows[0].paired, 0, 0);
    assert_true(rows[0].mmd2 < rows[0].null95 && rows[0].mmd2_teacher < rows[0].null95_teacher);
    for (int s = 0; s < 4; s++) {
        double u = (4 - s) / 4.0, a = cos(1.5707963 * u), noise = sin(1.5707963 * u);
        assert_near(rows[s].own, 0.625, 1e-3); /* |b|^2 / 2 on any state */
        assert_near(rows[s].forward, 0.625, 1e-3);
        assert_near(rows[s].ratio, 1, 1e-3);
        double moved = 1.25 * a * a, size = a * a * 0.52 + 2 * noise * noise;
        assert_near(rows[s].paired, moved / size, 0.2 * moved / size + 1e-6);
        if (s > 0) {
            assert_true(rows[s].mmd2 > 2 * rows[s].null95);
            assert_true(rows[s].mmd2_teacher > 2 * rows[s].null95_teacher);
        }
    }
    world_free(world);
}

/* The forward law is what the distiller sees: with modes withheld, a perfect student of
 * the whole ring is far from it. */
static void test_forward_law_is_the_distillers(void **state)
{
    (void)state;
    World *world = world_of("ring", 1, (int[]){0, 1, 2}, 3);
    Shift *shift = open_shift(world, 128, 4, 8);
    Policy student = policy_of(world, &world->law, 4, 8, RULE_DDIM);
    ShiftRow rows[4];
    measure(world, shift, &student, rows);
    assert_true(rows[3].mmd2 > 5 * rows[3].null95);
    assert_true(rows[3].mmd2_teacher < rows[3].null95_teacher);
    assert_true(rows[0].mmd2 < rows[0].null95);
    world_free(world);
}

/* ---- Shape of an answer ---- */

/* A small network that nobody trained. */
static Denoiser stranger(const World *world, Arena *arena)
{
    NetSpec spec = {.kind = &net_mlp,
                    .height = 1,
                    .width = 1,
                    .channels = 2,
                    .hidden = 16,
                    .depth = 2,
                    .features = 8,
                    .time_scale = 30,
                    .time_range = 30,
                    .chunk = 48,
                    .classes = world->expert.spec.classes};
    assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
    float *weights = arena_floats(arena, net_size(&spec));
    net_init(&spec, 5, weights);
    return (Denoiser){.spec = spec, .weights = weights, .guidance = 1};
}

static void test_rows_stand_in_the_order_of_sampling(void **state)
{
    (void)state;
    World *world = world_of("moons", 1, NULL, 0);
    Shift *shift = open_shift(world, 100, 5, 2);
    Policy student = {.denoiser = stranger(world, &world->keep), .steps = 5, .substeps = 1};
    ShiftRow rows[5];
    measure(world, shift, &student, rows);
    for (int s = 0; s < 5; s++) {
        const ShiftRow *row = &rows[s];
        assert_int_equal(row->i, 5 - s);
        assert_near(row->time, (5 - s) / 5.0, 1e-15);
        assert_near(row->ratio, row->own / row->forward, 1e-12 * row->ratio);
        assert_true(row->low <= row->ratio && row->ratio <= row->high && row->low < row->high);
        assert_true(row->low > row->ratio / 3 && row->high < row->ratio * 3);
        assert_true(row->null95 > 0 && row->null95_teacher > 0);
    }
    assert_near(rows[0].paired, 0, 0);
    assert_true(rows[4].paired > rows[1].paired); /* errors add up */
    world_free(world);
}

static void test_same_bits_again_and_with_two_threads(void **state)
{
    (void)state;
    static const Rule rules[] = {RULE_DDIM, RULE_RENOISE};
    for (int k = 0; k < 2; k++) {
        ShiftRow rows[3][4];
        for (int threads = 1; threads <= 2; threads++) {
            World *world = world_of("moons", threads, NULL, 0);
            world->expert.guidance = 2;
            Shift *shift = open_shift(world, 200, 4, 2);
            Policy student = {.denoiser = stranger(world, &world->keep),
                              .steps = 4,
                              .substeps = 1,
                              .rule = rules[k]};
            measure(world, shift, &student, rows[threads]);
            size_t mark = world->scratch.used;
            measure(world, shift, &student, rows[0]);
            assert_int_equal(world->scratch.used, mark);
            assert_same_shift(4, rows[0], rows[threads]);
            world_free(world);
        }
        assert_same_shift(4, rows[1], rows[2]);
    }
}

/* Another student is compared with the same laws: the bands stay. */
static void test_bands_do_not_depend_on_the_student(void **state)
{
    (void)state;
    World *world = world_of("ring", 1, NULL, 0);
    Shift *shift = open_shift(world, 128, 4, 2);
    Policy one = {.denoiser = stranger(world, &world->keep), .steps = 4, .substeps = 1};
    Policy two = policy_of(world, &world->law, 4, 1, RULE_DDIM);
    ShiftRow a[4], b[4];
    measure(world, shift, &one, a);
    measure(world, shift, &two, b);
    for (int s = 0; s < 4; s++) {
        assert_near(a[s].null95, b[s].null95, 0);
        assert_near(a[s].null95_teacher, b[s].null95_teacher, 0);
    }
    world_free(world);
}

static void test_one_step(void **state)
{
    (void)state;
    World *world = world_of("ring", 1, NULL, 0);
    Shift *shift = open_shift(world, 64, 1, 4);
    Policy student = {.denoiser = stranger(world, &world->keep), .steps = 1, .substeps = 1};
    ShiftRow row;
    int worst = -1;
    measure(world, shift, &student, &row);
    assert_int_equal(row.i, 1);
    assert_near(row.time, 1, 0);
    assert_near(row.paired, 0, 0);
    assert_true(row.mmd2 < row.null95);
    assert_near(shift_worst(&row, 1, &worst), row.ratio, 0);
    assert_int_equal(worst, 0);
    world_free(world);
}

static void test_worst_leaves_the_noise_out(void **state)
{
    (void)state;
    ShiftRow rows[4] = {{.ratio = 9}, {.ratio = 1.5}, {.ratio = 3}, {.ratio = 2}};
    int worst = -1;
    assert_near(shift_worst(rows, 4, &worst), 3, 0);
    assert_int_equal(worst, 2);
    rows[1].ratio = NAN;
    assert_near(shift_worst(rows, 4, &worst), 3, 0);
    assert_int_equal(worst, 2);
}

/* A method without labels gives the squared gap itself: the same numbers by the other
 * way. */
static void gap(const void *context, Arena *arena, const Policy *student, const States *at,
                double *squared)
{
    int n = at->n;
    float *x0 = arena_floats(arena, 2 * n), *wanted = arena_floats(arena, 2 * n);
    double *u = arena_new(arena, double, n);
    assert_true(at->first < 4 * 100);
    for (int r = 0; r < n; r++)
        u[r] = (double)at->i[r] / at->steps;
    policy_x0(student, arena, n, at->z, u, at->label, x0, NULL);
    label(context, arena, at, wanted);
    for (int r = 0; r < n; r++) {
        double dx = (double)(x0[2 * r] - wanted[2 * r]),
               dy = (double)(x0[2 * r + 1] - wanted[2 * r + 1]);
        squared[r] = (dx * dx + dy * dy) / 2;
    }
}

static void test_gaps_and_labels_agree(void **state)
{
    (void)state;
    World *world = world_of("moons", 2, NULL, 0);
    Policy student = {.denoiser = stranger(world, &world->keep), .steps = 4, .substeps = 1};
    ShiftSetup setup = {.n = 100,
                        .seed = world->seed,
                        .data = &world->data,
                        .gap = gap,
                        .context = world,
                        .label_cost = 5};
    setup.teacher = policy_of(world, &world->law, 4, 2, RULE_DDIM);
    Shift *by_label = open_shift(world, 100, 4, 2), *by_gap = shift_open(&setup, &world->keep);
    ShiftRow a[4], b[4];
    measure(world, by_label, &student, a);
    measure(world, by_gap, &student, b);
    for (int s = 0; s < 4; s++) {
        assert_near(a[s].own, b[s].own, 1e-6 * a[s].own);
        assert_near(a[s].forward, b[s].forward, 1e-6 * a[s].forward);
        assert_near(a[s].low, b[s].low, 1e-6 * a[s].low);
        assert_near(a[s].mmd2, b[s].mmd2, 0);
        assert_near(a[s].paired, b[s].paired, 0);
    }
    assert_near(shift_cost(by_gap, &student), 400 * (1 + 2 * 5),
                0); /* roll-outs; a gap on own and forward states */
    assert_near(shift_setup_cost(by_gap), 2 * 400 * 2, 0); /* teacher roll-outs only */
    world_free(world);
}

/* ---- Cost ---- */

static void test_cost_equals_a_count_by_hand(void **state)
{
    (void)state;
    World *world = world_of("moons", 1, NULL, 0);
    world->expert.guidance = 3; /* two evaluations an estimate */
    Shift *shift = open_shift(world, 50, 4, 6);
    Policy student = {.denoiser = stranger(world, &world->keep), .steps = 4, .substeps = 1};
    ShiftRow rows[4];
    /* Own states and forward states: 4 x 50 estimates each; labels of the own states, 2
     * evaluations each. */
    assert_near(shift_cost(shift, &student), 200 + 200 + 200 * 2, 0);
    /* Once: labels of the forward states; two batches of teacher roll-outs, 6 guided
     * sub-steps a step. */
    assert_near(shift_setup_cost(shift), 200 * 2 + 2 * 200 * 6 * 2, 0);
    measure(world, shift, &student, rows);
    assert_int_equal(atomic_load(&world->asked), 2 * 200);
    measure(world, shift, &student, rows);
    assert_int_equal(atomic_load(&world->asked), 3 * 200);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_perfect_student_has_no_shift),
        cmocka_unit_test(test_equal_laws_give_ratio_one),
        cmocka_unit_test(test_null_bands_are_calibrated),
        cmocka_unit_test(test_a_biased_student_is_found_out),
        cmocka_unit_test(test_forward_law_is_the_distillers),
        cmocka_unit_test(test_rows_stand_in_the_order_of_sampling),
        cmocka_unit_test(test_same_bits_again_and_with_two_threads),
        cmocka_unit_test(test_bands_do_not_depend_on_the_student),
        cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_worst_leaves_the_noise_out),
        cmocka_unit_test(test_gaps_and_labels_agree),
        cmocka_unit_test(test_cost_equals_a_count_by_hand),
    };
    return cmocka_run_group_tests_name("shift", tests, NULL, NULL);
}
