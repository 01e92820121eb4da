/* Paths of seeds: the student's own, the teacher's, restarts, the two parts of an error, the field;
 * and samples of the past through the engine. */
#include "engine/show/gallery.h"
#include "tests/engines.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

/* ---- A lab after a few steps ---- */

static const char LAB[] = "[run]\nmethod = %s\nsteps = 60\nbatch = 32\n[data]\n%s\n"
                          "[net]\nkind = mlp\nwidth = 16\ndepth = 2\n"
                          "[student]\nsteps = 4\ninit = %s\npretrain_steps = 40\n"
                          "[source]\ncapacity = 16\nteacher_capacity = 16\n";

typedef struct Followed {
    Bench *bench;
    Gallery *gallery;
    const SamplesView *samples;
    const PathsView *paths;
} Followed;

static Followed followed_open(const char *method, const char *data)
{
    char text[1024];
    bool alone = strcmp(method, "diffusion") == 0;
    snprintf(text, sizeof text, LAB, method, *data ? data : "name = ring\nkeep = 0,1,2",
             alone ? "random" : "pretrain");
    Followed followed = {.bench = bench_open(text, 2)};
    bench_start(followed.bench, alone ? 0 : 40);
    bench_advance(followed.bench, 0, 20);
    followed.gallery = gallery_make(&followed.bench->lab, 20, NULL, true);
    followed.samples = gallery_view(followed.gallery);
    followed.paths = followed.samples->paths;
    assert_non_null(followed.paths);
    return followed;
}

static void followed_close(Followed *followed)
{
    gallery_drop(followed->gallery);
    bench_close(followed->bench);
}

static const float *path_at(const PathsView *paths, int start, int stage, int seed)
{
    return paths->path +
           2 * ((size_t)(start * (paths->steps + 1) + stage) * (size_t)paths->n + (size_t)seed);
}

static double gap_at(const PathsView *paths, int start, int stage, int seed)
{
    return paths
        ->gap[(size_t)(start * (paths->steps + 1) + stage) * (size_t)paths->n + (size_t)seed];
}

/* ---- Paths ---- */

/* A restart at the noise is the student's own path, one at the end the teacher's; before the
 * restart it is the teacher's. */
static void test_restarts(void **state)
{
    (void)state;
    static const char *const methods_tried[] = {"pd", "lcm"};
    for (int m = 0; m < 2; m++) {
        Followed f = followed_open(methods_tried[m], "");
        const PathsView *paths = f.paths;
        int n = paths->n, steps = paths->steps;
        assert_true(n == 128 && steps == 4 && paths->starts == 5 && !paths->projected);
        for (int k = 0; k <= steps; k++) {
            size_t bytes = (size_t)n * 2 * sizeof(float);
            assert_memory_equal(path_at(paths, 0, k, 0), f.samples->student + 2 * k * f.samples->n,
                                bytes);
            assert_memory_equal(path_at(paths, steps, k, 0),
                                paths->teacher + 2 * k * paths->fine * n, bytes);
            for (int r = k; r <= steps; r++)
                assert_memory_equal(path_at(paths, r, k, 0), path_at(paths, steps, k, 0), bytes);
        }
        followed_close(&f);
    }
}

/* What one student step makes of the two states it can start from, by hand from the paths alone,
 * against gap and fresh. */
static void test_fresh_and_inherited_make_the_gap(void **state)
{
    (void)state;
    static const char *const methods_tried[] = {"pd", "lcm"};
    for (int m = 0; m < 2; m++) {
        Followed f = followed_open(methods_tried[m], "");
        const PathsView *paths = f.paths;
        double carried = 0;
        for (int k = 1; k <= paths->steps; k++) {
            for (int p = 0; p < paths->n; p++) {
                const float *own = path_at(paths, 0, k, p), *once = path_at(paths, k - 1, k, p);
                const float *teacher = path_at(paths, paths->steps, k, p);
                double gap = hypot((double)own[0] - teacher[0], (double)own[1] - teacher[1]),
                       inherited = 0;
                for (int c = 0; c < 2; c++)
                    inherited += ((double)own[c] - once[c]) * ((double)own[c] - teacher[c]) / gap;
                double fresh = paths->fresh[k * paths->n + p];
                assert_near(gap_at(paths, 0, k, p), gap / sqrt(2), 1e-6);
                assert_near(fresh + inherited / sqrt(2), gap / sqrt(2), 1e-5);
                if (k == 1)
                    assert_near(fresh, gap / sqrt(2), 1e-6); /* both began in the same noise */
                carried += k > 1 ? fabs(inherited) : 0;
            }
        }
        assert_true(carried > 1);
        followed_close(&f);
    }
}

/* The re-noising teacher takes the noise the student took: from the student's states and estimates,
 * with the teacher's estimate from a path eight times as fine. */
static void test_noise_is_shared(void **state)
{
    (void)state;
    enum { N = 128, STEPS = 4 };
    static float end[(STEPS + 1) * 2 * N];
    Followed f = followed_open("lcm", "");
    const PathsView *paths = f.paths;
    const SamplesView *samples = f.samples;
    Policy teacher = lab_teacher(&f.bench->lab, STEPS, 128);
    for (int k = 0; k + 1 < STEPS; k++) {
        Noise s = noise_at(f.bench->lab.schedule, (double)(STEPS - k - 1) / STEPS);
        rollout(f.bench->crew, &(Rollout){.policy = &teacher,
                                          .stream = STREAM_SAMPLE,
                                          .n = N,
                                          .noise = path_at(paths, STEPS, k, 0),
                                          .states = end,
                                          .from = k});
        double worst = 0;
        for (int i = 0; i < 2 * N; i++) {
            size_t at = (size_t)(k * samples->n * 2 + i);
            double noise = ((double)samples->student[at + (size_t)samples->n * 2] -
                            s.alpha * (double)samples->student_x0[at]) /
                           s.sigma;
            double expected = s.alpha * (double)end[STEPS * 2 * N + i] + s.sigma * noise;
            worst = fmax(worst, fabs(expected - (double)path_at(paths, STEPS, k + 1, 0)[i]));
        }
        assert_true(worst <
                    0.2); /* two draws of noise would differ by 1.4 sigma on average, 4 at worst */
    }
    followed_close(&f);
}

/* The teacher's x0 at a grid point is the one whose single step ends where its many do; the
 * student's is what it says. */
static void test_field(void **state)
{
    (void)state;
    Followed f = followed_open("pd", "");
    const PathsView *paths = f.paths;
    Lab *lab = &f.bench->lab;
    int steps = paths->steps, each = paths->field * paths->field;
    assert_true(paths->field == 11 && paths->field_classes == 1);
    float *grid = calloc((size_t)each, 2 * sizeof *grid),
          *states = calloc((size_t)each, 2 * 5 * sizeof *states),
          *x0s = calloc((size_t)each, 2 * 4 * sizeof *x0s), landed[2];
    for (int i = 0; i < each; i++) {
        grid[2 * i] = paths->field_half * (2 * (float)(i % 11) / 10 - 1);
        grid[2 * i + 1] = paths->field_half * (2 * (float)(i / 11) / 10 - 1);
    }
    Policy student = lab_student(lab, false, 0), teacher = lab_teacher(lab, steps, 16);
    for (int k = 0; k < steps; k++) {
        Noise t = noise_at(lab->schedule, (double)(steps - k) / steps);
        Noise s = noise_at(lab->schedule, (double)(steps - k - 1) / steps);
        Rollout r = {.policy = &student,
                     .stream = STREAM_SAMPLE,
                     .n = each,
                     .noise = grid,
                     .states = states,
                     .x0s = x0s,
                     .from = k,
                     .to = k + 1};
        rollout(lab->crew, &r);
        assert_memory_equal(paths->student_field + 2 * k * each, x0s + 2 * k * each,
                            (size_t)each * 2 * sizeof *x0s);
        r.policy = &teacher;
        r.x0s = NULL;
        rollout(lab->crew, &r);
        for (int i = 0; i < each; i++) {
            step_ddim(2, t, s, grid + 2 * i, paths->teacher_field + 2 * (k * each + i), landed);
            for (int c = 0; c < 2; c++)
                assert_near(landed[c], states[2 * ((k + 1) * each + i) + c], 1e-4);
        }
    }
    free(grid);
    free(states);
    free(x0s);
    followed_close(&f);
}

/* A conditional data set has a field for each class; a method without a teacher has the student's
 * path alone. */
static void test_classes_and_no_teacher(void **state)
{
    (void)state;
    Followed f = followed_open("pd", "name = moons\nconditional = yes");
    size_t each = (size_t)f.paths->field * (size_t)f.paths->field * 2 * (size_t)f.paths->steps;
    assert_int_equal(f.paths->field_classes, 2);
    assert_memory_not_equal(f.paths->teacher_field, f.paths->teacher_field + each,
                            each * sizeof(float));
    followed_close(&f);
    f = followed_open("diffusion", "");
    assert_int_equal(f.paths->starts, 1);
    assert_null(f.paths->teacher);
    assert_memory_equal(f.paths->path, f.samples->student, (size_t)f.paths->n * 2 * sizeof(float));
    followed_close(&f);
}

/* What is the teacher's is shared, and is the same as when made anew. */
static void test_renewal(void **state)
{
    (void)state;
    Followed f = followed_open("pd", "");
    bench_advance(f.bench, 20, 25);
    Gallery *renewed = gallery_make(&f.bench->lab, 25, f.gallery, true);
    Gallery *anew = gallery_make(&f.bench->lab, 25, NULL, true);
    const PathsView *a = gallery_view(renewed)->paths, *b = gallery_view(anew)->paths;
    size_t floats = (size_t)(a->steps + 1) * (size_t)(a->steps + 1) * (size_t)a->n;
    assert_ptr_equal(a->teacher, f.paths->teacher);
    assert_memory_equal(a->path, b->path, 2 * floats * sizeof(float));
    assert_memory_equal(a->gap, b->gap, floats * sizeof(float));
    assert_memory_not_equal(a->path, f.paths->path, 2 * floats * sizeof(float));
    gallery_drop(f.gallery);
    f.gallery = renewed;
    gallery_drop(anew);
    followed_close(&f);
}

/* ---- The past, through the engine ---- */

enum { KEPT = 4 };
typedef struct Film {
    int frames;
    long step[KEPT];
    float *student[KEPT], *teacher[KEPT];
} Film;

static size_t floats_of(const SamplesView *samples)
{
    return (size_t)(samples->steps + 1) * (size_t)samples->n * (size_t)samples->channels;
}

static float *copy_of(const float *from, size_t n)
{
    float *to = malloc(n * sizeof *to);
    assert_non_null(to);
    memcpy(to, from, n * sizeof *to);
    return to;
}

/* Keeps what the run shows whenever it shows the step of one of its regular checkpoints. */
static void film(Engine *engine, Film *kept)
{
    const Snapshot *snapshot = engine_look(engine);
    const SamplesView *samples = &snapshot->run[0]->samples;
    bool fresh = samples->n && samples->step == snapshot->run[0]->checkpoint &&
                 samples->step % 7 == 0 &&
                 (!kept->frames || kept->step[kept->frames - 1] != samples->step);
    if (fresh && kept->frames < KEPT) {
        kept->step[kept->frames] = samples->step;
        kept->student[kept->frames] = copy_of(samples->student, floats_of(samples));
        kept->teacher[kept->frames++] = copy_of(samples->teacher, floats_of(samples));
    }
    engine_drop(engine, snapshot);
}

/* The past at a step between checkpoints is the film's frame, bit for bit. */
static void assert_past(Engine *engine, const Film *kept, int frame, long step, const char *text)
{
    tell(engine, COMMAND_LOOK, 1, step, text);
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    const SamplesView *past = &snapshot->run[0]->past;
    assert_true(past->n == 512 && past->step == kept->step[frame]);
    assert_memory_equal(past->student, kept->student[frame], floats_of(past) * sizeof(float));
    assert_memory_equal(past->teacher, kept->teacher[frame], floats_of(past) * sizeof(float));
    assert_int_equal(!past->paths, *text == 0);
    engine_drop(engine, snapshot);
}

static void film_drop(Film *kept)
{
    for (int i = 0; i < kept->frames; i++) {
        free(kept->student[i]);
        free(kept->teacher[i]);
    }
}

/* Also across a tweak of what the teacher's samples depend on, in a run at work, one at rest, one
 * on disk, and for a viewer. */
static void test_the_past_is_as_it_was(void **state)
{
    Place *place = *state;
    Film kept = {0};
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    while (kept.frames < 2) { /* steps 0 and 7 */
        assert_int_equal(engine_advance(engine, 1), 1);
        film(engine, &kept);
    }
    engine_advance(engine, 4);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "threshold.kind=static"), STATUS_OK);
    while (kept.frames < 4) { /* 14 and 21; the tweak's own checkpoint lies before them */
        assert_int_equal(engine_advance(engine, 1), 1);
        film(engine, &kept);
    }
    assert_true(kept.step[1] == 7 && kept.step[2] == 14 && kept.step[3] == 21);
    assert_past(engine, &kept, 1, 8, "");
    assert_past(engine, &kept, 0, 3, "paths");
    assert_past(engine, &kept, 2, 14, "");
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    assert_past(engine, &kept, 3, 22, "paths");
    engine_close(engine, LEAVE_DROP, NULL);
    for (int readonly = 0; readonly < 2; readonly++) {
        engine = place_open(place, true, readonly);
        assert_past(engine, &kept, 1, 7, "paths");
        assert_past(engine, &kept, 2, 20, "");
        tell(engine, COMMAND_LOOK, 1, -1, ""); /* live again */
        engine_advance(engine, 0);
        const Snapshot *snapshot = engine_look(engine);
        assert_int_equal(snapshot->run[0]->past.n, 0);
        assert_int_equal(snapshot->notes, 0); /* a look that succeeds is no news */
        engine_drop(engine, snapshot);
        engine_close(engine, LEAVE_DROP, NULL);
    }
    film_drop(&kept);
}

/* The second look at a step makes nothing. */
static void test_looks_are_kept(void **state)
{
    Place *place = *state;
    const float *first[2];
    Engine *engine = place_open(place, true, false);
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    engine_advance(engine, 30);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 2; i++) {
            tell(engine, COMMAND_LOOK, 1, 7 * i, "paths");
            engine_advance(engine, 0);
            const Snapshot *snapshot = engine_look(engine);
            assert_int_equal(snapshot->run[0]->past.step, 7 * i);
            if (turn)
                assert_ptr_equal(snapshot->run[0]->past.student, first[i]);
            first[i] = snapshot->run[0]->past.student;
            engine_drop(engine, snapshot);
        }
    }
    long ticket = tell(engine, COMMAND_LOOK, 5, 7, "");
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "no run 5");
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    assert_int_equal(ask(engine, COMMAND_DELETE, 1, 0, ""), STATUS_OK);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* Each run has a look of its own, for its owner and for a viewer; ending one leaves the other. */
static void test_two_runs_at_once(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    for (int run = 0; run < 2; run++)
        ask(engine, COMMAND_NEW, 0, 0, place->pd);
    while (engine_advance(engine, 10))
        continue;
    engine_close(engine, LEAVE_DROP, NULL);
    for (int readonly = 0; readonly < 2; readonly++) {
        engine = place_open(place, true, readonly);
        tell(engine, COMMAND_LOOK, 1, 7, "");
        tell(engine, COMMAND_LOOK, 2, 15, "paths");
        engine_advance(engine, 0);
        const Snapshot *snapshot = engine_look(engine);
        assert_int_equal(snapshot->run[0]->past.step, 7);
        assert_int_equal(snapshot->run[1]->past.step, 14);
        assert_true(snapshot->run[1]->past.paths && !snapshot->run[0]->past.paths);
        tell(engine, COMMAND_LOOK, 1, -1, "");
        engine_advance(engine, 0);
        const Snapshot *later = engine_look(engine);
        assert_int_equal(later->run[0]->past.n, 0);
        assert_int_equal(later->run[1]->past.step, 14);
        assert_int_equal(snapshot->run[0]->past.step, 7); /* what was published stays */
        engine_drop(engine, snapshot);
        engine_drop(engine, later);
        engine_close(engine, LEAVE_DROP, NULL);
    }
}

/* Following a live run's paths, to its end and after, changes none of its numbers. */
static void test_looking_disturbs_nothing(void **state)
{
    Place *place = *state;
    char alone[PATH_SIZE], watched[PATH_SIZE];
    Engine *engine = place_open(place, true, false);
    for (int run = 1; run <= 2; run++) {
        ask(engine, COMMAND_NEW, 0, 0, place->pd);
        while (engine_advance(engine, 3)) {
            if (run == 1)
                continue;
            const Snapshot *snapshot = engine_look(engine);
            tell(engine, COMMAND_LOOK, 2,
                 snapshot->run[1]->step % 2 ? -1 : snapshot->run[1]->step / 2, "paths");
            engine_drop(engine, snapshot);
        }
    }
    tell(engine, COMMAND_LOOK, 2, -1, "paths");
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    const RunView *view = snapshot->run[1];
    assert_int_equal(view->state, RUN_DONE);
    assert_true(view->samples.paths || view->past.paths);
    for (int i = 0; i < snapshot->notes; i++)
        assert_int_equal(snapshot->note[i].status, STATUS_OK);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
    assert_same_logs(file_join(alone, place->runs, "0001-one"),
                     file_join(watched, place->runs, "0002-one"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_fresh_and_inherited_make_the_gap),
        cmocka_unit_test(test_noise_is_shared),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_classes_and_no_teacher),
        cmocka_unit_test(test_renewal),
        TEST(test_the_past_is_as_it_was),
        TEST(test_looks_are_kept),
        TEST(test_two_runs_at_once),
        TEST(test_looking_disturbs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
