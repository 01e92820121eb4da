/* Owns made-up snapshots. Values follow smooth laws with a little noise, so that golden
 * screens look like life. */
#include "tests/fake_snapshot.h"
#include "engine/store/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNS_MAX = 5,
    MEASURES_MAX = 40,
    ROWS_MAX = 32,
    POINTS = 256,
    PICTURES = 40,
    SIDE = 28,
    REFERENCES_MADE = 2000,
    PARAMS_MAX = 160,
};

typedef struct Pool {
    Snapshot snapshot;
    const RunView *list[RUNS_MAX];
    RunView run[RUNS_MAX];
    TermView term[RUNS_MAX][4];
    MarkView mark[3];
    char param[PARAMS_MAX][64]; /* of every run */
    MetricView metric[2];
    long step[MEASURES_MAX];
    double time[ROWS_MAX];
    float shift[10][MEASURES_MAX * ROWS_MAX];
    int label[POINTS];
    float reference[REFERENCES_MADE * 2];
    float *samples; /* student, x0, teacher */
    PathsView paths;
    float *followed; /* path, gap, fresh, teacher, fields */
    unsigned state;
    Rows *rows[2 * RUNS_MAX];
} Pool;

static double uniform(Pool *pool)
{
    pool->state = pool->state * 1664525u + 1013904223u;
    return (pool->state >> 8) / 16777216.0;
}

static double normal(Pool *pool)
{
    double u = uniform(pool) + 1e-9, v = uniform(pool);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static double loss_at(double step)
{
    return 0.02 + 0.9 * exp(-step / 250) + 0.15 * exp(-step / 1500);
}

/* One row in ten steps: noise around smooth laws, holes and spikes as asked for. */
static void fill_series(Pool *pool, int i, const FakeOptions *options)
{
    RunView *run = &pool->run[i];
    const long every = 10;
    long rows = run->step / every;
    Rows *curves = pool->rows[2 * i] = rows_new(run->loss_terms);
    Rows *times = pool->rows[2 * i + 1] = rows_new(2);
    for (long r = 0; r < rows; r++) {
        double at = (double)(r * every), value[TERMS_MAX];
        bool hole = options->hole && r > rows / 3 && r < rows / 3 + 12;
        bool spike = options->spike > 0 && options->spike / every == r;
        for (int t = 0; t < run->loss_terms; t++) {
            double law = loss_at(at) * (1 + t * 0.4);
            value[t] = hole ? NAN : law * (1 + 0.12 * normal(pool)) * (spike ? 400 : 1);
            value[t] = value[t] < 0.3 * law ? 0.3 * law : value[t];
        }
        rows_add(curves, r * every, value);
        if (r % 50 == 0)
            rows_add(times, r * every, (const double[]){at / 412, at * 1280});
    }
    for (int t = 0; t < run->loss_terms; t++)
        run->term[t].series = rows_series(curves, t);
    run->seconds = rows_series(times, 0);
    run->evaluations = rows_series(times, 1);
    run->batch = 256;
}

static void fill_shift(Pool *pool, RunView *run, const FakeOptions *options)
{
    int rows = options->sampling, columns = (int)(run->step / 150) + 1;
    columns = columns > MEASURES_MAX ? MEASURES_MAX : columns;
    ShiftView *shift = &run->shift_view;
    float **field[] = {
        (float **)&shift->own,    (float **)&shift->forward,      (float **)&shift->ratio,
        (float **)&shift->low,    (float **)&shift->high,         (float **)&shift->mmd2,
        (float **)&shift->null95, (float **)&shift->mmd2_teacher, (float **)&shift->null95_teacher,
        (float **)&shift->paired};
    for (int f = 0; f < 10; f++)
        *field[f] = pool->shift[f];
    shift->rows = rows;
    shift->columns = columns;
    shift->step = pool->step;
    shift->time = pool->time;
    for (int row = 0; row < rows; row++)
        pool->time[row] = (double)(rows - row) / rows;
    for (int c = 0; c < columns; c++) {
        pool->step[c] = run->step * c / columns;
        for (int row = 0; row < rows; row++) {
            double part = rows > 1 ? (double)row / (rows - 1) : 1;
            double ratio = 0.8 + part * part * 15 * exp(-(double)pool->step[c] / 900) *
                                     (1 + 0.05 * normal(pool));
            const double value[10] = {0.02 * ratio, 0.02,          ratio, ratio * 0.9,
                                      ratio * 1.12, 0.004 * ratio, 0.003, 0.003 * ratio,
                                      0.003,        0.03 * ratio};
            for (int f = 0; f < 10; f++)
                pool->shift[f][c * rows + row] = (float)value[f];
        }
    }
    run->shift = pool->shift[2][(columns - 1) * rows + rows - 1];
    run->shift_row = rows - 1;
}

static void ring_point(Pool *pool, int mode, double spread, float point[2])
{
    double angle = 6.283185307179586 * mode / 8;
    point[0] = (float)((2 * cos(angle) + spread * normal(pool)) / 1.41774);
    point[1] = (float)((2 * sin(angle) + spread * normal(pool)) / 1.41774);
}

/* Straight lines from noise to the ring; the teacher's end points are sharper. */
static void fill_points(Pool *pool, RunView *run, int steps)
{
    size_t stage = POINTS * 2;
    float *student = pool->samples, *x0 = student + stage * (size_t)(steps + 1),
          *teacher = x0 + stage * (size_t)steps;
    for (int i = 0; i < POINTS; i++) {
        float noise[2] = {(float)normal(pool), (float)normal(pool)}, end[2], sharp[2];
        int mode = (int)(uniform(pool) * 8);
        ring_point(pool, mode, 0.25, end);
        ring_point(pool, mode, 0.1, sharp);
        for (int k = 0; k <= steps; k++) {
            float t = (float)k / (float)steps;
            for (int c = 0; c < 2; c++) {
                size_t at = (size_t)k * stage + (size_t)i * 2 + (size_t)c;
                student[at] = noise[c] * (1 - t) + end[c] * t;
                teacher[at] = noise[c] * (1 - t) + sharp[c] * t;
                if (k < steps)
                    x0[at] = end[c] * (0.5f + 0.5f * t);
            }
        }
    }
    for (int i = 0; i < REFERENCES_MADE; i++)
        ring_point(pool, i % 8, 0.1, pool->reference + 2 * i);
    run->samples = (SamplesView){.step = run->step,
                                 .n = POINTS,
                                 .steps = steps,
                                 .height = 1,
                                 .width = 1,
                                 .channels = 2,
                                 .student = student,
                                 .student_x0 = x0,
                                 .teacher = teacher,
                                 .n_reference = REFERENCES_MADE,
                                 .reference = pool->reference,
                                 .low = -2,
                                 .high = 2};
}

/* A class is a shape: so many bars, across or down. */
static float shape(int label, int row, int column)
{
    bool inside = row > 3 && row < SIDE - 4 && column > 3 && column < SIDE - 4;
    int along = label % 2 ? row : column, period = 4 + label;
    return inside ? (along / (period / 2) % 2 ? 0.9f : -0.2f) : -1;
}

/* The bars' colour, on white. */
static float tinted(float level, int label, int channel)
{
    static const float tint[10][3] = {{0.9f, 0.1f, 0.1f}, {0.1f, 0.6f, 0.2f}, {0.1f, 0.3f, 0.9f},
                                      {1, 0.8f, 0},       {0.5f, 0.2f, 0.6f}, {0, 0.6f, 0.7f},
                                      {0.9f, 0.5f, 0.1f}, {0.4f, 0.3f, 0.2f}, {0.9f, 0.4f, 0.6f},
                                      {0.2f, 0.2f, 0.2f}};
    return level > 0 ? 2 * tint[label][channel] - 1 : 1;
}

static void fill_pictures(Pool *pool, RunView *run, int steps, int channels)
{
    size_t dims = (size_t)(SIDE * SIDE * channels), stage = PICTURES * dims;
    float *student = pool->samples, *x0 = student + stage * (size_t)(steps + 1),
          *teacher = x0 + stage * (size_t)steps;
    for (int i = 0; i < PICTURES; i++) {
        pool->label[i] = i % 10;
        for (size_t d = 0; d < dims; d++) {
            int pixel = (int)d / channels;
            float noise = (float)normal(pool), end = shape(i % 10, pixel / SIDE, pixel % SIDE);
            end = channels == 3 ? tinted(end, i % 10, (int)d % 3) : end;
            for (int k = 0; k <= steps; k++) {
                float t = (float)k / (float)steps;
                size_t at = (size_t)k * stage + (size_t)i * dims + d;
                student[at] = noise * (1 - t) + (end * 0.9f + 0.02f * noise) * t;
                teacher[at] = noise * (1 - t) + end * t;
                if (k < steps)
                    x0[at] = end * (0.4f + 0.5f * t);
            }
        }
    }
    run->samples = (SamplesView){.step = run->step,
                                 .n = PICTURES,
                                 .steps = steps,
                                 .height = SIDE,
                                 .width = SIDE,
                                 .channels = channels,
                                 .label = pool->label,
                                 .student = student,
                                 .student_x0 = x0,
                                 .teacher = teacher,
                                 .low = -1,
                                 .high = 1};
}

/* Every parameter at its default, but for the priors. */
static void fill_params(Pool *pool, RunView *run)
{
    ParamInfoView param;
    run->param = (const char(*)[64])pool->param;
    for (run->params = 0; engine_param(run->params, &param) && run->params < PARAMS_MAX;
         run->params++) {
        bool data = strcmp(param.key, "beta_data") == 0,
             other = !data && strncmp(param.key, "beta_", 5) == 0 &&
                     strcmp(param.section, "source") == 0;
        const char *value = other && strcmp(param.key, "beta_floor") != 0 ? "0.25"
                            : data                                        ? "0.5"
                            : param.fallback                              ? param.fallback
                                                                          : "";
        engine_param_check(run->params, value, pool->param[run->params], NULL);
    }
    const double prior[] = {0.5, 0.25, 0.25}, share[] = {0.54, 0.22, 0.24};
    memcpy(run->prior, prior, sizeof prior);
    memcpy(run->share, share, sizeof share);
}

/* The first seeds on smooth curves: the teacher's bends, the student's is off by more with every
 * step. */
static void fill_paths(Pool *pool, RunView *run, bool images)
{
    enum { FOLLOWED = 24, PICTURES_FOLLOWED = 10, FINE = 8, FIELD = 5 };
    int steps = run->samples.steps, n = images ? PICTURES_FOLLOWED : FOLLOWED;
    size_t stages = (size_t)steps + 1, rows = stages * stages * (size_t)n,
           field = (size_t)(steps * FIELD * FIELD) * 2;
    float *path = calloc(3 * rows + stages * (size_t)n +
                             (size_t)(steps * FINE + 1) * (size_t)n * 2 + 2 * field,
                         sizeof *path);
    float *gap = path + 2 * rows, *fresh = gap + rows, *line = fresh + stages * (size_t)n;
    float *fields = line + (size_t)(steps * FINE + 1) * (size_t)n * 2;
    pool->followed = path;
    for (int p = 0; p < n; p++) {
        double angle = 6.283185307179586 * p / n, bend = 0.8 * sin(3.0 * p);
        for (int part = 0; part <= steps * FINE; part++) {
            double t = (double)part / (steps * FINE), at = angle + bend * (1 - t);
            line[2 * (part * n + p)] = (float)((0.3 + 1.1 * t) * cos(at));
            line[2 * (part * n + p) + 1] = (float)((0.3 + 1.1 * t) * sin(at));
        }
        for (int r = 0; r <= steps; r++) {
            for (int k = 0; k <= steps; k++) {
                size_t row = ((size_t)r * stages + (size_t)k) * (size_t)n + (size_t)p;
                double off = k > r ? 0.04 * (k - r) * (1 + 0.5 * cos(5.0 * p + k)) : 0;
                path[2 * row] = line[2 * (k * FINE * n + p)] + (float)off;
                path[2 * row + 1] = line[2 * (k * FINE * n + p) + 1] - (float)(off * 0.5);
                gap[row] = (float)(off * 0.79);
                fresh[k * n + p] =
                    r == 0 ? (float)(off * 0.79 / (k > 0 ? k : 1)) : fresh[k * n + p];
            }
        }
    }
    for (size_t i = 0; i < 2 * field; i++)
        fields[i] = (float)(0.9 * sin(0.7 * (double)i) * (i < field ? 1 : 0.9));
    pool->paths = (PathsView){.n = n,
                              .steps = steps,
                              .starts = steps + 1,
                              .fine = FINE,
                              .teacher_steps = steps * FINE,
                              .projected = images,
                              .path = path,
                              .gap = gap,
                              .fresh = fresh,
                              .teacher = line,
                              .n_cloud = REFERENCES_MADE,
                              .cloud = pool->reference,
                              .field = images ? 0 : FIELD,
                              .field_classes = 1,
                              .field_half = 2,
                              .student_field = fields,
                              .teacher_field = fields + field};
    for (int i = 0; i < REFERENCES_MADE && images; i++)
        ring_point(pool, i % 8, 0.1, pool->reference + 2 * i);
    run->samples.paths = &pool->paths;
}

static void fill_run(Pool *pool, int i, const FakeOptions *options)
{
    static const char *const names[] = {"ring-pd", "ring-lcm", "moons-pd-ddil", "fashion-lcm-ddil",
                                        "ring-pd-ddil"};
    static const RunState states[] = {RUN_DONE, RUN_PAUSED, RUN_FAILED, RUN_QUEUED, RUN_LIVE};
    RunView *run = &pool->run[i];
    int kind = RUNS_MAX - options->runs + i;
    bool last = kind == RUNS_MAX - 1;
    *run = (RunView){.id = i + 1,
                     .state = states[kind],
                     .steps = options->steps,
                     .checkpoint = -1,
                     .shift = NAN,
                     .loss = NAN,
                     .smooth_loss = NAN,
                     .best = NAN,
                     .lr = 1e-3,
                     .grad_norm = NAN,
                     .steps_per_s = 412,
                     .seconds_left = 78,
                     .guided = options->guided};
    snprintf(run->name, sizeof run->name, "%s", names[kind]);
    snprintf(run->method, sizeof run->method, "%s", strstr(names[kind], "lcm") ? "lcm" : "pd");
    snprintf(run->data, sizeof run->data, "%s", options->images ? "fashion" : "ring");
    run->step = last ? options->step : options->steps * (i + 1) / RUNS_MAX;
    run->state = last && options->all_done ? RUN_DONE : run->state;
    fill_params(pool, run);
    if (run->state == RUN_FAILED) {
        snprintf(run->note, sizeof run->note, "loss is not finite at step %ld; checkpoint stands",
                 run->step);
    }
    if (options->empty && last) {
        run->step = 0;
        return;
    }
    run->loss = loss_at((double)run->step);
    run->smooth_loss = run->loss * 1.02;
    run->best = run->loss * 0.98;
    run->grad_norm = 0.8;
    run->nfe = (double)run->step * 1280;
    run->nfe_student = run->nfe;
    run->shift_share = 0.05;
    run->checkpoint = run->step / 500 * 500;
    run->loss_terms = 4;
    run->term = pool->term[i];
    static const char *const terms[] = {"loss", "grad_norm", "loss_data", "loss_student"};
    for (int t = 0; t < 4; t++)
        snprintf(run->term[t].name, sizeof run->term[t].name, "%s", terms[t]);
    fill_series(pool, i, options);
    if (last) {
        fill_shift(pool, run, options);
        if (options->images)
            fill_pictures(pool, run, options->sampling, options->colour ? 3 : 1);
        else
            fill_points(pool, run, options->sampling);
        if (!options->no_paths)
            fill_paths(pool, run, options->images);
        if (options->past > 0) { /* the same, made earlier */
            run->past = run->samples;
            run->past.step = options->past;
        }
        run->marks = run->step > 1200 ? (options->steered ? 3 : 1) : 0;
        run->mark = pool->mark;
        run->metrics = 2;
        run->metric = pool->metric;
        run->metrics_step = run->step;
    } else {
        run->shift = 1.5 + i;
        run->parent = i > 0 ? i : 0;
        run->parent_step = 500;
    }
}

static void fill_notes(Pool *pool, const FakeOptions *options)
{
    static const char *const texts[] = {"started ring-pd-ddil", "checkpoint at step 500",
                                        "evaluation: sw2 0.0063"};
    Snapshot *snapshot = &pool->snapshot;
    for (int i = 0; i < 3 && options->runs > 0; i++) {
        NoteView *note = &snapshot->note[snapshot->notes++];
        *note = (NoteView){.status = STATUS_OK, .run = options->runs};
        strcpy(note->time, "12:00:10");
        note->time[4] = (char)('0' + i);
        snprintf(note->text, sizeof note->text, "%s", texts[i]);
    }
    if (options->bad_news) {
        NoteView *note = &snapshot->note[snapshot->notes++];
        *note = (NoteView){.ticket = 3, .status = STATUS_BAD_INPUT, .time = "12:05:00"};
        snprintf(note->text, sizeof note->text,
                 "presets/x.ini:3: [run] batch = 0: must be at least 1");
    }
}

const Snapshot *fake_snapshot(const FakeOptions *given)
{
    FakeOptions options = *given;
    Pool *pool = calloc(1, sizeof *pool);
    options.steps = options.steps > 0 ? options.steps : 4000;
    options.sampling = options.sampling > 0 ? options.sampling : 4;
    int channels = options.colour ? 3 : 1;
    size_t dims = options.images ? (size_t)(PICTURES * SIDE * SIDE * channels) : POINTS * 2;
    pool->samples = calloc(dims * (size_t)(3 * options.sampling + 2), sizeof *pool->samples);
    pool->state = options.seed + 7;
    pool->mark[0] = (MarkView){.step = 1200, .text = "optimizer.lr 0.001 -> 0.0005"};
    pool->mark[1] = (MarkView){.step = 1500, .text = "note: k=2 fades [stage 2, seed 5]"};
    pool->mark[2] = (MarkView){
        .step = 1800, .text = "source.beta_student 0.25 -> 0.5, threshold.sites TRS -> \"\""};
    pool->metric[0] = (MetricView){"sw2", 0.0063, 0.0058, 0.0069};
    pool->metric[1] = (MetricView){"modes", 8, 8, 8};
    pool->snapshot.serial = 1;
    pool->snapshot.owner = (OwnerView){.kind = OWNER_WORKBENCH, .here = true, .process = 4711};
    pool->snapshot.runs = options.runs;
    pool->snapshot.run = pool->list;
    pool->snapshot.cpu_share = 0.98;
    pool->snapshot.rss_mib = 214;
    for (int i = 0; i < options.runs; i++) {
        pool->list[i] = &pool->run[i];
        fill_run(pool, i, &options);
    }
    fill_notes(pool, &options);
    return &pool->snapshot;
}

void fake_free(const Snapshot *snapshot)
{
    Pool *pool = (Pool *)snapshot; /* the snapshot is its first member */
    free(pool->samples);
    for (int i = 0; i < 2 * RUNS_MAX; i++)
        rows_drop(pool->rows[i]);
    free(pool->followed);
    free(pool);
}
