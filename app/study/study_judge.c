/* Owns the figures METRIC@HOW. Each HOW is evaluated once, whatever is asked of it. */
#include "app/study/study_judge.h"

#include "engine/distill/provenance.h"
#include "engine/measure/eval.h"
#include "engine/measure/sw2.h"
#include "engine/nets/weights.h"
#include "engine/run/run.h"
#include <math.h>
#include <string.h>

enum { POINTS = 4000, PICTURES = 2000, LAW_STEPS = 64 };
static const uint64_t law_seed = 1000; /* on top of the run's: the law's noise is nobody else's */

typedef struct Bench {
    const Study *study;
    Run *run;
    Lab *lab;
    Judge judge;
    Arena scratch;
    int n; /* samples */
} Bench;

static Policy policy_of(const Bench *bench, const How *how, Policy *teacher)
{
    Lab *lab = bench->lab;
    int own = lab->grid.steps;
    if (how->kind == HOW_TEACHER)
        return lab_teacher(lab, (int)how->number, 1);
    Policy student = lab_student(lab, false, how->kind == HOW_STEPS ? (int)how->number : own);
    if (how->kind == HOW_MIX) {
        *teacher = lab_teacher(lab, own, lab->source.set.teacher_substeps);
        student.other = teacher;
        student.mix = how->number;
    }
    return student;
}

/* n samples of a policy, from the arena. */
static float *draw(Bench *bench, const Policy *policy, uint64_t seed)
{
    size_t size = (size_t)bench->n * (size_t)bench->lab->data.dims;
    float *x = arena_floats(&bench->scratch, size);
    eval_draw(&bench->judge, policy, bench->n, seed, x, NULL);
    return x;
}

/* The student's samples against the teacher's own, from other noise. */
static double to_law(Bench *bench)
{
    size_t mark = arena_mark(&bench->scratch);
    Policy student = lab_student(bench->lab, false, bench->lab->grid.steps);
    Policy teacher = lab_teacher(bench->lab, LAW_STEPS, 1);
    const float *own = draw(bench, &student, bench->lab->seed);
    const float *law = draw(bench, &teacher, bench->lab->seed + law_seed);
    Pair pair = pair_of(bench->n, own, bench->n, law, bench->lab->data.dims);
    Work work = {bench->judge.crew, &bench->scratch};
    double value = sw2(&pair, SW2_DIRECTIONS, bench->lab->seed, &work);
    arena_rewind(&bench->scratch, mark);
    return value;
}

static double named(const EvalReport *report, const char *name)
{
    size_t length = strcspn(name, "@");
    for (int i = 0; i < report->metrics; i++)
        if (strlen(report->metric[i].name) == length &&
            strncmp(report->metric[i].name, name, length) == 0)
            return report->metric[i].value;
    return NAN;
}

static bool is_same(const How *a, const How *b)
{
    return a->kind == b->kind && a->number == b->number;
}

/* All the study's figures of one HOW, which that of metric `first` is. */
static Status judge_how(Bench *bench, int first, Error *error)
{
    const Study *study = bench->study;
    char name[STUDY_METRICS][FIGURE_NAME_SIZE];
    double value[STUDY_METRICS];
    EvalReport report = {.metrics = 0};
    How how, other;
    int n = 0;
    Policy teacher;
    cell_how(study->metric[first], &how);
    if (how.kind != HOW_LAW) {
        Policy policy = policy_of(bench, &how, &teacher);
        eval_policy(&bench->judge, &policy, bench->n, bench->lab->seed, &report);
    }
    for (int i = first; i < study->metrics; i++) {
        if (!cell_how(study->metric[i], &other) || !is_same(&how, &other))
            continue;
        value[n] = how.kind == HOW_LAW ? to_law(bench) : named(&report, study->metric[i]);
        if (isnan(value[n]))
            return fail(error, STATUS_BAD_INPUT, "%s: its data have no %s", run_folder(bench->run),
                        study->metric[i]);
        strcpy(name[n++], study->metric[i]);
    }
    return cell_add_figures(run_folder(bench->run), run_step(bench->run), n,
                            (const char(*)[FIGURE_NAME_SIZE])name, value, error);
}

static Status judge_all(Bench *bench, Error *error)
{
    const char *folder = run_folder(bench->run);
    Status status = STATUS_OK;
    for (int i = 0; i < bench->study->metrics && !status; i++) {
        How how;
        const char *name = bench->study->metric[i];
        if (!cell_how(name, &how) || !isnan(cell_figure(folder, run_step(bench->run), name)))
            continue;
        if (how.kind != HOW_STEPS && !bench->lab->has_teacher)
            return fail(error, STATUS_BAD_INPUT, "%s: %s needs a teacher; its method has none",
                        folder, name);
        status = judge_how(bench, i, error);
    }
    return status;
}

/* ---- The frontier ---- */

static const char frontier_done[1][FIGURE_NAME_SIZE] = {"frontier"}; /* value: samplers */

/* The teacher's is the same beside every arm. */
static Status judge_frontier(const Bench *bench, int arm, Error *error)
{
    Run *run = bench->run;
    int n = arm == bench->study->baseline ? run_samplers(run) : run_student_samplers(run);
    Status status = STATUS_OK;
    for (int i = 0; i < n && !status; i++)
        status = run_trade(run, i, error);
    double samplers = n;
    return status ? status
                  : cell_add_figures(run_folder(run), run_step(run), 1, frontier_done, &samplers,
                                     error);
}

static bool lacks_frontier(const Study *study, const char *folder)
{
    const RunView *view = study->frontier ? run_view_report(folder, NULL) : NULL;
    bool lacks = view && !(view->trades >= cell_figure(folder, view->step, *frontier_done));
    run_view_drop(view);
    return lacks;
}

/* ---- Experts ---- */

static bool is_expert(const Study *study, int arm)
{
    for (int i = 0; i < study->arms; i++)
        if (study->arm[i].expert == arm)
            return true;
    return false;
}

static Status write_weights(const Lab *lab, const char *folder, Error *error)
{
    char path[PATH_SIZE];
    Provenance of;
    provenance_of(lab, &of);
    return weights_save(file_join(path, folder, CELL_WEIGHTS), &lab->student.spec, lab->student.ema,
                        of.pair, error);
}

static bool lacks_weights(const Study *study, int arm, const char *folder)
{
    char path[PATH_SIZE];
    return is_expert(study, arm) && !file_exists(file_join(path, folder, CELL_WEIGHTS));
}

bool study_is_judged(const Study *study, int arm, const char *folder)
{
    return !lacks_weights(study, arm, folder) && !lacks_frontier(study, folder) &&
           cell_is_judged(folder, study->metrics, study->metric);
}

Status study_judge(const Study *study, int arm, const char *folder, Crew *crew, Error *error)
{
    if (study_is_judged(study, arm, folder))
        return STATUS_OK;
    Bench bench = {.study = study};
    Status status = run_look(&bench.run, folder, -1, crew, error);
    if (status)
        return status;
    arena_init(&bench.scratch, (size_t)16 << 30);
    bench.lab = run_lab(bench.run);
    bench.n = dataset_is_points(&bench.lab->data) ? POINTS : PICTURES;
    bench.judge = run_judge(bench.run, &bench.scratch);
    status = judge_all(&bench, error);
    if (!status && lacks_frontier(study, folder))
        status = judge_frontier(&bench, arm, error);
    if (!status && lacks_weights(study, arm, folder))
        status = write_weights(bench.lab, folder, error);
    run_close(bench.run);
    arena_done(&bench.scratch);
    return status;
}
