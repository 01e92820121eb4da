/* The mixture of training states: priors and their schedules, and the draw of a row. */
#include "engine/base/file.h"
#include "tests/draws.h"
#include "tests/near.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Priors ---- */

static void assert_priors(const Lab *lab, long step, double data, double teacher, double student)
{
    double beta[ORIGINS];
    source_priors(&lab->source, step, lab->span, beta);
    assert_near(beta[ORIGIN_DATA], data, 1e-12);
    assert_near(beta[ORIGIN_TEACHER], teacher, 1e-12);
    assert_near(beta[ORIGIN_STUDENT], student, 1e-12);
}

static void set_priors(Lab *lab, PriorSchedule schedule, double data, double teacher,
                       double student)
{
    SourceSettings *set = &lab->source.set;
    set->schedule = schedule;
    set->beta[ORIGIN_DATA] = data;
    set->beta[ORIGIN_TEACHER] = teacher;
    set->beta[ORIGIN_STUDENT] = student;
    set->warmup = 0.1;
    set->beta_floor = 0.2;
}

static void test_priors_sum_to_one(void **state)
{
    (void)state;
    /* clang-format off */
    static const double betas[][3] = {
        {1,   0,    0   },
        {0.5, 0.25, 0.25},
        {0,   0,    1   },
        {0,   1,    0   },
        {0.1, 0,    0.9 }
    };
    /* clang-format on */
    Bench *bench = bench_open(PD, 1);
    Source *source = &bench->lab.source;
    for (int schedule = PRIOR_CONSTANT; schedule <= PRIOR_ADAPTIVE; schedule++)
        for (int b = 0; b < 5; b++)
            for (long step = 0; step < 100; step++) {
                double beta[ORIGINS], sum = 0;
                set_priors(&bench->lab, (PriorSchedule)schedule, betas[b][0], betas[b][1],
                           betas[b][2]);
                source->measured_shift = 0.1 * (double)step;
                source->student.made = 10 * step;
                source_priors(source, step, 100, beta);
                for (int o = 0; o < ORIGINS; o++) {
                    assert_true(beta[o] >= -1e-15 && beta[o] <= 1 + 1e-15);
                    sum += beta[o];
                }
                assert_near(sum, 1, 1e-12);
                bool moved = schedule != PRIOR_CONSTANT || step < 10;
                assert_true(!moved || beta[ORIGIN_DATA] >= 0.2 - 1e-12);
            }
    bench_close(bench);
}

static void test_warm_up_is_data_only(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD, 1);
    for (int schedule = PRIOR_CONSTANT; schedule <= PRIOR_ADAPTIVE; schedule++) {
        set_priors(&bench->lab, (PriorSchedule)schedule, 0.5, 0.25, 0.25);
        assert_priors(&bench->lab, 0, 1, 0, 0);
        if (schedule != PRIOR_LINEAR)
            assert_priors(&bench->lab, 9, 1, 0, 0);
    }
    set_priors(&bench->lab, PRIOR_CONSTANT, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 10, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 99, 0.5, 0.2, 0.3);
    bench_close(bench);
}

static void test_linear_and_indicator(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD, 1);
    set_priors(&bench->lab, PRIOR_LINEAR, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 5, 0.75, 0.1, 0.15);
    assert_priors(&bench->lab, 10, 0.5, 0.2, 0.3);
    set_priors(&bench->lab, PRIOR_LINEAR, 0, 0.25, 0.75);
    assert_priors(&bench->lab, 50, 0.2, 0.2, 0.6); /* the floor */
    set_priors(&bench->lab, PRIOR_INDICATOR, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 10, 0.2, 0.32, 0.48);
    set_priors(&bench->lab, PRIOR_INDICATOR, 1, 0, 0);
    assert_priors(&bench->lab, 10, 1, 0, 0);
    bench_close(bench);
}

/* DAgger's rounds: on-policy share (1 - 2^-k), k = 1 before the ring was first renewed as
 * a whole. */
static void test_geometric_rounds(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE, 1);
    Source *source = &bench->lab.source;
    for (int round = 0; round < 6; round++) {
        set_priors(&bench->lab, PRIOR_GEOMETRIC, 0.4, 0.2, 0.4);
        double share = 1 - pow(0.5, round + 1);
        source->student.made = (int64_t)round * source->student.capacity;
        assert_priors(&bench->lab, 10, 1 - 0.6 * share, 0.2 * share, 0.4 * share);
        source->student.made += source->student.capacity - 1;
        assert_priors(&bench->lab, 10, 1 - 0.6 * share, 0.2 * share, 0.4 * share);
    }
    bench_close(bench);
}

static void test_adaptive_follows_the_shift(void **state)
{
    (void)state;
    static const double ratio[] = {0, 0.5, 1, 1.25, 2, 3, 50},
                        share[] = {0.1, 0.1, 0.1, 0.2, 0.5, 2.0 / 3, 0.7};
    Bench *bench = bench_open(PD, 1);
    set_priors(&bench->lab, PRIOR_ADAPTIVE, 0.6, 0.2, 0.2);
    bench->lab.source.set.beta_floor = 0;
    for (int k = 0; k < 7; k++) {
        bench->lab.source.measured_shift = ratio[k];
        assert_priors(&bench->lab, 50, 0.75 * (1 - share[k]), 0.25 * (1 - share[k]), share[k]);
    }
    bench_close(bench);
}

/* ---- Drawing ---- */

static void test_origins_and_points_have_their_frequencies(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    int origin[ORIGINS] = {0}, point[4] = {0};
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw);
    for (int r = 0; r < ROWS; r++) {
        origin[d->origin[r]]++;
        point[d->point[r] - 1]++;
        assert_near(d->u[r], d->point[r] / 4.0, 0);
        assert_true(d->chance[r] > 0 && d->chance[r] < 1);
    }
    assert_true(chi_square(ORIGINS, origin, draw.beta) < 13.8); /* 1 in 1000 */
    assert_true(chi_square(4, point, (double[]){0.25, 0.25, 0.25, 0.25}) < 16.3);
    free(d);
    bench_close(bench);
}

static void test_draws_depend_on_row_and_step_alone(void **state)
{
    (void)state;
    Bench *bench = bench_open(LCM SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw), *back = drawn_new();
    for (int r = ROWS - 1; r >= 0; r--)
        source_draw(&lab->source, &draw, r, &back->batch);
    assert_memory_equal(d->z, back->z, sizeof d->z);
    assert_memory_equal(d->label, back->label, sizeof d->label);
    draw.step++;
    Drawn *later = draw_all(lab, &draw);
    int same = 0;
    for (int k = 0; k < 2 * ROWS; k++)
        same += d->z[k] == later->z[k];
    assert_true(same < ROWS / 100);
    free(d), free(back), free(later);
    bench_close(bench);
}

/* Further batches of a step are others, and fresh noise changes no row. */
static void test_repeats_and_noise(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *plain = draw_all(lab, &draw), *noised = drawn_new();
    static float noise[2 * ROWS];
    noised->batch.noise = noise;
    double mean = 0, square = 0;
    for (int r = 0; r < ROWS; r++)
        source_draw(&lab->source, &draw, r, &noised->batch);
    for (int k = 0; k < 2 * ROWS; k++) {
        mean += (double)noise[k] / (2 * ROWS);
        square += (double)noise[k] * (double)noise[k] / (2 * ROWS);
    }
    assert_memory_equal(plain->z, noised->z, sizeof plain->z);
    assert_near(mean, 0, 4 / sqrt(2.0 * ROWS));
    assert_near(square, 1, 4 * sqrt(1.0 / ROWS));
    draw.repeat = 1;
    Drawn *other = draw_all(lab, &draw);
    int same = 0;
    for (int k = 0; k < 2 * ROWS; k++)
        same += plain->x[k] != 0 && plain->x[k] == other->x[k];
    assert_int_equal(same, 0);
    free(plain), free(noised), free(other);
    bench_close(bench);
}

/* Data rows are z = alpha x + sigma eps with eps N(0, I), on stratified times when they
 * are continuous. */
static void test_data_rows_are_forward_noised(void **state)
{
    (void)state;
    for (int continuous = 0; continuous < 2; continuous++) {
        Bench *bench = bench_open(
            continuous ? "[run]\nmethod = diffusion\n[data]\nname = ring\n" SMALL : PD, 1);
        Draw draw = draw_at(&bench->lab, 3);
        Drawn *d = draw_all(&bench->lab, &draw);
        double mean = 0, square = 0;
        for (int r = 0; r < ROWS; r++) {
            Noise t = noise_at(bench->lab.schedule, d->u[r]);
            assert_int_equal(d->origin[r], ORIGIN_DATA);
            assert_true(!continuous || (int)(d->u[r] * ROWS) == r);
            for (int k = 2 * r; k < 2 * r + 2; k++) {
                double eps = eps_from_x(t, (double)d->z[k], (double)d->x[k]);
                mean += eps / (2 * ROWS);
                square += eps * eps / (2 * ROWS);
            }
        }
        assert_near(mean, 0, 4 / sqrt(2.0 * ROWS));
        assert_near(square, 1, 4 * sqrt(2 / (2.0 * ROWS)));
        free(d);
        bench_close(bench);
    }
}

static void test_empty_rings_give_data(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE "beta_data = 0\nbeta_teacher = 1\nbeta_student = 1\n", 1);
    Draw draw = draw_at(&bench->lab, 0);
    Drawn *d = draw_all(&bench->lab, &draw);
    for (int r = 0; r < ROWS; r++)
        assert_int_equal(d->origin[r], ORIGIN_DATA);
    free(d);
    bench_close(bench);
}

/* ---- Keep, limit, labels ---- */

static void test_keep_touches_data_rows_only(void **state)
{
    (void)state;
    Bench *bench = bench_open(
        "[run]\nmethod = pd\nsteps = 100\n[data]\nname = ring\nconditional = yes\n"
        "keep = 0,1,2\n[teacher]\nguidance = 2\n" SMALL "[source]\nwarmup = 0\ncapacity = 512\n"
        "teacher_capacity = 512\n" MIXED,
        1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw);
    int data[8] = {0}, student[8] = {0}, teacher[8] = {0};
    for (int r = 0; r < ROWS; r++)
        (d->origin[r] == ORIGIN_DATA      ? data
         : d->origin[r] == ORIGIN_STUDENT ? student
                                          : teacher)[d->label[r]]++;
    const double third = 1.0 / 3, eighth = 0.125;
    assert_true(chi_square(8, data, (double[]){third, third, third, 0, 0, 0, 0, 0}) < 13.8);
    /* The rings' own labels: each roll-out once. */
    const Replay *rings[] = {&lab->source.student, &lab->source.teacher};
    for (int k = 0; k < 2; k++) {
        int count[8] = {0};
        for (int n = 0; n < rings[k]->filled; n++)
            count[rings[k]->label[n]]++;
        assert_true(chi_square(8, count,
                               (double[]){eighth, eighth, eighth, eighth, eighth, eighth, eighth,
                                          eighth}) < 24.3);
    }
    for (int c = 0; c < 8; c++)
        assert_true(student[c] > 0 && teacher[c] > 0);
    free(d);
    bench_close(bench);
}

static void test_limit_touches_data_rows_only(void **state)
{
    (void)state;
    Bench *bench = bench_open(
        "[run]\nmethod = pd\nsteps = 100\n[data]\nname = ring\nlimit = 5\n" SMALL SOURCE MIXED, 1);
    Bench *whole = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    bench_start(bench, 0);
    bench_start(whole, 0);
    refill(lab, FILL);
    refill(&whole->lab, FILL);
    assert_true(state_of_same(lab, &whole->lab)); /* same rings, whatever the data */
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw), *w = draw_all(&whole->lab, &draw);
    float seen[5][2];
    int n = 0;
    for (int r = 0; r < ROWS; r++) {
        assert_int_equal(d->origin[r], w->origin[r]);
        if (d->origin[r] != ORIGIN_DATA) {
            assert_memory_equal(d->z + 2 * r, w->z + 2 * r, 2 * sizeof(float));
            continue;
        }
        int k = 0;
        while (k < n && memcmp(seen[k], d->x + 2 * r, sizeof seen[k]))
            k++;
        assert_true(k < 5);
        if (k == n)
            memcpy(seen[n++], d->x + 2 * r, sizeof seen[0]);
    }
    assert_int_equal(n, 5);
    free(d), free(w);
    bench_close(bench);
    bench_close(whole);
}

/* Which of "a|b|c" a word is. */
static int word_at(const char *word, const char *choices)
{
    int n = 0;
    for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|', n++)
        if (strncmp(at, word, strlen(word)) == 0 && strcspn(at, "|") == strlen(word))
            return n;
    fail_msg("no schedule %s", word);
    return -1;
}

/* tests/vectors/priors.txt: assets/python/ddil_lab.py says the same. */
static void check_line(Source *source, const char *line)
{
    double beta[ORIGINS], want[ORIGINS], clock, shift, made;
    char word[24];
    int n;
    SourceSettings *set = &source->set;
    assert_int_equal(sscanf(line, "%23s %lf %lf %lf %lf %lf %lf 100 %lf %lf %lf %lf %lf%n", word,
                            &set->beta[0], &set->beta[1], &set->beta[2], &set->warmup,
                            &set->beta_floor, &clock, &shift, &made, &want[0], &want[1], &want[2],
                            &n),
                     12);
    set->schedule = (PriorSchedule)word_at(word, PRIOR_CHOICES);
    set->capacity = set->teacher_capacity = source->student.capacity = source->teacher.capacity =
        64;
    source->student.made = source->teacher.made = (int64_t)made;
    source->measured_shift = fmax(shift, shift / 2);
    source->shift_steps = source->grid.steps = source->grid.points = 3;
    source->shift[2] = 5; /* pure noise: it does not count */
    source->shift[1] = shift;
    source->shift[0] = shift / 2;
    source_priors(source, clock, 100, beta);
    for (int o = 0; o < ORIGINS; o++)
        assert_near(beta[o], want[o], 1e-12);
}

static void test_priors_are_those_of_the_python_client(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD, 1);
    Source before = bench->lab.source;
    char *text, *rest, *line;
    size_t size;
    int lines = 0;
    assert_int_equal(file_read("tests/vectors/priors.txt", 1 << 20, &text, &size, NULL), STATUS_OK);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++)
        check_line(&bench->lab.source, line);
    assert_true(lines > 300);
    bench->lab.source = before;
    free(text);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priors_sum_to_one),
        cmocka_unit_test(test_warm_up_is_data_only),
        cmocka_unit_test(test_linear_and_indicator),
        cmocka_unit_test(test_geometric_rounds),
        cmocka_unit_test(test_adaptive_follows_the_shift),
        cmocka_unit_test(test_priors_are_those_of_the_python_client),
        cmocka_unit_test(test_origins_and_points_have_their_frequencies),
        cmocka_unit_test(test_draws_depend_on_row_and_step_alone),
        cmocka_unit_test(test_repeats_and_noise),
        cmocka_unit_test(test_data_rows_are_forward_noised),
        cmocka_unit_test(test_empty_rings_give_data),
        cmocka_unit_test(test_keep_touches_data_rows_only),
        cmocka_unit_test(test_limit_touches_data_rows_only),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
