/* The methods: one training step of each against PyTorch (vectors/methods.py), labels
 * against closed forms. */
#include "engine/nets/crew.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12, STEPS = 2 };

/* ---- The same cases as in the script ---- */

#define SHARED                                                                                     \
    "[run]\nbatch = 12\nsteps = 100\n[net]\nwidth = 16\ndepth = 2\nfeatures = "                    \
    "8\ntime_scale = 30\n"                                                                         \
    "time_range = 30\n[optimizer]\nlr = 1e-2\nbeta2 = 0.99\nweight_decay = 0.1\nclip = "           \
    "0.5\n"                                                                                        \
    "ema = 0.9\ndecay = none\n[student]\ninit = random\nsteps = 4\n"
#define RING    "[data]\nname = ring\n"
#define CLASSES "[data]\nname = moons\n"
#define BOX     "[threshold]\nkind = static\nlow = -0.8\nhigh = 0.9\n"

typedef enum Expert { EXPERT_OWN, EXPERT_ARCS, EXPERT_NET } Expert;

typedef struct Case {
    const char *name, *method;
    Expert expert;
    bool conditional;
    const char *text;
    int source; /* 1 + Origin of the states; 0: any states */
} Case;

#define EDGES BOX "sites = TRSLC\n"
#define PAIRS                                                                                      \
    "p_mean = -0.3\np_std = 1.2\nt_min = 0.01\npoints_first = 4\npoints_last = 16\nstages = 10\n"
/* Each source without and with thresholding at every site. */
#define SOURCE(method, source, more)                                                               \
    {method "-" #source "-off", method, EXPERT_ARCS, true, GUIDED more, SOURCE_##source},          \
    {                                                                                              \
        method "-" #source "-on", method, EXPERT_ARCS, true, GUIDED EDGES more, SOURCE_##source    \
    }
#define GUIDED   CLASSES "[teacher]\nguidance = 3\n"
#define PD_CASE  "[pd]\nsubsteps = 2\nweighting = constant\n"
#define LCM_CASE "[lcm]\nskip = 2\nloss = squared\n"
enum {
    SOURCE_data = 1 + ORIGIN_DATA,
    SOURCE_teacher = 1 + ORIGIN_TEACHER,
    SOURCE_student = 1 + ORIGIN_STUDENT
};

/* clang-format off */
static const Case cases[] = {
    {"pd-ring", "pd", EXPERT_OWN, false, RING "[pd]\nsubsteps = 3\nweight_cap = 4\n", 0},
    {"pd-arcs", "pd", EXPERT_ARCS, true,
     CLASSES "[teacher]\nguidance = 3\n"
     "[pd]\nsubsteps = 2\nweighting = snr_plus_1\nweight_cap = 3\n", 0},
    {"pd-net", "pd", EXPERT_NET, true,
     CLASSES "[teacher]\nguidance = 2.5\n[pd]\nsubsteps = 4\nweighting = min_snr\n", 0},
    {"pd-box", "pd", EXPERT_ARCS, true,
     CLASSES BOX "sites = TL\n[teacher]\nguidance = 3\n"
     "[pd]\nsubsteps = 2\nweighting = constant\n", 0},
    {"lcm-ring", "lcm", EXPERT_OWN, false, RING "[lcm]\nskip = 1\n", 0},
    {"lcm-arcs", "lcm", EXPERT_ARCS, true,
     CLASSES "[teacher]\nguidance = 3\n[lcm]\nskip = 3\nloss = huber\nhuber_c = 0.05\n", 0},
    {"lcm-net", "lcm", EXPERT_NET, true,
     CLASSES BOX "sites = TL\n[teacher]\nguidance = 2.5\n"
     "[lcm]\nskip = 2\nloss = squared\nhuber_c = 0\n", 0},
    {"lcm-heun", "lcm", EXPERT_ARCS, true, GUIDED "[lcm]\nskip = 3\nloss = squared\nsolver = heun\n", 0},
    {"lcm-euler", "lcm", EXPERT_ARCS, true, GUIDED "[lcm]\nskip = 3\nloss = squared\nsolver = euler\n", 0},
    {"lcm-told", "lcm", EXPERT_NET, true,
     CLASSES "[teacher]\nguidance = 2.5\n[lcm]\nskip = 2\nhuber_c = 0.05\nguidance_max = 5\n", 0},
    SOURCE("pd", data, PD_CASE), SOURCE("pd", teacher, PD_CASE), SOURCE("pd", student, PD_CASE),
    SOURCE("lcm", data, LCM_CASE), SOURCE("lcm", teacher, LCM_CASE), SOURCE("lcm", student, LCM_CASE),
    {"ct-ict", "ct", EXPERT_OWN, true, CLASSES "[ct]\n" PAIRS, 0},
    {"ct-ect", "ct", EXPERT_OWN, false, RING BOX "sites = TL\n[ct]\npairing = ect\n" PAIRS, 0},
    {"shortcut-arcs", "shortcut", EXPERT_ARCS, true,
     GUIDED BOX "sites = TL\n[shortcut]\npoints = 16\nbase = 0.3\nweight_cap = 4\n", 0},
    {"shortcut-ring", "shortcut", EXPERT_OWN, false, RING "[shortcut]\npoints = 16\nbase = 0.3\nweight_cap = 4\n", 0},
    {"diffusion", "diffusion", EXPERT_OWN, true,
     CLASSES "[diffusion]\nlabel_drop = 0.3\n", 0},
};
/* clang-format on */

/* Six components of unequal weight in two classes. */
static Mixture arcs(void)
{
    Mixture mixture = {.n = 6, .deviation = 0.15, .labels = 2};
    for (int k = 0; k < 6; k++) {
        mixture.mean[k][0] = 1.2 * cos(1.1 * k + 0.3);
        mixture.mean[k][1] = 0.9 * sin(1.7 * k);
        mixture.weight[k] = (k + 1) / 21.0;
        mixture.label[k] = k % 2;
    }
    return mixture;
}

typedef struct Fill {
    float *block;
    uint32_t seed;
} Fill;

static void fill_param(void *context, const ParamInfo *info)
{
    Fill *fill = context;
    for (size_t i = 0; i < info->size; i++)
        fill->block[info->offset + i] =
            (float)(0.7 * (double)vectors_wave((uint32_t)i, fill->seed));
    fill->seed++;
}

static void fill_net(const NetSpec *spec, float *block, uint32_t seed)
{
    net_list(spec, fill_param, &(Fill){block, seed});
}

/* A small network as the teacher. */
static void teach_by_net(Lab *lab)
{
    NetSpec spec = {.kind = &net_mlp,
                    .height = 1,
                    .width = 1,
                    .channels = 2,
                    .classes = 2,
                    .hidden = 12,
                    .depth = 1,
                    .features = 8,
                    .time_scale = 30,
                    .time_range = 30};
    assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
    float *weights = arena_floats(lab->keep, net_size(&spec));
    fill_net(&spec, weights, 20);
    lab->teacher.mixture = NULL;
    lab->teacher.spec = spec;
    lab->teacher.weights = weights;
}

static Bench *case_open(const Case *c)
{
    char text[2048];
    snprintf(text, sizeof text, "[run]\nmethod = %s\n%s%s", c->method, strchr(SHARED, '\n') + 1,
             c->text);
    Bench *bench = bench_open(text, 1);
    Lab *lab = &bench->lab;
    if (c->expert == EXPERT_ARCS) {
        Mixture *mixture = arena_new(lab->keep, Mixture, 1);
        *mixture = arcs();
        lab->teacher.mixture = mixture;
    }
    if (c->expert == EXPERT_NET)
        teach_by_net(lab);
    fill_net(&lab->student.spec, lab->student.weights, 0);
    memcpy(lab->student.ema, lab->student.weights, lab->student.size * sizeof(float));
    return bench;
}

/* LCM's target network: its first tensor, by the name its walk gives it, is where the
 * block begins. */
typedef struct FindWalk {
    Walk walk;
    float *block;
} FindWalk;

static void find_target(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                        void *data)
{
    (void)type, (void)rank, (void)shape;
    if (!strcmp(name, "target.layers.0.weight"))
        ((FindWalk *)walk)->block = data;
}

static float *target_block(Lab *lab)
{
    FindWalk find = {.walk = {find_target}};
    lab_walk(lab, &find.walk);
    assert_non_null(find.block);
    return find.block;
}

static void fill_rows(const Case *c, Bench *bench, Batch *rows)
{
    const Lab *lab = &bench->lab;
    for (int r = 0; r < ROWS; r++) {
        rows->label[r] = c->conditional ? r % 5 == 4 ? -1 : r % 2 : 0;
        rows->point[r] = c->source                ? (r % 4 + 1) * lab->grid.points / 4
                         : lab->grid.points == 16 ? 5 * r % 16 + 1
                         : lab->grid.points       ? r % 4 + 1
                                                  : 0;
        rows->u[r] =
            lab->grid.points ? (double)rows->point[r] / lab->grid.points : (r + 0.5) / ROWS;
        rows->chance[r] = (r + 0.5) / ROWS;
        rows->origin[r] = ORIGIN_DATA;
    }
    for (int k = 0; k < 2 * ROWS; k++) {
        rows->z[k] = 2 * vectors_wave((uint32_t)k, 101);
        rows->x[k] = vectors_wave((uint32_t)k, 102);
        rows->noise[k] = 1.5f * vectors_wave((uint32_t)k, 103);
    }
}

/* States are where they were before the first update. */
static Chunk chunk_new(const Case *c, Bench *bench, const float *z)
{
    Lab *lab = &bench->lab;
    Arena *arena = lab->step;
    Chunk chunk = {.lab = lab, .arena = arena, .scale = 1.0f / ROWS};
    chunk.each = arena_new(arena, float, ROWS);
    chunk.gradient = arena_new(arena, float, lab->student.size);
    chunk.rows = (Batch){.n = ROWS,
                         .z = arena_new(arena, float, 2 * ROWS),
                         .x = arena_new(arena, float, 2 * ROWS),
                         .u = arena_new(arena, double, ROWS),
                         .point = arena_new(arena, int, ROWS),
                         .label = arena_new(arena, int, ROWS),
                         .origin = arena_new(arena, unsigned char, ROWS),
                         .chance = arena_new(arena, double, ROWS),
                         .noise = arena_new(arena, float, 2 * ROWS)};
    fill_rows(c, bench, &chunk.rows);
    if (z)
        memcpy(chunk.rows.z, z, sizeof *z * 2 * ROWS);
    tape_begin(&chunk.tape, arena, true);
    return chunk;
}

/* ---- Comparison: relative error at most 1e-4 ---- */

static const double tolerance = 1e-4;

/* Values against the size of the largest of them. */
static void assert_values(const char *what, int n, const float *got, const double *expected)
{
    double size = 0;
    for (int i = 0; i < n; i++)
        size = fmax(size, fabs(expected[i]));
    for (int i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * size))
            fail_msg("%s[%d]: %.9g, expected %.9g", what, i, (double)got[i], expected[i]);
}

typedef struct Compare {
    const char *what;
    const float *block;
    const double *expected; /* norm, projection, first four: of each tensor */
} Compare;

static void compare_param(void *context, const ParamInfo *info)
{
    Compare *c = context;
    const float *x = c->block + info->offset;
    double norm = vector_norm(info->size, x), projection = 0, expected = c->expected[0];
    double typical = expected / sqrt((double)info->size);
    for (size_t i = 0; i < info->size; i++)
        projection += (double)x[i] * (double)vectors_wave((uint32_t)i, 77);
    if (!(fabs(norm - expected) <= tolerance * expected))
        fail_msg("%s %s: norm %.9g, expected %.9g", c->what, info->name, norm, expected);
    if (!(fabs(projection - c->expected[1]) <= tolerance * expected))
        fail_msg("%s %s: projection %.9g, expected %.9g", c->what, info->name, projection,
                 c->expected[1]);
    int first = info->size < 4 ? (int)info->size : 4;
    for (int i = 0; i < first; i++)
        if (!(fabs((double)x[i] - c->expected[2 + i]) <=
              tolerance * fmax(typical, fabs(c->expected[2 + i]))))
            fail_msg("%s %s[%d]: %.9g, expected %.9g", c->what, info->name, i, (double)x[i],
                     c->expected[2 + i]);
    c->expected += 2 + first;
}

static void count_param(void *context, const ParamInfo *info)
{
    *(int *)context += 2 + (info->size < 4 ? (int)info->size : 4);
}

static const double *case_value(const Vectors *vectors, const Case *c, const char *key, int n)
{
    char full[80];
    snprintf(full, sizeof full, "%s.%s", c->name, key);
    return vectors_get(vectors, full, n);
}

static const double *step_value(const Vectors *vectors, const Case *c, int step, const char *key,
                                int n)
{
    char full[32];
    snprintf(full, sizeof full, "%d.%s", step, key);
    return case_value(vectors, c, full, n);
}

static void assert_block(const Vectors *vectors, const Case *c, const char *key,
                         const NetSpec *spec, const float *block)
{
    char what[96];
    int n = 0;
    snprintf(what, sizeof what, "%s.%s", c->name, key);
    net_list(spec, count_param, &n);
    net_list(spec, compare_param, &(Compare){what, block, case_value(vectors, c, key, n)});
}

/* ---- The tests ---- */

static void assert_step(const Vectors *vectors, const Case *c, Bench *bench, const float *z,
                        int step)
{
    Lab *lab = &bench->lab;
    static const char *const blocks[STEPS][3] = {{"1.gradient", "1.weights", "1.ema"},
                                                 {"2.gradient", "2.weights", "2.ema"}};
    size_t mark = arena_mark(lab->step);
    Chunk chunk = chunk_new(c, bench, z);
    const NetSpec *spec = &lab->student.spec;
    StepReport report = {0};
    lab->clock = 50;
    if (lab->method->before)
        lab->method->before(lab, 50, &report);
    Tensor *loss = lab->method->loss(&chunk);
    tape_backward(&chunk.tape, loss);
    assert_values("loss", 1, loss->x, step_value(vectors, c, step, "loss", 1));
    assert_values("each", ROWS, chunk.each, step_value(vectors, c, step, "each", ROWS));
    assert_block(vectors, c, blocks[step - 1][0], spec, chunk.gradient);
    float norm = (float)model_update(&lab->student, chunk.gradient, &lab->adam);
    assert_values("norm", 1, &norm, step_value(vectors, c, step, "norm", 1));
    if (lab->method == &method_lcm) /* dmd2's critic is held still: its batches are its own */
        lab->method->after(lab, step, &report);
    assert_block(vectors, c, blocks[step - 1][1], spec, lab->student.weights);
    assert_block(vectors, c, blocks[step - 1][2], spec, lab->student.ema);
    arena_rewind(lab->step, mark);
}

static void assert_pd_target(const Vectors *vectors, const Case *c, Bench *bench, const float *z)
{
    Lab *lab = &bench->lab;
    size_t mark = arena_mark(lab->step);
    Chunk chunk = chunk_new(c, bench, z);
    float target[2 * ROWS];
    States at = {.n = ROWS,
                 .z = chunk.rows.z,
                 .i = chunk.rows.point,
                 .steps = lab->grid.steps,
                 .label = chunk.rows.label};
    lab->method->label(lab, lab->step, &at, target);
    assert_values("target", 2 * ROWS, target, case_value(vectors, c, "target", 2 * ROWS));
    arena_rewind(lab->step, mark);
}

static void check_case(const Case *c)
{
    Vectors *vectors = vectors_read("methods.txt");
    Bench *bench = case_open(c);
    bool lcm = bench->lab.method == &method_lcm;
    const NetSpec *spec = &bench->lab.student.spec;
    if (lcm)
        fill_net(spec, target_block(&bench->lab), 50);
    float stood[2 * ROWS], *z = NULL;
    if (c->source) {
        Chunk chunk = chunk_new(c, bench, NULL);
        bench_stand(bench, (Origin)(c->source - 1), &chunk.rows);
        memcpy(stood, chunk.rows.z, sizeof stood);
        z = stood;
    }
    if (bench->lab.method == &method_pd)
        assert_pd_target(vectors, c, bench, z);
    for (int step = 1; step <= STEPS; step++)
        assert_step(vectors, c, bench, z, step);
    if (lcm)
        assert_block(vectors, c, "lagging", spec, target_block(&bench->lab));
    bench_close(bench);
    vectors_free(vectors);
}

static void test_training_step(void **state) { check_case(*state); }

int main(void)
{
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[CASES];
    for (int i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){.name = cases[i].name,
                                       .test_func = test_training_step,
                                       .initial_state = (void *)&cases[i]};
    return cmocka_run_group_tests_name("training steps", tests, NULL, NULL);
}
