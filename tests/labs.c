/* Labs for tests: opening, stepping, and their whole state as bytes. */
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdlib.h>
#include <string.h>

static Bench *bench_new(const Config *config, int threads)
{
    Error error = {0};
    Bench *bench = calloc(1, sizeof *bench);
    must(bench);
    bench->crew = crew_new(threads);
    arena_init(&bench->keep, (size_t)1 << 30);
    arena_init(&bench->step, (size_t)1 << 30);
    if (lab_open(&bench->lab, config, bench->crew, &bench->keep, &bench->step, &error)) {
        bench_close(bench);
        fail_msg("%s", error.text);
    }
    return bench;
}

Bench *bench_open(const char *text, int threads)
{
    Config config;
    Error error = {0};
    lab_config_init(&config);
    if (config_read_text(&config, "test.ini", text, &error))
        fail_msg("%s", error.text);
    return bench_new(&config, threads);
}

Bench *bench_open_file(const char *path, const char *const *assignments, int threads)
{
    Config config;
    Error error = {0};
    lab_config_init(&config);
    Status status = config_read_file(&config, path, &error);
    for (; !status && assignments && *assignments; assignments++)
        status = config_set(&config, *assignments, &error);
    if (status)
        fail_msg("%s", error.text);
    return bench_new(&config, threads);
}

void bench_close(Bench *bench)
{
    crew_free(bench->crew);
    arena_done(&bench->keep);
    arena_done(&bench->step);
    free(bench);
}

void bench_start(Bench *bench, int pretrain)
{
    for (int i = 0; i < pretrain && lab_pretrain_steps(&bench->lab); i++)
        lab_pretrain(&bench->lab, i);
    lab_pretrain_done(&bench->lab);
}

void bench_advance(Bench *bench, long from, long to)
{
    StepReport report;
    for (long index = from; index < to; index++) {
        lab_step(&bench->lab, index, &report);
        if (report.broken)
            fail_msg("step %ld: %s", index, report.broken);
    }
}

void bench_stand(Bench *bench, Origin origin, Batch *rows)
{
    const Lab *lab = &bench->lab;
    int n = rows->n, steps = lab->grid.steps;
    size_t mark = arena_mark(&bench->step);
    float *noise = arena_floats(&bench->step, 2 * n);
    float *states = arena_floats(&bench->step, (steps + 1) * 2 * n);
    Policy policy =
        origin == ORIGIN_TEACHER ? lab_teacher(lab, steps, 2) : lab_student(lab, true, 0);
    for (int k = 0; k < 2 * n; k++)
        noise[k] = 1.5f * vectors_wave((uint32_t)k, 106);
    rollout(bench->crew, &(Rollout){.policy = &policy,
                                    .seed = 1,
                                    .stream = STREAM_ROLLOUT,
                                    .n = n,
                                    .noise = noise,
                                    .label = rows->label,
                                    .states = states});
    for (int k = 0; k < 2 * n; k++) {
        Noise t = noise_at(lab->schedule, rows->u[k / 2]);
        int stage = steps - rows->point[k / 2] * steps / lab->grid.points;
        rows->z[k] = origin == ORIGIN_DATA
                         ? (float)(t.alpha * (double)vectors_wave((uint32_t)k, 102) +
                                   t.sigma * (double)noise[k])
                         : states[stage * 2 * n + k];
    }
    arena_rewind(&bench->step, mark);
}

/* ---- Shift ---- */

static void method_label(const void *context, Arena *arena, const States *states, float *x0)
{
    const Lab *lab = context;
    lab->method->label(lab, arena, states, x0);
}

static void method_gap(const void *context, Arena *arena, const Policy *student,
                       const States *states, double *gap)
{
    const Lab *lab = context;
    lab->method->disagreement(lab, arena, student, states, gap);
}

Shift *bench_shift(Bench *bench, int n, int substeps)
{
    const Lab *lab = &bench->lab;
    Cost each = lab->method->label_cost(lab);
    ShiftSetup setup = {.n = n,
                        .seed = lab->seed,
                        .data = &lab->data,
                        .schedule = lab->schedule,
                        .label = lab->method->label ? method_label : NULL,
                        .gap = lab->method->label ? NULL : method_gap,
                        .context = lab,
                        .label_cost = (int)cost_total(&each)};
    setup.teacher = lab_teacher(lab, lab->grid.steps, substeps);
    return shift_open(&setup, &bench->keep);
}

void assert_same_shift(int n, const ShiftRow *a, const ShiftRow *b)
{
    for (int s = 0; s < n; s++) {
        assert_int_equal(a[s].i, b[s].i);
        assert_memory_equal(&a[s].time, &b[s].time, sizeof *a - offsetof(ShiftRow, time));
    }
}

/* ---- The state as bytes ---- */

typedef struct ByteWalk {
    Walk walk;
    State state;
    size_t at;
    bool give;
} ByteWalk;

static size_t bytes_of(WalkType type, int rank, const long *shape)
{
    static const size_t size[] = {
        [WALK_F32] = 4, [WALK_F64] = 8, [WALK_I32] = 4, [WALK_I64] = 8, [WALK_U8] = 1};
    size_t bytes = size[type];
    for (int i = 0; i < rank; i++)
        bytes *= (size_t)shape[i];
    return bytes;
}

static void visit(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                  void *data)
{
    (void)name;
    ByteWalk *copy = (ByteWalk *)walk;
    State *state = &copy->state;
    size_t bytes = bytes_of(type, rank, shape);
    if (copy->give) {
        assert_true(copy->at + bytes <= state->size);
        memcpy(data, state->bytes + copy->at, bytes);
    } else {
        state->bytes = realloc(state->bytes, state->size + bytes);
        must(state->bytes || !(state->size + bytes));
        memcpy(state->bytes + state->size, data, bytes);
        state->size += bytes;
        state->arrays++;
    }
    copy->at += bytes;
}

State state_take(Lab *lab)
{
    ByteWalk copy = {.walk = {visit}};
    lab_walk(lab, &copy.walk);
    return copy.state;
}

void state_give(const State *state, Lab *lab)
{
    ByteWalk copy = {.walk = {visit}, .state = *state, .give = true};
    lab_walk(lab, &copy.walk);
    assert_int_equal(copy.at, state->size);
}

bool state_same(const State *a, const State *b)
{
    return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}

void state_drop(State *state)
{
    free(state->bytes);
    *state = (State){0};
}

bool state_of_same(Lab *a, Lab *b)
{
    State first = state_take(a), second = state_take(b);
    bool same = state_same(&first, &second);
    state_drop(&first);
    state_drop(&second);
    return same;
}
