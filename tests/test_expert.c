/* Who rolls in for the teacher's origin: the teacher by another solver, a few-step model from a
 * file; and what does not fit. */
#include "engine/base/file.h"
#include "engine/nets/weights.h"
#include "tests/draws.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>

typedef struct Files {
    char folder[PATH_SIZE], expert[PATH_SIZE];
} Files;

static int enter(void **state)
{
    Files *files = calloc(1, sizeof *files);
    must(files);
    folder_new(files->folder);
    file_join(files->expert, files->folder, "expert.safetensors");
    *state = files;
    return 0;
}

static int leave(void **state)
{
    folder_gone(((Files *)*state)->folder);
    free(*state);
    return 0;
}

/* ---- The teacher's solver ---- */

/* Mean squared distance of the teacher ring's states to those of a fine roll-out from the same
 * noise. */
static double ring_error(const char *solver)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s%steacher_substeps = 3\nteacher_solver = %s\n", PD, SOURCE,
             MIXED, solver);
    Bench *bench = bench_open(text, 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.teacher;
    refill(lab, FILL);
    int n = ring->filled;
    float *noise = arena_floats(lab->step, 2 * n), *states = arena_floats(lab->step, 5 * 2 * n);
    for (int k = 0; k < n; k++)
        memcpy(noise + 2 * k, ring->row + (size_t)k * ring->stages * 2, 2 * sizeof *noise);
    Policy fine = lab_teacher(lab, 4, 200);
    fine.rule = RULE_DDIM;
    rollout(bench->crew, &(Rollout){.stream = STREAM_TEACHER,
                                    .policy = &fine,
                                    .n = n,
                                    .noise = noise,
                                    .label = ring->label,
                                    .states = states});
    double sum = 0;
    for (int k = 0; k < n; k++)
        for (int s = 1; s < ring->stages; s++)
            for (int c = 0; c < 2; c++) {
                double apart = (double)ring->row[((size_t)k * ring->stages + s) * 2 + c] -
                               (double)states[((size_t)s * n + k) * 2 + c];
                sum += apart * apart / n;
            }
    bench_close(bench);
    return sum;
}

/* Second order pays at few sub-steps. */
static void test_solver(void **state)
{
    (void)state;
    double ddim = ring_error("ddim"), dpmpp = ring_error("dpmpp");
    assert_true(ddim > 1e-4);
    assert_true(dpmpp < 0.5 * ddim);
}

/* ---- The expert ---- */

/* Saves a network unlike the student's, as `ddil export --weights` would. */
static void save_expert(const Files *files, NetSpec spec, const char *const *meta)
{
    Error error = {{0}};
    spec.hidden = 12;
    spec.depth = 1;
    float *weights = malloc(net_size(&spec) * sizeof *weights);
    must(weights);
    net_init(&spec, 123, weights);
    if (weights_save(files->expert, &spec, weights, meta, &error))
        fail_msg("%s", error.text);
    free(weights);
}

static NetSpec spec_of(const char *base)
{
    Bench *bench = bench_open(base, 1);
    NetSpec spec = bench->lab.student.spec;
    bench_close(bench);
    return spec;
}

static Bench *open_with(const char *base, const char *expert, const char *more)
{
    char text[3 * PATH_SIZE];
    snprintf(text, sizeof text, "%s%s%sexpert = %s\n%s", base, SOURCE, MIXED, expert, more);
    return bench_open(text, 1);
}

/* The ring holds what the expert's own sampler gives: 8 steps of its own, kept at the student's 4.
 */
static void test_expert_fills_the_teachers_ring(void **state)
{
    const Files *files = *state;
    const char *meta[] = {"method", "pd", "sampling_steps", "8", NULL};
    save_expert(files, spec_of(PD SOURCE), meta);
    Bench *bench = open_with(PD, files->expert, "");
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.teacher;
    double before = lab->cost.teacher;
    refill(lab, FILL);
    assert_int_equal(ring->stages, 4);
    assert_near(lab->cost.teacher - before, 8.0 * (double)ring->made, 0);
    int n = ring->filled;
    float *noise = arena_floats(lab->step, 2 * n), *states = arena_floats(lab->step, 9 * 2 * n);
    for (int k = 0; k < n; k++)
        memcpy(noise + 2 * k, ring->row + (size_t)k * 8, 2 * sizeof *noise);
    Policy plain = lab->expert;
    assert_int_equal(plain.steps, 8);
    assert_int_equal(plain.denoiser.spec.hidden, 12);
    plain.substeps = 1;
    rollout(bench->crew, &(Rollout){.stream = STREAM_TEACHER,
                                    .policy = &plain,
                                    .n = n,
                                    .noise = noise,
                                    .label = ring->label,
                                    .states = states});
    for (int k = 0; k < n; k++)
        for (int s = 0; s < 4; s++)
            for (int c = 0; c < 2; c++)
                assert_near(ring->row[(size_t)k * 8 + s * 2 + c],
                            states[((size_t)2 * s * n + k) * 2 + c], 1e-6);
    bench_close(bench);
}

/* For a consistency method the ring keeps the expert's estimates, which rows re-noise to every
 * solver point. */
static void test_expert_of_a_consistency_method(void **state)
{
    const Files *files = *state;
    const char *meta[] = {"method", "lcm", "sampling_steps", "4", NULL};
    save_expert(files, spec_of(LCM SOURCE), meta);
    Bench *bench = open_with(LCM, files->expert, "");
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.teacher;
    refill(lab, FILL);
    assert_int_equal(lab->expert.rule, RULE_RENOISE);
    assert_int_equal(ring->stages, 4);
    Draw draw = draw_at(lab, 60);
    draw.beta[ORIGIN_DATA] = draw.beta[ORIGIN_STUDENT] = 0;
    draw.beta[ORIGIN_TEACHER] = 1;
    Drawn *drawn = draw_all(lab, &draw);
    double sum = 0,
           rows = 0; /* (z - alpha x0) / sigma is standard normal for the roll-out it came from */
    for (int r = 0; r < ROWS; r++) {
        assert_int_equal(drawn->batch.origin[r], ORIGIN_TEACHER);
        int j = drawn->batch.point[r], stage = 4 - (j + 3) / 4;
        if (j == 16)
            continue;
        Noise t = noise_at(lab->schedule, j / 16.0);
        double nearest = INFINITY;
        for (int k = 0; k < ring->filled; k++) {
            const float *x0 = ring->row + ((size_t)k * 4 + (stage ? stage : 1)) * 2;
            double apart = 0;
            for (int c = 0; c < 2; c++) {
                double eps =
                    ((double)drawn->batch.z[2 * r + c] - t.alpha * (double)x0[c]) / t.sigma;
                apart += eps * eps / 2;
            }
            nearest = fmin(nearest, apart);
        }
        sum += nearest;
        rows++;
    }
    assert_true(sum / rows < 1.2);
    free(drawn);
    bench_close(bench);
}

/* It trains, the same with any number of threads. */
static void test_expert_trains(void **state)
{
    const Files *files = *state;
    const char *meta[] = {"method", "pd", "sampling_steps", "4", NULL};
    save_expert(files, spec_of(PD SOURCE), meta);
    char text[3 * PATH_SIZE];
    snprintf(text, sizeof text, "%s%s%smix = 0.5\nexpert = %s\n", PD, SOURCE, MIXED, files->expert);
    Bench *one = bench_open(text, 1), *two = bench_open(text, 2);
    bench_start(one, 2);
    bench_start(two, 2);
    bench_advance(one, 0, 30);
    bench_advance(two, 0, 30);
    assert_true(one->lab.source.teacher.filled > 0);
    assert_true(state_of_same(&one->lab, &two->lab));
    bench_close(one);
    bench_close(two);
}

/* ---- What does not fit ---- */

static void refused(const char *base, const char *expert, const char *more, const char *says)
{
    char text[3 * PATH_SIZE];
    Config config;
    Error error = {{0}};
    Run *run;
    snprintf(text, sizeof text, "%s%s%sexpert = %s\n%s", base, SOURCE, MIXED, expert, more);
    lab_config_init(&config);
    if (config_read_text(&config, "test.ini", text, &error))
        fail_msg("%s", error.text);
    Crew *crew = crew_new(1);
    assert_int_equal(run_create(&run, "/nowhere", "x", &config, crew, &error), STATUS_BAD_INPUT);
    if (!strstr(error.text, says) || !strstr(error.text, "source.expert"))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
    crew_free(crew);
}

static void test_refusals(void **state)
{
    const Files *files = *state;
    const char *few[] = {"method", "pd", "sampling_steps", "6", NULL},
               *mute[] = {"sampling_steps", "4", NULL};
    const char *stepless[] = {"method", "pd", NULL},
               *teacher[] = {"method", "diffusion", "sampling_steps", "8", NULL};
    NetSpec spec = spec_of(PD SOURCE), labelled = spec;
    refused(PD, "nowhere.safetensors", "", "nowhere.safetensors");
    save_expert(files, spec, few);
    refused(PD, files->expert, "", "6 sampling steps");
    save_expert(files, spec, mute);
    refused(PD, files->expert, "", "which distiller made it");
    save_expert(files, spec, teacher);
    refused(PD, files->expert, "", "which distiller made it");
    save_expert(files, spec, stepless);
    refused(PD, files->expert, "", "source.expert_steps");
    refused(PD, files->expert, "expert_steps = 2\n", "2 sampling steps");
    labelled.classes = 8;
    save_expert(files, labelled, few);
    refused(PD, files->expert, "", "number of classes");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_solver),
        TEST(test_expert_fills_the_teachers_ring),
        TEST(test_expert_of_a_consistency_method),
        TEST(test_expert_trains),
        TEST(test_refusals),
    };
    return cmocka_run_group_tests_name("expert", tests, NULL, NULL);
}
