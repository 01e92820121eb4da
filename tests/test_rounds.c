/* Progressive rounds: steps halve, the student becomes the teacher, rate and moments begin anew,
 * and a run can stop anywhere inside. */
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <string.h>

#define TEXT                                                                                       \
    "[run]\nmethod = pd\nbatch = 200\nsteps = 30\n[data]\nname = ring\n"                           \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\n"                                                 \
    "[student]\ninit = pretrain\npretrain_steps = 4\nsteps = 2\n"                                  \
    "[source]\nbeta_data = 0.4\nbeta_teacher = 0.3\nbeta_student = 0.3\nwarmup = 0\n"              \
    "capacity = 32\nteacher_capacity = 32\n[pd]\nsubsteps = 3\n"

static void test_marks_grid_and_rate(void **state)
{
    (void)state;
    Bench *bench = bench_open(TEXT "rounds = 3\n", 1);
    Lab *lab = &bench->lab;
    StepReport report;
    bench_start(bench, 4);
    assert_int_equal(lab->source.grid.steps, 8);
    for (long i = 0; i < 30; i++) {
        lab_step(lab, i, &report);
        const char *mark = i == 10   ? "round 2: 8 -> 4 steps"
                           : i == 20 ? "round 3: 4 -> 2 steps"
                                     : "";
        assert_string_equal(report.mark, mark);
        assert_null(report.broken);
        assert_near(report.lr, 1e-3 * (1 - (double)(i % 10) / 10), 1e-12);
        assert_int_equal(lab->student.updates, i % 10 + 1);
        assert_int_equal(lab->source.grid.steps, 8 >> i / 10);
        assert_int_equal(lab->source.student.stages, 8 >> i / 10);
    }
    assert_int_equal(lab->grid.steps, 2); /* sampling and measuring */
    bench_close(bench);
}

/* In the second round the target is two steps of the student as the first one left it. */
static void test_student_becomes_teacher(void **state)
{
    (void)state;
    Bench *bench = bench_open(TEXT "rounds = 2\n[threshold]\nkind = none\n", 1);
    Lab *lab = &bench->lab;
    StepReport report;
    double teacher, student, before[2];
    bench_start(bench, 4);
    lab->method->cost(lab, &before[0], &student);
    bench_advance(bench, 0, 15);
    Policy expert = lab_student(lab, false, 0); /* EMA */
    float *weights = arena_floats(lab->keep, lab->student.size);
    memcpy(weights, lab->student.ema, lab->student.size * sizeof(float));
    expert.denoiser.weights = weights;
    lab->adam.lr = 0;
    lab->clock = 15;
    lab->method->before(lab, 15, &report);
    lab->method->cost(lab, &teacher, &student);
    assert_near(before[0], 3, 0);
    assert_near(teacher, 2, 0);
    assert_memory_equal(lab->student.weights, weights, lab->student.size * sizeof(float));
    assert_int_equal(lab->student.updates, 0);
    /* At u = 1 and N = 2 the loss of one row is that of two DDIM steps of the expert. */
    Chunk chunk = {.lab = lab, .arena = lab->step, .scale = 1};
    float z[2] = {0.4f, -1.1f}, each, x[2], end[2], target[2], own[2];
    double u = 1;
    int point = 2, label = 0;
    unsigned char origin = 0;
    chunk.rows =
        (Batch){.n = 1, .z = z, .u = &u, .point = &point, .label = &label, .origin = &origin};
    chunk.each = &each;
    tape_begin(&chunk.tape, lab->step, false);
    lab->method->loss(&chunk);
    memcpy(end, z, sizeof z);
    for (int k = 0; k < 2; k++) {
        double from = 1 - k * 0.25;
        policy_x0(&expert, lab->step, 1, end, &from, &label, x, NULL);
        if (k == 0)
            memcpy(own, x, sizeof x);
        step_ddim(2, noise_at(lab->schedule, from), noise_at(lab->schedule, from - 0.25), end, x,
                  end);
    }
    step_implied_x0(2, noise_at(lab->schedule, 1), noise_at(lab->schedule, 0.5), z, end, x, target);
    double square = 0;
    for (int k = 0; k < 2; k++)
        square += pow((double)own[k] - (double)target[k], 2) / 2;
    assert_near((double)each, square, 1e-5 * square + 1e-7);
    bench_close(bench);
}

/* Stopped inside the second round, by other threads: the same bits. */
static void test_resume_inside_a_round(void **state)
{
    (void)state;
    Bench *whole = bench_open(TEXT "rounds = 3\n", 1);
    Bench *first = bench_open(TEXT "rounds = 3\n", 2);
    Bench *second = bench_open(TEXT "rounds = 3\n", 2);
    bench_start(whole, 4);
    bench_start(first, 4);
    bench_advance(whole, 0, 25);
    bench_advance(first, 0, 14);
    State taken = state_take(&first->lab);
    state_give(&taken, &second->lab);
    bench_advance(second, 14, 25);
    assert_true(state_of_same(&whole->lab, &second->lab));
    state_drop(&taken);
    bench_close(whole);
    bench_close(first);
    bench_close(second);
}

static void test_too_many_steps_are_refused(void **state)
{
    (void)state;
    Config config;
    Error error;
    Lab lab;
    Arena keep, step;
    Crew *crew = crew_new(1);
    arena_init(&keep, (size_t)1 << 28);
    arena_init(&step, (size_t)1 << 28);
    lab_config_init(&config);
    assert_int_equal(config_read_text(&config, "x.ini",
                                      "[run]\nmethod = pd\n[data]\nname = ring\n[student]\n"
                                      "init = random\nsteps = 64\n[pd]\nrounds = 4\n",
                                      &error),
                     STATUS_OK);
    assert_int_equal(lab_open(&lab, &config, crew, &keep, &step, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "pd.rounds = 4"));
    arena_done(&keep);
    arena_done(&step);
    crew_free(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_grid_and_rate),
        cmocka_unit_test(test_student_becomes_teacher),
        cmocka_unit_test(test_resume_inside_a_round),
        cmocka_unit_test(test_too_many_steps_are_refused),
    };
    return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}
