/* Owns what weights say of themselves, and the judgement of it. */
#include "engine/distill/provenance.h"
#include "engine/base/file.h"
#include "engine/distill/methods.h"
#include "engine/distill/params.h"
#include "engine/nets/weights.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const schedule_word[] = {"cosine", "linear"};

/* Above these a teacher hardly denoises, and does worse than none. */
static const double HARDLY = 0.9, WRECKED = 1.1;

/* ---- What a file carries ---- */

void provenance_add(Provenance *of, const char *key, const char *format, ...)
{
    va_list arguments;
    must(of->n < PROVENANCE_MAX);
    char *text = of->text[of->n];
    va_start(arguments, format);
    vsnprintf(text, PROVENANCE_TEXT, format, arguments);
    va_end(arguments);
    of->pair[2 * of->n] = key;
    of->pair[2 * of->n + 1] = text;
    of->pair[2 * ++of->n] = NULL;
}

/* What another program must know to sample as the student does here. */
static void say_sampler(const Lab *lab, Provenance *of)
{
    Policy student = lab_student(lab, false, 0);
    const char *scale = dataset_is_points(&lab->data)
                            ? "centred, root mean square of a coordinate 1"
                            : "byte / 127.5 - 1";
    provenance_add(of, "prediction", "v = alpha eps - sigma x0");
    provenance_add(of, "average", "ema");
    provenance_add(of, "data_scale", "%s", scale);
    provenance_add(of, "rule", "%s", student.rule == RULE_RENOISE ? "renoise" : "ddim");
    provenance_add(of, "sample_guidance", "%.9g", student.denoiser.guidance);
    if (student.denoiser.spec.classes)
        provenance_add(of, "null_class", "%d", student.denoiser.spec.classes);
    if (student.denoiser.spec.conditioning)
        provenance_add(of, "told_value", "%.9g", student.denoiser.condition);
}

void provenance_of(const Lab *lab, Provenance *of)
{
    /* clang-format off */
    static const struct { const char *key, *param; } said[] = {
        {"method",          "run.method"     },
        {"data",            "data.name"      },
        {"keep",            "data.keep"      },
        {"limit",           "data.limit"     },
        {"noise",           "run.noise"      },
        {"sampling_steps",  "student.steps"  },
        {"guidance",        "teacher.guidance"},
        {"threshold",       "threshold.kind" },
        {"threshold_sites", "threshold.sites"},
        {"threshold_quantile", "threshold.quantile"},
    };
    /* clang-format on */
    const Config *config = &lab->config;
    *of = (Provenance){.n = 0};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        provenance_add(of, said[i].key, "%s",
                       config_value(config, config_find(config, said[i].param)));
    provenance_add(of, "threshold_box", "%.9g %.9g", lab->threshold.low, lab->threshold.high);
    provenance_add(of, "data_checksum", "%08lx", dataset_checksum(&lab->data));
    say_sampler(lab, of);
}

/* ---- What cannot be right ---- */

/* A value of the file's metadata, "" when there is none or no file. */
static void said(const char *path, const char *key, char text[PROVENANCE_TEXT])
{
    if (weights_meta(path, key, text, PROVENANCE_TEXT, NULL))
        *text = 0;
}

Status provenance_check(const Lab *lab, const char *param, const char *path, Error *error)
{
    char noise[PROVENANCE_TEXT], text[300];
    const char *own = schedule_word[lab->schedule];
    said(path, "noise", noise);
    if (!*noise || !strcmp(noise, own))
        return STATUS_OK;
    snprintf(text, sizeof text,
             "that network was trained under the noise schedule %.20s, this run has run.noise = "
             "%s; set run.noise = %.20s, or name another file",
             noise, own, noise);
    return lab_bad(lab, param, text, error);
}

/* ---- What is unusual ---- */

static void note(ProvenanceNotes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(ProvenanceNotes *notes, const char *format, ...)
{
    va_list arguments;
    if (notes->n == PROVENANCE_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(notes->text[notes->n++], PROVENANCE_NOTE, format, arguments);
    va_end(arguments);
}

/* Diffused draws of the whole law, the v that is right for each, and estimates. */
typedef struct Quiz {
    int n, d;
    float *z, *v, *x;
    double *u;
    int *label;
} Quiz;

static void set_row(const Lab *lab, Schedule schedule, const Quiz *quiz, int r)
{
    Rng rng = rng_at(lab->seed, STREAM_PRETRAIN, (uint64_t)1 << 50 | (uint64_t)r);
    float *x = quiz->x + (size_t)r * quiz->d;
    dataset_draw_all(&lab->data, &rng, x, &quiz->label[r]);
    quiz->u[r] = (r + 0.5) / quiz->n;
    Noise t = noise_at(schedule, quiz->u[r]);
    for (int k = 0; k < quiz->d; k++) {
        size_t at = (size_t)r * quiz->d + k;
        double noise = (double)rng_normal(&rng);
        quiz->z[at] = (float)(t.alpha * (double)x[k] + t.sigma * noise);
        quiz->v[at] = (float)(t.alpha * noise - t.sigma * (double)x[k]);
    }
}

static void answer(const Denoiser *denoiser, Arena *arena, const Quiz *quiz, float *x0)
{
    int chunk = denoiser->spec.chunk;
    for (int r = 0; r < quiz->n; r += chunk) {
        size_t at = (size_t)r * quiz->d;
        int rows = quiz->n - r < chunk ? quiz->n - r : chunk;
        denoise(denoiser, arena, rows, quiz->z + at, quiz->u + r, quiz->label + r, x0 + at);
    }
}

/* Estimates become what they say of v. */
static void to_v(Schedule schedule, const Quiz *quiz, float *x)
{
    for (int k = 0; k < quiz->n * quiz->d; k++)
        x[k] = (float)v_from_x(noise_at(schedule, quiz->u[k / quiz->d]), (double)quiz->z[k],
                               (double)x[k]);
}

static double misfit_of(const Quiz *quiz)
{
    double gap = 0, all = 0;
    for (int k = 0; k < quiz->n * quiz->d; k++) {
        double v = (double)quiz->v[k], off = (double)quiz->x[k] - v;
        gap += off * off;
        all += v * v;
    }
    return gap / all;
}

double provenance_misfit(const Lab *lab, Schedule schedule, int n)
{
    size_t mark = arena_mark(lab->step);
    int d = lab->data.dims;
    Quiz quiz = {.n = n,
                 .d = d,
                 .z = arena_floats(lab->step, n * d),
                 .v = arena_floats(lab->step, n * d),
                 .x = arena_floats(lab->step, n * d),
                 .u = arena_new(lab->step, double, n),
                 .label = arena_new(lab->step, int, n)};
    for (int r = 0; r < n; r++)
        set_row(lab, schedule, &quiz, r);
    Denoiser teacher = lab->teacher;
    teacher.guidance = 1;
    teacher.schedule = schedule;
    if (lab->data.mixture) {
        Denoiser exact = teacher;
        exact.mixture = lab->data.mixture;
        answer(&exact, lab->step, &quiz, quiz.v);
        to_v(schedule, &quiz, quiz.v);
    }
    answer(&teacher, lab->step, &quiz, quiz.x);
    to_v(schedule, &quiz, quiz.x);
    double misfit = misfit_of(&quiz);
    arena_rewind(lab->step, mark);
    return misfit;
}

/* Samples that a teacher is asked about. */
static int asked(const Lab *lab) { return dataset_is_points(&lab->data) ? 512 : 32; }

/* Whatever the file says: weights that do worse than none are not as they were. */
static void note_wreck(const Lab *lab, ProvenanceNotes *notes)
{
    double misfit = provenance_misfit(lab, lab->schedule, asked(lab));
    if (misfit > WRECKED)
        note(notes,
             "teacher.file errs by %.2f on these data, where answering 0 errs by 1: layers turned "
             "round, or other data?",
             misfit);
}

/* What the samples say where the file says nothing; silent where they agree with the run. */
static void note_misfit(const Lab *lab, ProvenanceNotes *notes)
{
    Schedule own = lab->schedule,
             other = own == SCHEDULE_COSINE ? SCHEDULE_LINEAR : SCHEDULE_COSINE;
    int n = asked(lab);
    double here = provenance_misfit(lab, own, n), there = provenance_misfit(lab, other, n);
    if (here < HARDLY && here < there)
        return;
    note(
        notes,
        "teacher.file names no noise schedule; it errs by %.3f under run.noise = %s, by %.3f under "
        "%s (1: as answering 0): %s",
        here, schedule_word[own], there, schedule_word[other],
        fmin(here, there) < HARDLY ? "was it trained under the other?"
                                   : "it hardly denoises this data");
}

static void note_data(const Lab *lab, const char *param, const char *path, ProvenanceNotes *notes)
{
    char data[PROVENANCE_TEXT], checksum[PROVENANCE_TEXT], keep[PROVENANCE_TEXT], own[16];
    const char *name = config_text(&lab->config, "data.name");
    said(path, "data", data);
    said(path, "data_checksum", checksum);
    said(path, "keep", keep);
    snprintf(own, sizeof own, "%08lx", dataset_checksum(&lab->data));
    if (*data && strcmp(data, name) != 0)
        note(notes, "%s was trained on data.name = %.30s, this run has %s", param, data, name);
    else if (*checksum && strcmp(checksum, own) != 0)
        note(notes, "%s was trained on a %s of other content (checksum %.8s, here %s)", param, name,
             checksum, own);
    if (*keep)
        note(notes, "%s saw the classes data.keep = %.60s only", param, keep);
}

static void note_few_steps(const char *path, ProvenanceNotes *notes)
{
    char method[PROVENANCE_TEXT], steps[PROVENANCE_TEXT], guidance[PROVENANCE_TEXT];
    said(path, "method", method);
    said(path, "sampling_steps", steps);
    said(path, "guidance", guidance);
    const Method *maker = method_find(method);
    if (!maker || !maker->needs_teacher)
        return;
    note(notes, "teacher.file is a student that %.20s made for %.10s steps%s%.10s, not a teacher",
         method, *steps ? steps : "few", *guidance ? " with guidance " : "", guidance);
}

void provenance_notes(const Lab *lab, ProvenanceNotes *notes)
{
    char path[PATH_SIZE], noise[PROVENANCE_TEXT];
    notes->n = 0;
    if (lab->teacher.weights) {
        lab_find_asset(config_text(&lab->config, "teacher.file"), path);
        note_few_steps(path, notes);
        note_data(lab, "teacher.file", path, notes);
        said(path, "noise", noise);
        if (*noise)
            note_wreck(lab, notes);
        else
            note_misfit(lab, notes);
    }
    if (lab->expert.denoiser.weights) {
        lab_find_asset(config_text(&lab->config, "source.expert"), path);
        note_data(lab, "source.expert", path, notes);
    }
}
