/* Owns which samplers stand on a run's frontier, and frontier.csv. */
#include "engine/measure/frontier.h"
#include "engine/run/run_parts.h"
#include "engine/store/csv.h"
#include <errno.h>
#include <string.h>

enum { POINTS = 4000, PICTURES = 500 };

typedef struct Sampler {
    bool teacher;
    int k;
    double guidance;
} Sampler;

/* Can its guidance scale be chosen? Of a distilled student it is baked in, unless it is told. */
static bool is_free(const Lab *lab, bool teacher)
{
    bool guided = lab->has_teacher ? lab->teacher.guidance != 1 : lab->data.conditional;
    bool told = lab->student.spec.conditioning && lab->method->conditions_on_guidance;
    return guided && (teacher || told || !lab->has_teacher);
}

/* Nobody's guidance, half, all and twice what the run has. */
static int list(const Lab *lab, bool teacher, Sampler *out)
{
    static const int ks[] = {1, 2, 4, 8};
    static const double strengths[] = {1, 0, 0.5, 2}; /* its own first */
    double own = lab->teacher.guidance - 1;
    int n = 0, scales = is_free(lab, teacher) && own != 0 ? 4 : 1;
    for (int s = 0; s < scales; s++)
        for (int i = 0; i < 4; i++)
            out[n++] = (Sampler){teacher, ks[i], 1 + strengths[s] * own};
    return n;
}

static int list_all(const Lab *lab, Sampler out[TRADES_MAX])
{
    int n = list(lab, false, out);
    return lab->has_teacher ? n + list(lab, true, out + n) : n;
}

int run_samplers(const Run *run)
{
    Sampler all[TRADES_MAX];
    return list_all(&run->lab, all);
}

int run_student_samplers(const Run *run)
{
    Sampler all[TRADES_MAX];
    return list(&run->lab, false, all);
}

static Policy policy_of(const Lab *lab, const Sampler *sampler)
{
    if (sampler->teacher) {
        Policy teacher = lab_teacher(lab, sampler->k, 1);
        teacher.denoiser.guidance = sampler->guidance;
        return teacher;
    }
    Policy student = lab_student(lab, false, sampler->k);
    if (!lab->has_teacher)
        student.denoiser.guidance = sampler->guidance;
    else if (is_free(lab, false))
        student.denoiser.condition = lab->method->condition(lab, sampler->guidance, sampler->k);
    return student;
}

static void put_three(FILE *out, double value, double low, double high)
{
    csv_put(out, value);
    csv_put(out, low);
    csv_put(out, high);
}

static void put_row(FILE *out, const TradeView *t)
{
    fprintf(out, "%ld,%s,%d", t->step, t->teacher ? "teacher" : "student", t->k);
    csv_put(out, t->guidance);
    fprintf(out, ",%d,%d,%s", t->nfe, t->n, t->quality_name);
    put_three(out, t->quality, t->quality_low, t->quality_high);
    put_three(out, t->diversity, t->diversity_low, t->diversity_high);
    fputc('\n', out);
}

/* Rows of a training that was given up go: the run stands before them. */
static Status append(const Run *run, const TradeView *trade, Error *error)
{
    char path[PATH_SIZE];
    Status status = csv_cut(file_join(path, run->folder, "frontier.csv"), run->step, error);
    if (status)
        return status;
    FILE *out = fopen(path, "ae");
    if (!out)
        return fail(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
    if (ftell(out) == 0)
        fputs("step,who,k,guidance,nfe,n,quality,quality_value,quality_low,quality_high,coverage,"
              "coverage_low,coverage_high\n",
              out);
    put_row(out, trade);
    bool full = ferror(out);
    full = fclose(out) != 0 || full;
    return full ? fail(error, STATUS_FAILED, "%s: cannot be written: %s", path, strerror(errno))
                : STATUS_OK;
}

static TradeView view_of(const Run *run, const Sampler *sampler, const Trade *trade)
{
    const Interval *q = &trade->quality, *d = &trade->diversity;
    TradeView view = {.teacher = sampler->teacher,
                      .k = sampler->k,
                      .nfe = trade->nfe,
                      .n = trade->n,
                      .step = run->step,
                      .guidance = sampler->guidance,
                      .quality = q->value,
                      .quality_low = q->low,
                      .quality_high = q->high,
                      .diversity = d->value,
                      .diversity_low = d->low,
                      .diversity_high = d->high};
    snprintf(view.quality_name, sizeof view.quality_name, "%s", trade->quality_name);
    return view;
}

Status run_trade(Run *run, int sampler, Error *error)
{
    Lab *lab = &run->lab;
    Sampler all[TRADES_MAX];
    Trade trade;
    must(sampler >= 0 && sampler < list_all(lab, all));
    Judge judge = run_judge(run, &run->scratch);
    Policy policy = policy_of(lab, &all[sampler]);
    int n = dataset_is_points(&lab->data) ? POINTS : PICTURES;
    if (!frontier_trade(&judge, &policy, n, lab->seed, &trade))
        return fail(error, STATUS_BAD_INPUT, "no frontier: %s", run_features_missing(run));
    TradeView view = view_of(run, &all[sampler], &trade);
    Status status = append(run, &view, error);
    if (!status)
        history_trade(&run->history, &view);
    return status;
}
