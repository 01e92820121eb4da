/* Owns mixed roll-in at inference: at each sampling step of each sample the teacher takes it with a
 * probability, else the student. The paper's mixing tables, with their missing student-only row
 * (methods.md 6.2, reviewer 4). */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/base/number.h"
#include <math.h>
#include <stdlib.h>

static Status mix_list(const char *text, double mix[MIX_MAX], int *n, Error *error)
{
    *n = 0;
    for (const char *at = text; *at;) {
        double b;
        bool good = number_lead_real(&at, &b) && (*at == 0 || (*at == ',' && at[1]));
        if (!good || !(b >= 0 && b <= 1) || *n == MIX_MAX)
            return fail(error, STATUS_BAD_INPUT,
                        "--mix: \"%s\" is not a list like 0,0.25,0.5,0.75,1 (at most %d shares of "
                        "the teacher, each "
                        "from 0 to 1)",
                        text, MIX_MAX);
        mix[(*n)++] = b;
        at += *at == ',';
    }
    return STATUS_OK;
}

Status mix_check(const Look *look, const Options *options, Error *error)
{
    if (!options->mix)
        return STATUS_OK;
    if (options->teacher || options->forward)
        return fail(error, STATUS_BAD_INPUT, "--mix mixes student and teacher; leave out --%s",
                    options->teacher ? "teacher" : "forward");
    if (look->lab->has_teacher)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "--mix: %s has no teacher: its method trains one",
                run_label(look));
}

Status mix_one(const Options *options, double *mix, Error *error)
{
    double list[MIX_MAX];
    int n;
    *mix = 0;
    if (!options->mix)
        return STATUS_OK;
    Status status = mix_list(options->mix, list, &n, error);
    if (!status && n != 1)
        return fail(error, STATUS_BAD_INPUT,
                    "--mix: one share of the teacher here; lists are for ddil eval");
    *mix = n ? list[0] : 0;
    return status;
}

Policy mix_teacher(const Look *look, int steps)
{
    return lab_teacher(look->lab, steps, look->lab->source.set.teacher_substeps);
}

/* "0.25", or "0 student" and "1 teacher". */
static void print_share(double mix)
{
    printf("  %-5.3g %-7s", mix, mix <= 0 ? "student" : mix >= 1 ? "teacher" : "");
}

static void print_table(int k, int n, const double *mix, const EvalReport *report)
{
    printf("\n%d sampling step%s, each taken by the teacher with probability B; %d samples\n  "
           "%-13s %6s",
           k, k == 1 ? "" : "s", report->n, "B", "nfe");
    for (int m = 0; m < report->metrics; m++)
        say(stdout, "  %-28s", report->metric[m].name);
    putchar('\n');
    for (int i = 0; i < n; i++) {
        print_share(mix[i]);
        printf(" %6d", report[i].nfe);
        for (int m = 0; m < report[i].metrics; m++) {
            const Metric *metric = &report[i].metric[m];
            char text[64];
            snprintf(text, sizeof text, "%.4g [%.4g, %.4g]", metric->value, metric->low,
                     metric->high);
            printf("  %-28s", text);
        }
        putchar('\n');
    }
}

static json_t *json_row(double mix, const EvalReport *report)
{
    MetricView view[EVAL_METRICS_MAX];
    json_t *object = json_object();
    for (int m = 0; m < report->metrics; m++) {
        const Metric *metric = &report->metric[m];
        view[m] = (MetricView){.value = metric->value, .low = metric->low, .high = metric->high};
        snprintf(view[m].name, sizeof view[m].name, "%s", metric->name);
    }
    json_object_set_new(object, "k", json_integer(report->k));
    json_object_set_new(object, "mix", json_number(mix));
    json_object_set_new(object, "nfe", json_integer(report->nfe));
    json_object_set_new(object, "n", json_integer(report->n));
    json_object_set_new(object, "metrics", json_metrics(view, report->metrics));
    return object;
}

/* Fresh noise and the same samples' noise in every row. */
static void evaluate(Look *look, const Judge *judge, int k, int samples, int n, const double *mix,
                     EvalReport *report)
{
    Policy teacher = mix_teacher(look, k);
    for (int i = 0; i < n; i++) {
        Policy student = lab_student(look->lab, false, k);
        student.other = &teacher;
        student.mix = mix[i];
        eval_policy(judge, &student, samples, look->seed, &report[i]);
    }
}

Status mix_eval(Look *look, const Options *options, const int *ks, int n, Error *error)
{
    double mix[MIX_MAX];
    EvalReport report[MIX_MAX];
    int shares, own = look->lab->grid.steps, samples = (int)options->samples;
    if (samples <= 0)
        samples = dataset_is_points(&look->lab->data) ? 4000 : 500;
    Status status = mix_check(look, options, error);
    if (!status)
        status = mix_list(options->mix, mix, &shares, error);
    if (status)
        return status;
    json_t *rows = json_array();
    Judge judge = run_judge(look->run, &look->scratch);
    for (int i = 0; i < (n ? n : 1); i++) {
        evaluate(look, &judge, n ? ks[i] : own, samples, shares, mix, report);
        for (int b = 0; b < shares; b++)
            json_array_append_new(rows, json_row(mix[b], &report[b]));
        if (!options->json)
            print_table(n ? ks[i] : own, shares, mix, report);
    }
    if (!options->json) {
        json_decref(rows);
        return STATUS_OK;
    }
    json_t *object = json_pack("{s:s, s:I, s:s, s:o}", "run", run_label(look), "step",
                               (json_int_t)run_step(look->run), "dataset",
                               config_text(&look->lab->config, "data.name"), "steps", rows);
    return json_print(object, error);
}
