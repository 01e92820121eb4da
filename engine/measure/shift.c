/* Covariate shift at each sampling step, on fixed noise. The one-time part (the two reference laws
 * with their labels, the coordinates in which laws are compared, bandwidths and null bands) is made
 * once from the seed; a measurement rolls the student out and compares.
 *
 * Laws are compared in raw coordinates for points, and for pictures in the whitened coordinates of
 * the first principal components: raw pixels of noisy states are nearly blind (methods.md 8.2). The
 * batch of teacher states that the MMD uses is independent of the student's noise; the paired error
 * uses a second one, from the same noise. */
#include "engine/measure/shift.h"
#include "engine/base/quantile.h"
#include "engine/measure/interval.h"
#include "engine/measure/mmd.h"
#include "engine/measure/pca.h"
#include "engine/measure/stats.h"
#include <math.h>
#include <string.h>

enum { NULL_DRAWS = 200, STEPS_MAX = 64 };
enum { COMPARED_ROWS = 512, POOL_BATCHES = 8 }; /* of a law, for MMD: pairs grow as squares */

/* Numbers of the random streams within STREAM_SHIFT. */
enum { NOISE = 0, DATA = 1, OTHER_NOISE = 2, FRESH = 4, POOL = 128 /* + step */ };

/* A set of states at every sampling step: steps x n x dims, with the class of each row. */
typedef struct Law {
    float *state;
    int *label;
    float *point[STEPS_MAX]; /* in the coordinates that MMD compares: compared x coordinates */
} Law;

struct Shift {
    ShiftSetup setup;
    Arena *arena;
    bool ready, banded; /* noise, forward states and labels are there; all else too */
    bool rolled;        /* the teacher's states are */
    int n, compared, dims, steps, coordinates;
    float *noise;  /* n x dims */
    Pca pca;       /* pictures only */
    bool projects; /* pca is in use */
    Law forward, teacher, teacher_other;
    float *forward_x0; /* labels of the forward states: steps x n x dims */
    MmdKernel kernel[STEPS_MAX];
    double null95[STEPS_MAX], null95_teacher[STEPS_MAX];
    double within[STEPS_MAX],
        within_teacher[STEPS_MAX]; /* pair_sum_within of the reference laws' points */
};

Shift *shift_open(const ShiftSetup *setup, Arena *arena)
{
    Shift *shift = arena_new(arena, Shift, 1);
    must(setup->teacher.steps <= STEPS_MAX && setup->n >= 2 && (!setup->label != !setup->gap));
    *shift = (Shift){.setup = *setup,
                     .arena = arena,
                     .n = setup->n,
                     .compared = setup->n < COMPARED_ROWS ? setup->n : COMPARED_ROWS,
                     .dims = setup->data->dims,
                     .steps = setup->teacher.steps};
    return shift;
}

static Rng stream(const Shift *shift, int what, int row)
{
    return rng_at(shift->setup.seed, STREAM_SHIFT, (uint64_t)what << 40 | (uint64_t)row);
}

static double u_of(const Shift *shift, int s) { return (double)(shift->steps - s) / shift->steps; }

static size_t law_size(const Shift *shift) { return (size_t)shift->steps * shift->n * shift->dims; }

/* ---- The coordinates in which laws are compared ---- */

static void fit_coordinates(Shift *shift, Arena *scratch)
{
    shift->coordinates = shift->dims;
    if (dataset_is_points(shift->setup.data))
        return;
    size_t mark = arena_mark(scratch);
    float *rows = arena_floats(scratch, (size_t)PCA_ROWS * shift->dims);
    for (int r = 0; r < PCA_ROWS; r++) {
        int label;
        Rng rng = rng_at(shift->setup.seed, STREAM_SHIFT, (uint64_t)99 << 40 | (uint64_t)r);
        dataset_draw_all(shift->setup.data, &rng, rows + (size_t)r * shift->dims, &label);
    }
    shift->coordinates = shift->dims < PCA_MAX ? shift->dims : PCA_MAX;
    shift->pca = pca_fit(PCA_ROWS, rows, shift->dims, shift->coordinates, shift->arena, scratch);
    shift->projects = true;
    arena_rewind(scratch, mark);
}

static float *projected(const Shift *shift, const float *rows, int n, int s, Arena *arena)
{
    float *out = arena_floats(arena, (size_t)n * shift->coordinates);
    pca_whiten(&shift->pca, noise_at(shift->setup.schedule, u_of(shift, s)), n, rows, out);
    return out;
}

/* The first rows of step s in the coordinates of comparison; from `arena` for pictures, the states
 * themselves for points. */
static float *compared(const Shift *shift, const float *state, int s, Arena *arena)
{
    float *rows = (float *)state + (size_t)s * shift->n * shift->dims;
    if (!shift->projects)
        return rows;
    return projected(shift, rows, shift->compared, s, arena);
}

/* ---- The reference laws ---- */

static void draw_forward(Shift *shift, Law *law, int what)
{
    int d = shift->dims;
    law->state = arena_floats(shift->arena, law_size(shift));
    law->label = arena_new(shift->arena, int, shift->n);
    float *x = arena_floats(shift->arena, d);
    for (int r = 0; r < shift->n; r++) {
        Rng rng = stream(shift, what, r);
        dataset_draw(shift->setup.data, &rng, x, &law->label[r]);
        for (int s = 0; s < shift->steps; s++) {
            Noise t = noise_at(shift->setup.schedule, u_of(shift, s));
            float *z = law->state + ((size_t)s * shift->n + r) * d;
            for (int k = 0; k < d; k++)
                z[k] = (float)(t.alpha * (double)x[k] + t.sigma * (double)rng_normal(&rng));
        }
    }
}

static void draw_noise(const Shift *shift, int what, float *noise, int *label)
{
    for (int r = 0; r < shift->n; r++) {
        Rng rng = stream(shift, what, r);
        label[r] = dataset_label(shift->setup.data, &rng);
        rng_normals(&rng, shift->dims, noise + (size_t)r * shift->dims);
    }
}

static long roll(const Shift *shift, Crew *crew, const Policy *policy, const float *noise,
                 const int *label, float *states, float *x0s)
{
    Rollout r = {.policy = policy,
                 .seed = shift->setup.seed,
                 .stream = STREAM_SHIFT,
                 .first = (uint64_t)FRESH << 40,
                 .n = shift->n,
                 .noise = noise,
                 .label = label,
                 .states = states,
                 .x0s = x0s};
    return rollout(crew, &r);
}

static void draw_teacher(Shift *shift, Crew *crew, Law *law, const float *noise)
{
    law->state = arena_floats(shift->arena, law_size(shift) + (size_t)shift->n * shift->dims);
    roll(shift, crew, &shift->setup.teacher, noise, law->label, law->state, NULL);
}

/* ---- Labels and estimates at all steps at once ---- */

typedef struct Ask {
    const Shift *shift;
    const Policy *student; /* estimates; NULL: labels */
    const float *state;    /* steps x n x dims */
    const int *label;      /* [n] */
    float *x0;
    double *gap; /* gaps instead */
} Ask;

static void ask_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)chunk;
    const Ask *ask = context;
    const Shift *shift = ask->shift;
    int n = end - begin, *i = arena_new(arena, int, n), *label = arena_new(arena, int, n);
    double *u = arena_new(arena, double, n);
    size_t at = (size_t)begin * shift->dims;
    for (int r = 0; r < n; r++) {
        i[r] = shift->steps - (begin + r) / shift->n;
        u[r] = (double)i[r] / shift->steps;
        label[r] = ask->label[(begin + r) % shift->n];
    }
    States states = {.n = n,
                     .z = ask->state + at,
                     .i = i,
                     .steps = shift->steps,
                     .label = label,
                     .first = (uint64_t)begin};
    if (ask->gap)
        shift->setup.gap(shift->setup.context, arena, ask->student, &states, ask->gap + begin);
    else if (ask->student)
        policy_x0(ask->student, arena, n, states.z, u, label, ask->x0 + at, NULL);
    else
        shift->setup.label(shift->setup.context, arena, &states, ask->x0 + at);
}

/* Asks about all rows. */
static void deal_ask(Crew *crew, int chunk, const Ask *ask)
{
    const Shift *shift = ask->shift;
    int rows = shift->steps * shift->n;
    CrewItems gap = {.at = ask->gap, .size = sizeof *ask->gap},
              x0 = {.at = ask->x0, .size = sizeof *ask->x0 * (size_t)shift->dims};
    crew_deal(crew, rows, chunk, ask_chunk, (void *)ask);
    crew_share(crew, rows, chunk, ask->gap ? &gap : &x0, 1);
}

static void ask_all(const Shift *shift, Crew *crew, const Policy *student, const float *state,
                    const int *label, float *x0)
{
    Ask ask = {shift, student, state, label, x0, NULL};
    int chunk = student ? student->denoiser.spec.chunk : shift->setup.teacher.denoiser.spec.chunk;
    deal_ask(crew, chunk, &ask);
}

/* Fresh forward states of step s, as many batches as the band is drawn from, compared rows each. */
static float *draw_pool(const Shift *shift, int s, int n, Arena *arena)
{
    int d = shift->dims;
    Noise t = noise_at(shift->setup.schedule, u_of(shift, s));
    float *rows = arena_floats(arena, (size_t)n * d);
    for (int r = 0; r < n; r++) {
        int label;
        Rng rng = stream(shift, POOL + s, r);
        float *z = rows + (size_t)r * d;
        dataset_draw(shift->setup.data, &rng, z, &label);
        for (int k = 0; k < d; k++)
            z[k] = (float)(t.alpha * (double)z[k] + t.sigma * (double)rng_normal(&rng));
    }
    return shift->projects ? projected(shift, rows, n, s, arena) : rows;
}

/* 95 % of MMD^2 between the run's own forward batch, which stays the same, and others. */
static double forward_band(const Shift *shift, int s, const Work *work)
{
    int n = shift->compared, pool = POOL_BATCHES * n;
    Pair pair = pair_of(n, shift->forward.point[s], pool, draw_pool(shift, s, pool, work->scratch),
                        shift->coordinates);
    return mmd_null_given(&shift->kernel[s], &pair, shift->within[s], NULL_DRAWS, 0.95,
                          shift->setup.seed, work);
}

/* 95 % of MMD^2 between two batches of the teacher's law: more of them would cost network
 * evaluations. */
static double teacher_band(const Shift *shift, int s, const Work *work)
{
    int n = shift->compared;
    const float *other = compared(shift, shift->teacher.state, s, work->scratch);
    Pair pair = pair_of(n, shift->teacher_other.point[s], n, other, shift->coordinates);
    return mmd_test(&shift->kernel[s], &pair, NULL_DRAWS, 0.95, shift->setup.seed, work).null;
}

static void null_bands(Shift *shift, Crew *crew, Arena *scratch)
{
    fit_coordinates(shift, scratch);
    for (int s = 0; s < shift->steps; s++) {
        float *forward = shift->forward.point[s] =
            compared(shift, shift->forward.state, s, shift->arena);
        float *teacher = shift->teacher_other.point[s] =
            compared(shift, shift->teacher_other.state, s, shift->arena);
        size_t mark = arena_mark(scratch);
        int n = shift->compared, d = shift->coordinates;
        const MmdKernel *kernel = &shift->kernel[s];
        Work work = {crew, scratch};
        shift->kernel[s] = mmd_kernel(n, forward, d, &work);
        shift->within[s] = pair_sum_within(&kernel->pairs, n, forward, d, &work);
        shift->within_teacher[s] = pair_sum_within(&kernel->pairs, n, teacher, d, &work);
        shift->null95[s] = forward_band(shift, s, &work);
        shift->null95_teacher[s] = teacher_band(shift, s, &work);
        arena_rewind(scratch, mark);
    }
    shift->banded = true;
}

/* What errors are measured on. */
static void prepare(Shift *shift, Crew *crew)
{
    if (shift->ready)
        return;
    shift->noise = arena_floats(shift->arena, (size_t)shift->n * shift->dims);
    shift->teacher.label = arena_new(shift->arena, int, shift->n);
    draw_noise(shift, NOISE, shift->noise, shift->teacher.label);
    draw_forward(shift, &shift->forward, DATA);
    if (shift->setup.label) {
        shift->forward_x0 = arena_floats(shift->arena, law_size(shift));
        ask_all(shift, crew, NULL, shift->forward.state, shift->forward.label, shift->forward_x0);
    }
    shift->ready = true;
}

void shift_prepare(Shift *shift, Crew *crew)
{
    prepare(shift, crew);
    if (shift->rolled)
        return;
    float *other = arena_floats(shift->arena, (size_t)shift->n * shift->dims);
    shift->teacher_other.label = arena_new(shift->arena, int, shift->n);
    draw_teacher(shift, crew, &shift->teacher, shift->noise);
    draw_noise(shift, OTHER_NOISE, other, shift->teacher_other.label);
    draw_teacher(shift, crew, &shift->teacher_other, other);
    shift->rolled = true;
}

/* ---- A measurement ---- */

/* Squared error of each row, at all steps: steps x n. */
typedef struct Errors {
    double *own, *forward;
} Errors;

/* Mean squared difference over the coordinates of each row. */
static void row_errors(const Shift *shift, const float *a, const float *b, double *error)
{
    for (int r = 0; r < shift->steps * shift->n; r++) {
        size_t at = (size_t)r * shift->dims;
        double sum = 0;
        for (int k = 0; k < shift->dims; k++) {
            double gap = (double)a[at + k] - (double)b[at + k];
            sum += gap * gap;
        }
        error[r] = sum / shift->dims;
    }
}

/* Against the method's label. x0: the student's estimates at its own states. */
static void errors_by_label(const Shift *shift, Crew *crew, Arena *scratch, const Policy *student,
                            const float *state, const float *x0, Errors *errors)
{
    size_t mark = arena_mark(scratch), size = law_size(shift);
    float *label = arena_floats(scratch, size), *forward_x0 = arena_floats(scratch, size);
    ask_all(shift, crew, NULL, state, shift->teacher.label, label);
    ask_all(shift, crew, student, shift->forward.state, shift->forward.label, forward_x0);
    row_errors(shift, x0, label, errors->own);
    row_errors(shift, forward_x0, shift->forward_x0, errors->forward);
    arena_rewind(scratch, mark);
}

/* By the method's own gap: the same noise for own and forward states. */
static void errors_by_gap(const Shift *shift, Crew *crew, const Policy *student, const float *state,
                          Errors *errors)
{
    Ask own = {shift, student, state, shift->teacher.label, NULL, errors->own};
    Ask forward = {shift, student,        shift->forward.state, shift->forward.label,
                   NULL,  errors->forward};
    int chunk = student->denoiser.spec.chunk;
    deal_ask(crew, chunk, &own);
    deal_ask(crew, chunk, &forward);
}

static double relative_gap(const Shift *shift, int s, const float *a, const float *b)
{
    double gap = 0, size = 0;
    for (int k = 0; k < shift->n * shift->dims; k++) {
        size_t at = (size_t)s * shift->n * shift->dims + (size_t)k;
        double delta = (double)a[at] - (double)b[at];
        gap += delta * delta;
        size += (double)b[at] * (double)b[at];
    }
    return gap / size;
}

void shift_ratio(int n, const double *own, const double *forward, ShiftRow *row)
{
    Interval ratio = interval_ratio(n, own, forward);
    row->own = mean_of(n, own);
    row->forward = mean_of(n, forward);
    bool perfect = row->own <= 0 && row->forward <= 0;
    row->ratio = perfect ? 1 : ratio.value;
    row->low = perfect ? 1 : ratio.low;
    row->high = perfect ? 1 : ratio.high;
}

typedef struct Measuring {
    const Shift *shift;
    const float *state;
    const Errors *errors;
    ShiftRow *rows;
} Measuring;

/* Sampling step s; rows are worked out side by side. */
static void measure_row(void *context, Arena *scratch, int s, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Measuring *measuring = context;
    const Shift *shift = measuring->shift;
    const float *state = measuring->state;
    ShiftRow *row = &measuring->rows[s];
    const double *own = measuring->errors->own + (size_t)s * shift->n,
                 *forward = measuring->errors->forward + (size_t)s * shift->n;
    *row = (ShiftRow){.i = shift->steps - s,
                      .time = u_of(shift, s),
                      .null95 = shift->null95[s],
                      .null95_teacher = shift->null95_teacher[s]};
    shift_ratio(shift->n, own, forward, row);
    const float *points = compared(shift, state, s, scratch);
    int n = shift->compared, d = shift->coordinates;
    const MmdKernel *kernel = &shift->kernel[s];
    Work work = {NULL, scratch};
    Pair forward_pair = pair_of(n, points, n, shift->forward.point[s], d),
         teacher_pair = pair_of(n, points, n, shift->teacher_other.point[s], d);
    double within = pair_sum_within(&kernel->pairs, n, points, d, &work);
    row->mmd2 =
        pair_statistic_given(&kernel->pairs, &forward_pair, within, shift->within[s], &work);
    row->mmd2_teacher = pair_statistic_given(&kernel->pairs, &teacher_pair, within,
                                             shift->within_teacher[s], &work);
    row->paired = relative_gap(shift, s, state, shift->teacher.state);
}

/* state: (steps + 1) x n x dims, the student's own states. */
static void measure_errors(Shift *shift, Crew *crew, Arena *scratch, const Policy *student,
                           float *state, Errors *errors)
{
    must(student->steps == shift->steps);
    prepare(shift, crew);
    size_t mark = arena_mark(scratch);
    float *x0 = arena_floats(scratch, law_size(shift));
    roll(shift, crew, student, shift->noise, shift->teacher.label, state, x0);
    if (shift->setup.gap)
        errors_by_gap(shift, crew, student, state, errors);
    else
        errors_by_label(shift, crew, scratch, student, state, x0, errors);
    arena_rewind(scratch, mark);
}

static float *states_new(const Shift *shift, Arena *arena)
{
    return arena_floats(arena, law_size(shift) + (size_t)shift->n * shift->dims);
}

void shift_errors(Shift *shift, Crew *crew, Arena *scratch, const Policy *student, double *own,
                  double *forward)
{
    size_t mark = arena_mark(scratch);
    measure_errors(shift, crew, scratch, student, states_new(shift, scratch),
                   &(Errors){own, forward});
    arena_rewind(scratch, mark);
}

double shift_measure(Shift *shift, Crew *crew, Arena *scratch, const Policy *student,
                     ShiftRow *rows)
{
    size_t mark = arena_mark(scratch), all = (size_t)shift->steps * shift->n;
    float *state = states_new(shift, scratch);
    Errors errors = {arena_new(scratch, double, all), arena_new(scratch, double, all)};
    shift_prepare(shift, crew);
    measure_errors(shift, crew, scratch, student, state, &errors);
    if (!shift->banded)
        null_bands(shift, crew, scratch);
    Measuring measuring = {shift, state, &errors, rows};
    crew_map(crew, shift->steps, 1, measure_row, &measuring);
    arena_rewind(scratch, mark);
    return shift_cost(shift, student);
}

double shift_cost(const Shift *shift, const Policy *student)
{
    double rows = (double)shift->n * shift->steps;
    int own = denoiser_cost(&student->denoiser), each = shift->setup.label_cost;
    return rows * (shift->setup.gap ? own + 2 * each : 2 * own + each);
}

double shift_setup_cost(const Shift *shift)
{
    const Policy *teacher = &shift->setup.teacher;
    double rows = (double)shift->n * shift->steps;
    int label_cost = shift->setup.label ? shift->setup.label_cost : 0;
    return rows * label_cost + 2 * rows * teacher->substeps * denoiser_cost(&teacher->denoiser);
}

double shift_worst(const ShiftRow *rows, int n, int *row)
{
    *row = n == 1 ? 0 : 1;
    for (int s = 1; s < n; s++)
        if (rows[s].ratio > rows[*row].ratio || !(rows[*row].ratio == rows[*row].ratio))
            *row = s;
    return rows[*row].ratio;
}

/* An end of a row's interval, moved out to where the intervals of n rows hold at once (Bonferroni):
 * in logarithms, as interval_ratio makes them. */
static double stretched(const ShiftRow *row, double end, int n)
{
    double wider = n > 1 ? normal_quantile(1 - 0.025 / n) / normal_quantile(0.975) : 1;
    return row->ratio * pow(end / row->ratio, wider);
}

void shift_worst_interval(const ShiftRow *rows, int n, double *low, double *high)
{
    int candidates = 0, first = n == 1 ? 0 : 1;
    double least = 0;
    for (int s = first; s < n; s++)
        least = fmax(least, stretched(&rows[s], rows[s].low, n - first));
    for (int s = first; s < n; s++)
        candidates += stretched(&rows[s], rows[s].high, n - first) >= least;
    *low = *high = 0;
    for (int s = first; s < n; s++) {
        *low = fmax(*low, stretched(&rows[s], rows[s].low, candidates));
        *high = fmax(*high, stretched(&rows[s], rows[s].high, candidates));
    }
}
