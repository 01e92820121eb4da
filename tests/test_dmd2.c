/* DMD2: whole updates of student and critic against PyTorch (vectors/dmd2.py), the published golden
 * gradient, its closed form between Gaussians; threads and resuming change nothing. */
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12, STEPS = 2, NORMALISER = 1, GAP, GAN };

#define SHARED                                                                                     \
    "batch = 12\nsteps = 100\n"                                                                    \
    "[net]\nwidth = 8\ndepth = 1\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n"                \
    "[optimizer]\nlr = 1e-2\nbeta1 = 0.5\nbeta2 = 0.9\nweight_decay = 0.1\nclip = 0.5\n"           \
    "decay = none\n[student]\ninit = random\nsteps = 4\n"

/* ---- One chunk under a test's own teacher, batch and noise ---- */

static void fill_param(void *context, const ParamInfo *info)
{
    float **block = context;
    uint32_t *seed = (uint32_t *)(block + 1);
    for (size_t i = 0; i < info->size; i++)
        (*block)[info->offset + i] = (float)(0.7 * (double)vectors_wave((uint32_t)i, *seed));
    ++*seed;
}

static void fill_net(const NetSpec *spec, float *weights, uint32_t seed)
{
    struct {
        float *block;
        uint32_t seed;
    } fill = {weights, seed};
    net_list(spec, fill_param, &fill);
}

static Chunk chunk_new(Lab *lab, Arena *arena, int n)
{
    Chunk chunk = {.lab = lab, .arena = arena, .scale = 1.0f / (float)n};
    int d = lab->data.dims;
    chunk.each = arena_new(arena, float, n);
    chunk.rows = (Batch){.n = n,
                         .z = arena_new(arena, float, n *d),
                         .x = arena_new(arena, float, n *d),
                         .u = arena_new(arena, double, n),
                         .point = arena_new(arena, int, n),
                         .label = arena_new(arena, int, n),
                         .origin = arena_new(arena, unsigned char, n),
                         .chance = arena_new(arena, double, n),
                         .noise = arena_new(arena, float, n *d),
                         .real = arena_new(arena, float, n *d),
                         .real_label = arena_new(arena, int, n)};
    tape_begin(&chunk.tape, arena, true);
    return chunk;
}

/* ---- Against PyTorch ---- */

typedef struct Case {
    const char *name, *method, *text;
    bool conditional, net, arcs;
    int source; /* 1 + Origin of the states; 0: any states */
} Case;

#define HEAD  "[dmd2]\ngan_head = 4\n"
#define EDGES "[threshold]\nkind = static\nlow = -0.8\nhigh = 0.9\nsites = TRSLC\n"
#define SOURCED                                                                                    \
    HEAD "floor = 0.6\ngan_weight = 0.5\ngan_critic_weight = 0.5\n[data]\nname = moons\n"          \
         "[teacher]\nguidance = 3\n"
#define BOXED                                                                                      \
    "floor = 0.6\n[data]\nname = moons\n[teacher]\nguidance = 3\n"                                 \
    "[threshold]\nkind = static\nlow = -0.8\nhigh = 0.9\nsites = TLC\n"

/* clang-format off */
static const Case cases[] = {
    {"ring",     "dmd2", HEAD "[data]\nname = ring\n",                             false, false, false, 0},
    {"arcs",     "dmd2", HEAD BOXED,                                    true,  false, true, 0},
    {"net",      "dmd2", HEAD "[data]\nname = moons\n[teacher]\nguidance = 2.5\n", true,  true,  false, 0},
    {"data-off", "dmd2", SOURCED, true, false, true, 1 + ORIGIN_DATA},
    {"data-on", "dmd2", SOURCED EDGES, true, false, true, 1 + ORIGIN_DATA},
    {"teacher-off", "dmd2", SOURCED, true, false, true, 1 + ORIGIN_TEACHER},
    {"teacher-on", "dmd2", SOURCED EDGES, true, false, true, 1 + ORIGIN_TEACHER},
    {"student-off", "dmd2", SOURCED, true, false, true, 1 + ORIGIN_STUDENT},
    {"student-on", "dmd2", SOURCED EDGES, true, false, true, 1 + ORIGIN_STUDENT},
    {"gan-ring", "dmd2", HEAD "gan_weight = 0.7\ngan_critic_weight = 0.3\n[data]\nname = ring\n", false, false, false, 0},
    {"gan-net",  "dmd2", HEAD "gan_weight = 2\ngan_critic_weight = 1.5\n[data]\nname = moons\n[teacher]\nguidance = 2.5\n"
     "[threshold]\nkind = static\nlow = -0.8\nhigh = 0.9\nsites = TLC\n", true, true, false, 0},
};
/* clang-format on */

/* Six components of unequal weight in two classes. */
static void teach_arcs(Lab *lab)
{
    Mixture *mixture = arena_new(lab->keep, Mixture, 1);
    *mixture = (Mixture){.n = 6, .deviation = 0.15, .labels = 2};
    for (int k = 0; k < 6; k++) {
        mixture->mean[k][0] = 1.2 * cos(1.1 * k + 0.3);
        mixture->mean[k][1] = 0.9 * sin(1.7 * k);
        mixture->weight[k] = (k + 1) / 21.0;
        mixture->label[k] = k % 2;
    }
    lab->teacher.mixture = mixture;
}

/* A small network as the teacher; the critic takes its shape. */
static void teach_net(Lab *lab)
{
    NetSpec spec = lab->student.spec;
    spec.hidden = 12;
    float *weights = arena_floats(lab->keep, net_size(&spec));
    fill_net(&spec, weights, 20);
    lab->teacher.mixture = NULL;
    lab->teacher.spec = spec;
    lab->teacher.weights = weights;
    assert_int_equal(lab->method->open(lab, NULL), STATUS_OK);
}

static Bench *case_open(const Case *c)
{
    char text[2048];
    snprintf(text, sizeof text, "[run]\nmethod = %s\n%s%s", c->method, SHARED, c->text);
    Bench *bench = bench_open(text, 1);
    Lab *lab = &bench->lab;
    if (c->arcs)
        teach_arcs(lab);
    if (c->net)
        teach_net(lab);
    Model *critic = lab->method->critic(lab);
    fill_net(&lab->student.spec, lab->student.weights, 0);
    fill_net(&critic->spec, critic->weights, 60);
    return bench;
}

static void fill_rows(const Case *c, Batch *rows, uint32_t noise_seed)
{
    for (int r = 0; r < ROWS; r++) {
        rows->label[r] = c->conditional ? r % 5 == 4 ? -1 : r % 2 : 0;
        rows->point[r] = r % 4 + 1;
        rows->u[r] = rows->point[r] / 4.0;
        rows->chance[r] = (r + 0.5) / ROWS;
        rows->real_label[r] = c->conditional ? r % 3 - 1 : 0;
    }
    for (int k = 0; k < 2 * ROWS; k++) {
        rows->z[k] = 2 * vectors_wave((uint32_t)k, 101);
        rows->noise[k] = 1.5f * vectors_wave((uint32_t)k, noise_seed);
        rows->real[k] = vectors_wave((uint32_t)k, 105);
    }
}

/* Values against the size of the largest of them. */
static void assert_list(const Vectors *vectors, const char *at, const char *key, int n,
                        const float *got)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", at, key);
    const double *expected = vectors_get(vectors, name, n);
    double size = 0;
    for (int i = 0; i < n; i++)
        size = fmax(size, fabs(expected[i]));
    for (int i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= 1e-4 * size))
            fail_msg("%s[%d]: %.9g, expected %.9g", name, i, (double)got[i], expected[i]);
}

/* One update of one network; the other one stays as it is, bit for bit. */
static void assert_update(const Vectors *vectors, const Case *c, Lab *lab, const float *z, int step,
                          bool critics)
{
    Model *critic = lab->method->critic(lab);
    Model *model = critics ? critic : &lab->student;
    const Model *frozen = critics ? &lab->student : critic;
    size_t mark = arena_mark(lab->step);
    Chunk chunk = chunk_new(lab, lab->step, ROWS);
    float *before = arena_floats(lab->step, frozen->size);
    char at[64];
    AdamSettings adam = lab->adam;
    snprintf(at, sizeof at, "%s.%d.%s", c->name, step, critics ? "critic" : "student");
    memcpy(before, frozen->weights, frozen->size * sizeof *before);
    fill_rows(c, &chunk.rows, critics ? 104 : 103);
    if (c->source)
        memcpy(chunk.rows.z, z, sizeof *z * 2 * ROWS);
    chunk.gradient = arena_new(lab->step, float, model->size);
    tape_backward(&chunk.tape, (critics ? lab->method->critic_loss : lab->method->loss)(&chunk));
    assert_list(vectors, at, "each", ROWS, chunk.each);
    assert_list(vectors, at, "gradient", (int)model->size, chunk.gradient);
    adam.lr = critics ? 3e-2 : 1e-2;
    model_update(model, chunk.gradient, &adam);
    assert_list(vectors, at, "weights", (int)model->size, model->weights);
    assert_memory_equal(before, frozen->weights, frozen->size * sizeof *before);
    if (!critics) {
        float terms[] = {(float)(chunk.term[NORMALISER] / ROWS), (float)(chunk.term[GAP] / ROWS),
                         (float)(chunk.term[GAN] / ROWS)};
        assert_list(vectors, at, "terms", lab->contrasts ? 3 : 2, terms);
    }
    arena_rewind(lab->step, mark);
}

static void test_updates(void **state)
{
    const Case *c = *state;
    Vectors *vectors = vectors_read("dmd2.txt");
    Bench *bench = case_open(c);
    Chunk stood = chunk_new(&bench->lab, &bench->keep, ROWS);
    fill_rows(c, &stood.rows, 0);
    if (c->source)
        bench_stand(bench, (Origin)(c->source - 1), &stood.rows);
    for (int step = 1; step <= STEPS; step++) {
        assert_update(vectors, c, &bench->lab, stood.rows.z, step, false);
        assert_update(vectors, c, &bench->lab, stood.rows.z, step, true);
    }
    bench_close(bench);
    vectors_free(vectors);
}

/* ---- Closed forms ---- */

#define PLAIN "[run]\nmethod = dmd2\n" SHARED "[data]\nname = ring\n"

/* A network that answers v = bias: with the last layer's bias alone. */
typedef struct Answer {
    Model *model;
    const float *v;
} Answer;

static void answer_param(void *context, const ParamInfo *info)
{
    const Answer *answer = context;
    if (!strcmp(info->name, "out.bias"))
        memcpy(answer->model->weights + info->offset, answer->v, 2 * sizeof(float));
}

static void answer(Model *model, const float v[2])
{
    memset(model->weights, 0, model->size * sizeof(float));
    net_list(&model->spec, answer_param, &(Answer){model, v});
}

/* Row r's target x - grad, from the loss itself: each = mean grad^2 / 2, and its gradient in the
 * student's last bias is -sigma grad / dims, as dx/dv = -sigma. */
static void one_row(Lab *lab, double u, double t, const float z[2], float grad[2], double *each,
                    double *normaliser)
{
    size_t mark = arena_mark(lab->step);
    Chunk chunk = chunk_new(lab, lab->step, 1);
    chunk.gradient = arena_new(lab->step, float, lab->student.size);
    chunk.rows.u[0] = u;
    chunk.rows.chance[0] = (t - 0.02) / 0.96;
    memcpy(chunk.rows.z, z, 2 * sizeof *z);
    tape_backward(&chunk.tape, lab->method->loss(&chunk));
    double sigma = noise_at(lab->schedule, u).sigma;
    for (int k = 0; k < 2; k++)
        grad[k] = (float)(-2 * (double)chunk.gradient[lab->student.size - 2 + k] / sigma);
    *each = (double)chunk.each[0];
    *normaliser = chunk.term[NORMALISER];
    arena_rewind(lab->step, mark);
}

/* Teacher: one Gaussian, deviation s around m. Critic: its bias alone. */
static void teach_gaussian(Lab *lab, double x, double y, double s)
{
    Mixture *mixture = arena_new(lab->keep, Mixture, 1);
    *mixture = (Mixture){.n = 1, .deviation = s, .labels = 1, .weight = {1}, .mean = {{x, y}}};
    lab->teacher.mixture = mixture;
}

/* methods.md section 12: x = (1, 2), real = (.5, 1), fake = (.8, 1.5): normaliser .75, grad (.4,
 * .6667), loss .1511. */
static void test_golden(void **state)
{
    (void)state;
    Bench *bench = bench_open(PLAIN, 1);
    Lab *lab = &bench->lab;
    const double u = 0.5, t = 0.5;
    Noise at = noise_at(lab->schedule, u);
    const float z[2] = {0, 0};
    /* x0 = alpha z - sigma v: the student says (1, 2); diffused without noise it stands at alpha
     * (1, 2). */
    answer(&lab->student, (float[2]){(float)(-1 / at.sigma), (float)(-2 / at.sigma)});
    const double stands[2] = {at.alpha * 1, at.alpha * 2}, fake[2] = {0.8, 1.5};
    float v[2], grad[2];
    for (int k = 0; k < 2; k++)
        v[k] = (float)((at.alpha * stands[k] - fake[k]) / at.sigma);
    answer(lab->method->critic(lab), v);
    teach_gaussian(lab, 0.5, 1, 1e-6);
    double each, normaliser;
    one_row(lab, u, t, z, grad, &each, &normaliser);
    assert_near(normaliser, 0.75, 1e-5);
    assert_near(grad[0], 0.4, 1e-5);
    assert_near(grad[1], 2.0 / 3, 1e-5);
    assert_near(each, 0.1511111, 1e-6);
    bench_close(bench);
}

/* Unit Gaussians: the best v for N(m, I) is -sigma m at every state, a network of one bias. Critic
 * at the teacher's own law: no gradient. Critic (the student's law) shifted from it by m: x is
 * moved against m, to the teacher. */
static void test_gaussians(void **state)
{
    (void)state;
    Bench *bench = bench_open(PLAIN, 1);
    Lab *lab = &bench->lab;
    const double t = 0.6, shift[2] = {0.3, -0.2};
    double sigma = noise_at(lab->schedule, t).sigma, each, normaliser;
    float grad[2];
    const float z[2] = {1, -0.7f};
    fill_net(&lab->student.spec, lab->student.weights, 7);
    teach_gaussian(lab, 0, 0, 1);
    answer(lab->method->critic(lab), (float[2]){0, 0});
    one_row(lab, 0.75, t, z, grad, &each, &normaliser);
    assert_near(grad[0], 0, 1e-5);
    assert_near(grad[1], 0, 1e-5);
    float v[2] = {(float)(-sigma * shift[0]), (float)(-sigma * shift[1])};
    answer(lab->method->critic(lab), v);
    one_row(lab, 0.75, t, z, grad, &each, &normaliser);
    for (int k = 0; k < 2; k++) /* fake - real = sigma^2 m */
        assert_near(grad[k] * normaliser, sigma * sigma * shift[k], 1e-5);
    bench_close(bench);
}

/* Where student and teacher agree the normaliser is floored. */
static void test_floor(void **state)
{
    (void)state;
    Bench *bench = bench_open(PLAIN, 1);
    Lab *lab = &bench->lab;
    const float z[2] = {0, 0};
    float grad[2];
    double each, normaliser, sigma = noise_at(lab->schedule, 0.6).sigma;
    answer(&lab->student, (float[2]){0, 0});
    teach_gaussian(lab, 0, 0, 1);
    answer(lab->method->critic(lab), (float[2]){(float)(0.1 / sigma), 0});
    one_row(lab, 0.75, 0.6, z, grad, &each, &normaliser);
    assert_near(normaliser, 0, 1e-6);
    assert_near(grad[0], -0.1 / 0.01, 1e-3);
    bench_close(bench);
}

/* ---- As every method ---- */

#define RUN     "[run]\nmethod = dmd2\n" RUN_OF("dmd2")
#define GAN_RUN RUN "gan_weight = 0.5\ngan_critic_weight = 0.5\n"
#define RUN_OF(method)                                                                             \
    "batch = 300\nsteps = 100\n[data]\nname = ring\n[net]\nwidth "                                 \
    "= 16\ndepth = 2\nfeatures = 8\n[student]\ninit = pretrain\npretrain_steps = "                 \
    "4\n[source]\nbeta_data = 0.3\nbeta_teacher = 0.2\nbeta_student = 0.5\nwarmup = "              \
    "0\ncapacity = 40\nteacher_capacity = 40\n[" method "]\nratio = 3\n"

static void test_threads_and_resume(void **state)
{
    const char *text = *state;
    Bench *one = bench_open(text, 1), *two = bench_open(text, 2), *late = bench_open(text, 2);
    StepReport a, b;
    ShiftRow rows_a[4], rows_b[4];
    bench_start(one, 4);
    bench_start(two, 4);
    bench_advance(one, 0, 4);
    bench_advance(two, 0, 2);
    State taken = state_take(&two->lab);
    state_give(&taken, &late->lab);
    bench_advance(late, 2, 4);
    assert_true(state_of_same(&one->lab, &late->lab));
    lab_step(&one->lab, 4, &a);
    lab_step(&late->lab, 4, &b);
    assert_memory_equal(&a, &b, sizeof a);
    assert_null(a.broken);
    bool head = one->lab.contrasts;
    for (int i = 0; i < 5; i++)
        assert_true(i < 3 || head ? a.term[i] > 0 : isnan(a.term[i]));
    Policy student = lab_student(&one->lab, false, 0), other = lab_student(&late->lab, false, 0);
    shift_measure(bench_shift(one, 40, 2), one->crew, &one->step, &student, rows_a);
    shift_measure(bench_shift(late, 40, 2), late->crew, &late->step, &other, rows_b);
    assert_same_shift(4, rows_a, rows_b);
    state_drop(&taken);
    bench_close(one);
    bench_close(two);
    bench_close(late);
}

/* Forward 1, backward 2: the student's update, three critic updates on its estimates, roll-outs
 * apart; with a head also a frozen look at it, and the critic's on data. */
static void test_cost(void **state)
{
    (void)state;
    for (int head = 0; head < 2; head++) {
        Bench *bench = bench_open(head ? GAN_RUN : RUN, 1);
        Lab *lab = &bench->lab;
        bench_start(bench, 0);
        lab->source.set.beta[ORIGIN_TEACHER] = lab->source.set.beta[ORIGIN_STUDENT] = 0;
        Cost before = lab->cost;
        bench_advance(bench, 0, 1);
        assert_near(lab->cost.teacher - before.teacher, 300, 0);
        assert_near(lab->cost.student - before.student, 300 * (3 + 3), 0);
        assert_near(lab->cost.critic - before.critic, 300 * (head ? 1 + 2 + 3 * 6 : 1 + 3 * 3), 0);
        bench_close(bench);
    }
}

/* The weights are live: without them nothing is told from anything, and the head stands still. */
static void test_gan_is_switched_while_running(void **state)
{
    (void)state;
    Bench *bench = bench_open(GAN_RUN, 1), *plain = bench_open(RUN, 1);
    Error error;
    StepReport report;
    bench_start(bench, 1);
    bench_start(plain, 1);
    assert_int_equal(config_set(&bench->lab.config, "dmd2.gan_weight=0", &error), STATUS_OK);
    lab_configure(&bench->lab);
    bench_advance(bench, 0, 3);
    bench_advance(plain, 0, 3);
    assert_true(state_of_same(&bench->lab, &plain->lab));
    assert_int_equal(config_set(&bench->lab.config, "dmd2.gan_weight=0.5", &error), STATUS_OK);
    lab_configure(&bench->lab);
    for (long i = 3; i < 8; i++)
        lab_step(&bench->lab, i, &report);
    assert_null(report.broken);
    assert_true(report.term[4] > 0 && report.term[4] < 2 * log(2)); /* better than a coin */
    bench_close(bench);
    bench_close(plain);
}

/* What leaves the finite numbers is named. */
static void test_broken_critic_is_named(void **state)
{
    (void)state;
    Bench *bench = bench_open(RUN, 1);
    StepReport report;
    bench_start(bench, 1);
    bench_advance(bench, 0, 1);
    bench->lab.method->critic(&bench->lab)->moment1[0] = NAN;
    lab_step(&bench->lab, 1, &report);
    assert_string_equal(report.broken, "the critic's loss");
    bench_close(bench);
}

/* One-step student, Gaussian teacher: the law of the samples becomes the teacher's, whatever the
 * student began as (0.01 off at three seeds). With more steps the critic matches the pooled law of
 * all of them, not each one's. */
static void test_law_becomes_the_teachers(void **state)
{
    (void)state;
    enum { SAMPLES = 2000 };
    Bench *bench = bench_open(
        "[run]\nmethod = dmd2\nbatch = 256\nsteps = 1500\n[data]\nname = ring\n"
        "[net]\nwidth = 32\ndepth = 2\nfeatures = 8\n[student]\ninit = random\nsteps = 1\n"
        "[source]\nbeta_data = 0\nbeta_student = 1\nwarmup = 0\ncapacity = 128\n"
        "[optimizer]\nlr = 2e-3\nbeta1 = 0\nclip = 10\nema = 0.995\n[dmd2]\ncritic_lr = 4e-3\n",
        2);
    Lab *lab = &bench->lab;
    const double mean[2] = {0.5, -0.3}, deviation = 0.4;
    teach_gaussian(lab, mean[0], mean[1], deviation);
    bench_start(bench, 0);
    bench_advance(bench, 0, 1500);
    Policy student = lab_student(lab, false, 0);
    float *noise = arena_floats(lab->keep, 2 * SAMPLES);
    float *states = arena_floats(lab->keep, 2 * 2 * SAMPLES);
    int *label = arena_zero(lab->keep, SAMPLES * sizeof *label);
    Rng rng = rng_at(5, STREAM_SAMPLE, 0);
    rng_normals(&rng, 2 * SAMPLES, noise);
    rollout(bench->crew, &(Rollout){.policy = &student,
                                    .seed = 6,
                                    .stream = STREAM_SAMPLE,
                                    .n = SAMPLES,
                                    .noise = noise,
                                    .label = label,
                                    .states = states});
    const float *x = states + 2 * SAMPLES;
    for (int k = 0; k < 2; k++) {
        double sum = 0, square = 0;
        for (int r = 0; r < SAMPLES; r++) {
            double gap = (double)x[2 * r + k] - mean[k];
            sum += gap / SAMPLES;
            square += gap * gap / SAMPLES;
        }
        assert_near(sum, 0, 0.04);
        assert_near(sqrt(square), deviation, 0.04);
    }
    bench_close(bench);
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[CASES + 9] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_gaussians),
        cmocka_unit_test(test_floor),
        cmocka_unit_test_prestate(test_threads_and_resume, (void *)RUN),
        cmocka_unit_test_prestate(test_threads_and_resume, (void *)GAN_RUN),
        cmocka_unit_test(test_gan_is_switched_while_running),
        cmocka_unit_test(test_law_becomes_the_teachers),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_broken_critic_is_named),
    };
    for (int i = 0; i < CASES; i++)
        tests[9 + i] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = test_updates, .initial_state = (void *)&cases[i]};
    return cmocka_run_group_tests_name("dmd2", tests, NULL, NULL);
}
