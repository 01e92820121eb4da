/* Owns eval: quality and shift of a run's student at several numbers of sampling steps.
 */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/base/number.h"
#include <stdlib.h>
#include <string.h>

enum { K_LARGEST = 64, SAMPLES_LEAST = 20, ROLLOUTS_POINTS = 2048, ROLLOUTS_PICTURES = 512 };

/* Errors are heavy-tailed: a report takes more roll-outs than a measurement in a run. */
static int rollouts_of(const Look *look, const Options *options)
{
    int runs = (int)config_int(&look->lab->config, "shift.samples"),
        least = dataset_is_points(&look->lab->data) ? ROLLOUTS_POINTS : ROLLOUTS_PICTURES;
    if (options->rollouts > 0)
        return (int)options->rollouts;
    return runs > least ? runs : least;
}

/* What one number of sampling steps came to. */
typedef struct AtK {
    int k;
    bool teacher; /* its plain steps instead of the student: no shift */
    EvalReport report;
    int rows;
    ShiftRow *shift;
} AtK;

Status parse_ks(const char *text, int ks[KS_MAX], int *n, Error *error)
{
    *n = 0;
    for (const char *at = text; *at;) {
        long k;
        bool good = number_lead(&at, 1, K_LARGEST, &k) && (*at == 0 || (*at == ',' && at[1]));
        if (!good || *n == KS_MAX)
            return fail(error, STATUS_BAD_INPUT,
                        "--steps: \"%s\" is not a list like 1,2,4,8 (at most %d numbers "
                        "from 1 to %d)",
                        text, KS_MAX, K_LARGEST);
        ks[(*n)++] = (int)k;
        at += *at == ',';
    }
    return STATUS_OK;
}

static int metric_views(const EvalReport *report, MetricView view[EVAL_METRICS_MAX])
{
    for (int i = 0; i < report->metrics; i++) {
        const Metric *metric = &report->metric[i];
        view[i] = (MetricView){.value = metric->value, .low = metric->low, .high = metric->high};
        snprintf(view[i].name, sizeof view[i].name, "%s", metric->name);
    }
    return report->metrics;
}

static void evaluate(Look *look, const Judge *judge, int rollouts, int n, AtK *at)
{
    int k = at->k;
    Policy policy = at->teacher ? lab_teacher(look->lab, k, 1) : lab_student(look->lab, false, k);
    eval_policy(judge, &policy, n, look->seed, &at->report);
    size_t mark = arena_mark(&look->scratch);
    Shift *shift =
        at->teacher ? NULL : run_shift_at(look->lab, k, rollouts, look->seed, &look->scratch);
    at->rows = shift ? k : 0;
    at->shift = calloc((size_t)k, sizeof *at->shift);
    need(at->shift);
    if (shift)
        shift_measure(shift, look->crew, &look->scratch, &policy, at->shift);
    arena_rewind(&look->scratch, mark);
}

/* ---- Output ---- */

static json_t *json_at(const AtK *at)
{
    MetricView metric[EVAL_METRICS_MAX];
    int metrics = metric_views(&at->report, metric);
    json_t *object = json_object();
    json_object_set_new(object, "k", json_integer(at->report.k));
    json_object_set_new(object, "nfe", json_integer(at->report.nfe));
    json_object_set_new(object, "n", json_integer(at->report.n));
    json_object_set_new(object, "metrics", json_metrics(metric, metrics));
    json_object_set_new(object, "shift", json_shift(at->shift, at->rows));
    return object;
}

/* Which network the numbers in feature space hang on. */
static json_t *json_features(const Features *features)
{
    char checksum[16];
    if (!features)
        return json_null();
    snprintf(checksum, sizeof checksum, "%08x", features->checksum);
    json_t *object = json_object();
    json_object_set_new(object, "file", json_string(features->file));
    json_object_set_new(object, "crc32", json_string(checksum));
    json_object_set_new(object, "dims", json_integer(features->d));
    json_object_set_new(object, "accuracy", json_number(features->accuracy));
    return object;
}

static Status show_json(const Look *look, const Judge *judge, const AtK *at, int n,
                        const EvalReport *real, Error *error)
{
    MetricView metric[EVAL_METRICS_MAX];
    int metrics = metric_views(real, metric);
    json_t *object = json_object(), *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_at(&at[i]));
    json_object_set_new(object, "run", json_string(run_label(look)));
    json_object_set_new(object, "step", json_integer(run_step(look->run)));
    json_object_set_new(object, "who", json_string(at->teacher ? "teacher" : "student"));
    json_object_set_new(object, "dataset",
                        json_string(config_text(&look->lab->config, "data.name")));
    json_object_set_new(object, "features", json_features(judge->features));
    json_object_set_new(object, "steps", list);
    json_object_set_new(object, "real", json_metrics(metric, metrics));
    return json_print(object, error);
}

static void print_features(const Look *look, const Features *features)
{
    if (features)
        say(stdout,
            "in the %d features of %s (crc32 %08x, names %.2f %% of held-out pictures "
            "right)%s%s\n",
            features->d, features->file, features->checksum, 100 * features->accuracy,
            *features->other ? "; warning: " : "", features->other);
    else if (*run_features_missing(look->run))
        say(stdout, "no metrics in feature space: %s\n", run_features_missing(look->run));
}

static void show_text(const Look *look, const Judge *judge, const AtK *at, int n,
                      const EvalReport *real)
{
    MetricView metric[EVAL_METRICS_MAX];
    say(stdout, "%s%s at step %ld, %s\n", at->teacher ? "the teacher of " : "", run_label(look),
        run_step(look->run), config_text(&look->lab->config, "data.name"));
    print_features(look, judge->features);
    for (int i = 0; i < n; i++) {
        const EvalReport *report = &at[i].report;
        printf("\n%d sampling step%s: %d network evaluations a sample, %d samples\n", report->k,
               report->k == 1 ? "" : "s", report->nfe, report->n);
        print_metrics(metric, metric_views(report, metric), stdout);
        if (at[i].rows > 0)
            print_shift(at[i].shift, at[i].rows, stdout);
    }
    printf("\nheld-out data against itself: %d samples\n", real->n);
    print_metrics(metric, metric_views(real, metric), stdout);
}

/* What the largest K needs: states of the samples, and about eight blocks of the shift's
 * roll-outs. */
static double bytes_needed(const Look *look, const int *ks, int n, int samples, int rollouts)
{
    int most = 0;
    for (int i = 0; i < n; i++)
        most = ks[i] > most ? ks[i] : most;
    double states = (double)(most + 1) * look->lab->data.dims * (double)sizeof(float);
    return states * ((double)samples + 8.0 * rollouts);
}

static Status eval(Look *look, const Options *options, const int *ks, int n, Error *error)
{
    AtK at[KS_MAX];
    EvalReport real;
    int rollouts = rollouts_of(look, options);
    int samples = options->samples > 0                  ? (int)options->samples
                  : dataset_is_points(&look->lab->data) ? 4000
                                                        : 500;
    Status status = check_memory(bytes_needed(look, ks, n, samples, rollouts), error);
    if (status)
        return status;
    Judge judge = run_judge(look->run, &look->scratch);
    for (int i = 0; i < n; i++) {
        if (!options->quiet)
            say(stderr, "%s at %d sampling steps ...\n", run_label(look), ks[i]);
        at[i].teacher = options->teacher;
        at[i].k = ks[i];
        evaluate(look, &judge, rollouts, samples, &at[i]);
    }
    eval_real(&judge, samples, &real);
    if (options->json)
        status = show_json(look, &judge, at, n, &real, error);
    else
        show_text(look, &judge, at, n, &real);
    for (int i = 0; i < n; i++)
        free(at[i].shift);
    return status;
}

/* ---- The frontier ---- */

static json_t *json_interval(double value, double low, double high)
{
    return json_pack("{s:o, s:o, s:o}", "value", json_number(value), "low", json_number(low),
                     "high", json_number(high));
}

static Status frontier_json(const Look *look, const RunView *view, Error *error)
{
    json_t *list = json_array();
    for (int i = 0; i < view->trades; i++) {
        const TradeView *t = &view->trade[i];
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:f, s:i, s:i, s:o, s:o}", "who",
                            t->teacher ? "teacher" : "student", "k", t->k, "guidance", t->guidance,
                            "nfe", t->nfe, "n", t->n, t->quality_name,
                            json_interval(t->quality, t->quality_low, t->quality_high), "coverage",
                            json_interval(t->diversity, t->diversity_low, t->diversity_high)));
    }
    json_t *object = json_pack("{s:s, s:I, s:o}", "run", run_label(look), "step",
                               (json_int_t)view->step, "frontier", list);
    return json_print(object, error);
}

static void frontier_text(const Look *look, const RunView *view)
{
    const char *name = view->trades > 0 ? view->trade[0].quality_name : "";
    say(stdout, "%s at step %ld\n", run_label(look), view->step);
    say(stdout, "  %-8s %5s %8s %5s  %-28s  %-28s\n", "who", "steps", "guidance", "nfe", name,
        "coverage");
    for (int i = 0; i < view->trades; i++) {
        const TradeView *t = &view->trade[i];
        char quality[64], diversity[64];
        snprintf(quality, sizeof quality, "%.4g [%.4g, %.4g]", t->quality, t->quality_low,
                 t->quality_high);
        snprintf(diversity, sizeof diversity, "%.4g [%.4g, %.4g]", t->diversity, t->diversity_low,
                 t->diversity_high);
        printf("  %-8s %5d %8.3g %5d  %-28s  %-28s\n", t->teacher ? "teacher" : "student", t->k,
               t->guidance, t->nfe, quality, diversity);
    }
}

static Status frontier(const Look *look, const Options *options, Error *error)
{
    Status status = STATUS_OK;
    int n = run_samplers(look->run);
    for (int i = 0; i < n && !status; i++) {
        if (!options->quiet)
            say(stderr, "%s: sampler %d of %d ...\n", run_label(look), i + 1, n);
        status = run_trade(look->run, i, error);
    }
    if (status)
        return status;
    const RunView *view = run_view(look->run);
    if (options->json)
        status = frontier_json(look, view, error);
    else
        frontier_text(look, view);
    run_view_drop(view);
    return status;
}

static Status check_frontier(const Options *options, Error *error)
{
    bool more = options->step_list || options->mix || options->teacher || options->samples >= 0 ||
                options->at >= 0;
    if (options->frontier && more)
        return fail(error, STATUS_BAD_INPUT,
                    "--frontier measures its own steps of student and teacher, of the newest "
                    "checkpoint: leave out --steps, --mix, --teacher, --samples and --at");
    return STATUS_OK;
}

Status cmd_eval(const Options *options, Error *error)
{
    int ks[KS_MAX], n;
    Look look;
    Status status = parse_ks(options->step_list ? options->step_list : "1,2,4,8", ks, &n, error);
    if (!status && options->samples >= 0 && options->samples < SAMPLES_LEAST)
        status = fail(error, STATUS_BAD_INPUT,
                      "--samples: %ld is too few to put an interval on; at least %d",
                      (long)options->samples, SAMPLES_LEAST);
    if (!status)
        status = check_frontier(options, error);
    if (!status)
        status = look_open(&look, options, error);
    if (status)
        return status;
    if (options->frontier)
        status = frontier(&look, options, error);
    else if (options->teacher && !look.lab->has_teacher)
        status = fail(error, STATUS_BAD_INPUT, "--teacher: %s has none", run_label(&look));
    else if (options->mix)
        status = mix_eval(&look, options, ks, options->step_list ? n : 0, error);
    else
        status = eval(&look, options, ks, n, error);
    look_close(&look);
    return status;
}
