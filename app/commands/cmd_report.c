/* Owns how runs, shift and metrics are printed for people. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include <math.h>
#include <string.h>

int view_shift(const RunView *view, ShiftRow *rows, int most, long *step)
{
    const ShiftView *v = &view->shift_view;
    if (v->columns == 0 || v->rows > most)
        return 0;
    int at = (v->columns - 1) * v->rows;
    *step = v->step[v->columns - 1];
    for (int r = 0; r < v->rows; r++, at++)
        rows[r] = (ShiftRow){.i = v->rows - r,
                             .time = v->time[r],
                             .own = v->own[at],
                             .forward = v->forward[at],
                             .ratio = v->ratio[at],
                             .low = v->low[at],
                             .high = v->high[at],
                             .mmd2 = v->mmd2[at],
                             .null95 = v->null95[at],
                             .mmd2_teacher = v->mmd2_teacher[at],
                             .null95_teacher = v->null95_teacher[at],
                             .paired = v->paired[at]};
    return v->rows;
}

/* One cell of a table; "-" where nothing was measured. */
static void print_cell(FILE *out, int width, double value)
{
    if (isfinite(value))
        fprintf(out, " %*.4g", width, value);
    else
        fprintf(out, " %*s", width, "-");
}

void print_shift(const ShiftRow *rows, int n, FILE *out)
{
    fprintf(out, "  %3s %6s %10s %10s %8s %17s %10s %10s %10s %10s %10s\n", "i", "u", "own",
            "forward", "ratio", "95 % interval", "paired", "mmd2", "null 95 %", "mmd2 teach",
            "null 95 %");
    for (int k = 0; k < n; k++) {
        const ShiftRow *row = &rows[k];
        fprintf(out, "  %3d", row->i);
        print_cell(out, 6, row->time);
        print_cell(out, 10, row->own);
        print_cell(out, 10, row->forward);
        print_cell(out, 8, row->ratio);
        print_cell(out, 8, row->low);
        print_cell(out, 8, row->high);
        print_cell(out, 10, row->paired);
        print_cell(out, 10, row->mmd2);
        print_cell(out, 10, row->null95);
        print_cell(out, 10, row->mmd2_teacher);
        print_cell(out, 10, row->null95_teacher);
        fputc('\n', out);
    }
    if (n > 0) /* tests/bench/bench_coverage.c */
        fputs("  the ratio's intervals held in 92 to 96 of 100 trials, of 256 and of 2,048 "
              "roll-outs\n",
              out);
}

/* Intervals that hold more often than 95 of 100 times: of whole numbers and of the least of several
 * (interval.h), and of distances that reach down to nought. */
static bool holds_more(const MetricView *metric)
{
    static const char *const sure[] = {"modes", "classes", "worst_class", "agreement",
                                       "within3sigma"};
    for (size_t k = 0; k < sizeof sure / sizeof *sure; k++)
        if (strcmp(metric->name, sure[k]) == 0)
            return true;
    return metric->low <= 0;
}

/* The interval is of the population's value, which a biased estimate may be above. */
static void print_interval(const MetricView *metric, FILE *out)
{
    fprintf(out, "   %s95 %% [%.4g, %.4g]", holds_more(metric) ? ">= " : "   ", metric->low,
            metric->high);
    if (metric->value > metric->high)
        fprintf(out, ", less the bias of so few");
}

static void print_metric(const MetricView *metric, FILE *out)
{
    say(out, "  %-14s", metric->name);
    print_cell(out, 10, metric->value);
    if (isfinite(metric->low) && isfinite(metric->high))
        print_interval(metric, out);
}

void print_metrics(const MetricView *metric, int n, FILE *out)
{
    for (int i = 0; i < n; i++) {
        print_metric(&metric[i], out);
        fputc('\n', out);
    }
}

/* The last evaluation, beside held-out data against themselves and the teacher's own steps. */
static void print_quality(const RunView *view, FILE *out)
{
    if (view->metrics == 0)
        return;
    fprintf(out, "quality at step %ld, %d samples\n", view->metrics_step, view->metrics_n);
    print_metrics(view->metric, view->metrics, out);
    for (int who = 0; view->beside && who < 2; who++) {
        const MetricView *metric = view->beside + who * view->metrics;
        if (who == 0)
            fprintf(out, "the same of held-out data against themselves\n");
        else if (view->teacher_steps > 0)
            fprintf(out, "the same of the teacher's own %d steps\n", view->teacher_steps);
        for (int i = 0; i < view->metrics; i++)
            if (isfinite(metric[i].value)) {
                print_metric(&metric[i], out);
                fputc('\n', out);
            }
    }
    if (isfinite(view->best_metric))
        fprintf(out, "best    %.4g at step %ld, of all evaluations; saved: step %ld\n",
                view->best_metric, view->best_step, view->checkpoint);
}

/* The largest ratio over i < N when it was measured first. */
static double first_shift(const RunView *view)
{
    double worst = NAN;
    for (int r = 1; r < view->shift_view.rows; r++)
        worst = fmax(worst, (double)view->shift_view.ratio[r]);
    return worst;
}

static void print_shift_part(const RunView *view, FILE *out)
{
    ShiftRow rows[64]; /* student.steps is at most 64 */
    long step;
    int n = view_shift(view, rows, 64, &step);
    if (n == 0)
        return;
    double first = first_shift(view);
    int samples = run_param_find(view, "shift", "samples");
    fprintf(out, "shift   at step %ld", step);
    if (view->shift_view.rollouts)
        fprintf(out, ", %d roll-outs", view->shift_view.rollouts);
    else if (samples >= 0)
        fprintf(out, ", %s roll-outs (more at its end, and by eval)", view->param[samples]);
    int row;
    double worst = shift_worst(rows, n, &row), low, high;
    shift_worst_interval(rows, n, &low, &high);
    if (isfinite(worst))
        fprintf(out,
                "; own/forward at most %.3g, at i = %d; the largest of all: 95 %% [%.3g, %.3g]",
                worst, rows[row].i, low, high);
    if (isfinite(first) && view->shift_view.columns > 1)
        fprintf(out, " (at the start %.3g)", first);
    fprintf(out, "%s\n",
            view->guided ? "; guided: the teacher's law is the reference, not the forward law"
                         : "");
    print_shift(rows, n, out);
}

void print_report(const RunView *view, const char *folder, double seconds, FILE *out)
{
    say(out, "run     %s\n", folder);
    fprintf(out, "state   %s at step %ld of %ld", RUN_STATE_WORDS[view->state], view->step,
            view->steps);
    if (seconds >= 0)
        fprintf(out, ", %.1f s", seconds);
    say(out, "%s%s\n", *view->note ? "; " : "", view->note);
    if (isfinite(view->loss))
        fprintf(out, "loss    %.5g, smoothed %.5g\n", view->loss, view->smooth_loss);
    fprintf(out, "cost    %.4g network evaluations, %.1f %% of them for measuring the shift\n",
            view->nfe, 100 * view->shift_share);
    fprintf(out, "        training: teacher %.4g, student %.4g, critic %.4g", view->nfe_teacher,
            view->nfe_student, view->nfe_critic);
    double spent = view->nfe_teacher + view->nfe_student + view->nfe_critic;
    if (view->budget > 0)
        fprintf(out, "; %.1f %% of the budget of %.4g", 100 * spent / view->budget, view->budget);
    fputc('\n', out);
    print_shift_part(view, out);
    print_quality(view, out);
    if (seconds >= 0 && view->state == RUN_DONE)
        fprintf(out,
                "next    ddil sample %d -o sheet.png; ddil eval %d (other steps, the real data "
                "beside it);\n"
                "        ddil export %d --png figure.png; ddil (to look at it, or fork it)\n",
                view->id, view->id, view->id);
}
