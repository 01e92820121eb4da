/* Covariate shift of the methods themselves, and of pictures. */
#include "engine/distill/train.h"
#include "engine/measure/shift.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdlib.h>

/* ---- Pictures ---- */

enum { SIDE = 28, PIXELS = SIDE * SIDE, PICTURES = 40 };

/* Pictures with three degrees of freedom: bars of random strength. */
static Dataset draw_pictures(Arena *arena)
{
    uint8_t *x = arena_alloc(arena, PICTURES * PIXELS);
    int *told = arena_new(arena, int, PICTURES), *seen = arena_new(arena, int, PICTURES);
    for (int r = 0; r < PICTURES; r++) {
        seen[r] = r;
        for (int p = 0; p < PIXELS; p++)
            x[r * PIXELS + p] =
                (uint8_t)(128 + 114 * vectors_wave((uint32_t)(3 * r + p % SIDE * 3 / SIDE), 4));
    }
    return (Dataset){.height = SIDE,
                     .width = SIDE,
                     .channels = 1,
                     .dims = PIXELS,
                     .classes = 1,
                     .n = PICTURES,
                     .x = x,
                     .label = told,
                     .n_seen = PICTURES,
                     .seen = seen};
}

static Denoiser picture_net(Arena *arena, uint64_t seed)
{
    NetSpec spec = {.kind = &net_patch_unet,
                    .height = SIDE,
                    .width = SIDE,
                    .channels = 1,
                    .hidden = 8,
                    .coarse = 8,
                    .depth = 1,
                    .coarse_depth = 1,
                    .embed = 8,
                    .features = 8};
    assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
    float *weights = arena_floats(arena, net_size(&spec));
    net_init(&spec, seed, weights);
    for (size_t k = 0; k < net_size(&spec); k++)
        weights[k] +=
            0.02f * vectors_wave((uint32_t)k, (uint32_t)seed); /* the last layer starts at zero */
    return (Denoiser){.spec = spec, .weights = weights, .guidance = 1};
}

/* The picture teacher's estimate, one step. */
static void picture_label(const void *context, Arena *arena, const States *at, float *x0)
{
    double *u = arena_new(arena, double, at->n);
    for (int r = 0; r < at->n; r++)
        u[r] = (double)at->i[r] / at->steps;
    denoise(context, arena, at->n, at->z, u, at->label, x0);
}

static void measure_pictures(int threads, bool perfect, ShiftRow *rows)
{
    Crew *crew = crew_new(threads);
    Arena keep, scratch;
    arena_init(&keep, (size_t)1 << 28);
    arena_init(&scratch, (size_t)1 << 28);
    Dataset data = draw_pictures(&keep);
    Denoiser teacher = picture_net(&keep, 1), other = picture_net(&keep, 2);
    ShiftSetup setup = {.n = 24,
                        .seed = 3,
                        .data = &data,
                        .label = picture_label,
                        .context = &teacher,
                        .label_cost = 1};
    setup.teacher = (Policy){.denoiser = teacher, .steps = 2, .substeps = 1};
    Policy student = setup.teacher;
    if (!perfect)
        student.denoiser = other;
    shift_measure(shift_open(&setup, &keep), crew, &scratch, &student, rows);
    arena_done(&keep);
    arena_done(&scratch);
    crew_free(crew);
}

static void test_pictures_are_compared_in_principal_components(void **state)
{
    (void)state;
    ShiftRow perfect[2], one[2], two[2];
    measure_pictures(1, true, perfect);
    measure_pictures(1, false, one);
    measure_pictures(2, false, two);
    for (int s = 0; s < 2; s++) {
        assert_near(perfect[s].own, 0, 1e-10);
        assert_near(perfect[s].paired, 0, 0);
        assert_true(perfect[s].mmd2_teacher < perfect[s].null95_teacher);
        assert_true(isfinite(one[s].mmd2) && isfinite(one[s].mmd2_teacher) && one[s].own > 0);
    }
    assert_same_shift(2, one, two);
    assert_true(one[0].mmd2 < one[0].null95); /* i = N: both are noise */
    assert_true(one[1].paired > 0);
}

/* ---- Through a lab ---- */

/* Every method's own label, student and teacher fit together; a training step changes the
 * answer, a measurement changes nothing. */
static void test_methods_measure_their_shift(void **state)
{
    (void)state;
    static const char *const text[] = {
        "[run]\nmethod = pd\nbatch = 64\n[data]\nname = ring\nkeep = 0,1\n[net]\nwidth = "
        "16\n[student]\ninit = random\n",
        "[run]\nmethod = lcm\nbatch = 64\n[data]\nname = moons\n[teacher]\nguidance = "
        "2\n[net]\nwidth = 16\n"
        "[student]\ninit = random\n"};
    for (int m = 0; m < 2; m++) {
        Bench *bench = bench_open(text[m], 2);
        Lab *lab = &bench->lab;
        Shift *shift = bench_shift(bench, 64, 2);
        bench_start(bench, 0);
        State before = state_take(lab);
        Policy student = lab_student(lab, false, 0);
        ShiftRow first[4], again[4];
        shift_measure(shift, bench->crew, &bench->step, &student, first);
        State after = state_take(lab);
        assert_true(state_same(&before, &after));
        bench_advance(bench, 0, 3);
        shift_measure(shift, bench->crew, &bench->step, &student, again);
        for (int s = 0; s < 4; s++)
            assert_true(again[s].own > 0 && again[s].own != first[s].own);
        state_drop(&before);
        state_drop(&after);
        bench_close(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_are_compared_in_principal_components),
        cmocka_unit_test(test_methods_measure_their_shift),
    };
    return cmocka_run_group_tests_name("shift of methods", tests, NULL, NULL);
}
