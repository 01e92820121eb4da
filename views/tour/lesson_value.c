/* Owns what lessons measure of the run shown. See lesson_value.h. */
#include "views/tour/lesson_value.h"

#include "views/model/format.h"
#include "views/model/path_gaps.h"
#include "views/model/samples.h"
#include "views/model/series.h"
#include "views/model/shift.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_ROWS = 10, SMOOTH = 2 };

/* ---- Measures of a run ---- */

static bool starts(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

/* "gap" or "gap.start" of the run's curves. */
static double curve_value(const RunView *run, const char *name)
{
    const char *dot = strrchr(name, '.');
    bool start = dot && strcmp(dot, ".start") == 0;
    size_t n = start ? (size_t)(dot - name) : strlen(name);
    for (int i = 0; i < run->loss_terms; i++) {
        const Series *series = &run->term[i].series;
        if (strncmp(run->term[i].name, name, n) != 0 || run->term[i].name[n] != '\0')
            continue;
        long row = start && series->n > START_ROWS ? START_ROWS - 1 : series->n - 1;
        return row < 0 ? NAN : series_smooth(series, row, SMOOTH);
    }
    return NAN;
}

static double ratio_at(const RunView *run, long step, int row)
{
    const ShiftView *shift = &run->shift_view;
    int column = shift_column(shift, step);
    return column < 0 || row < 0 ? NAN : (double)shift->ratio[column * shift->rows + row];
}

static double largest_ratio(const RunView *run, long step)
{
    double largest = NAN;
    for (int row = 1; row < run->shift_view.rows; row++)
        largest =
            fmax(largest, ratio_at(run, step, row)); /* the first starts from the same noise */
    return largest;
}

/* The paths under the cursor, or the newest. */
static double inherited(const RunView *run)
{
    const PathsView *paths = run->past.paths ? run->past.paths : run->samples.paths;
    return paths && paths->n > 0 && paths->starts > 1 ? paths_inherited(paths, -1) : NAN;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double distance(const float *a, const float *b, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum / (double)dims);
}

/* Root mean square of the samples' coordinates about their mean. */
static double spread(const float *x, size_t n, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++) {
        double mean = 0;
        for (size_t k = 0; k < n; k++)
            mean += (double)x[k * dims + i] / (double)n;
        for (size_t k = 0; k < n; k++)
            sum += ((double)x[k * dims + i] - mean) * ((double)x[k * dims + i] - mean);
    }
    return sqrt(sum / (double)(n * dims));
}

static double agree(const RunView *run)
{
    const SamplesView *samples = &run->samples;
    size_t n = (size_t)samples->n,
           dims = (size_t)(samples->height * samples->width * samples->channels);
    if (n < 1 || !samples->teacher)
        return NAN;
    const float *student = samples->student + (size_t)samples->steps * n * dims,
                *teacher = samples->teacher + (size_t)samples->steps * n * dims;
    double *apart = malloc(n * sizeof *apart);
    need(apart);
    for (size_t k = 0; k < n; k++)
        apart[k] = distance(student + k * dims, teacher + k * dims, dims);
    qsort(apart, n, sizeof *apart, by_size);
    double median = apart[n / 2];
    free(apart);
    return median / spread(teacher, n, dims);
}

static double first_ratio(const RunView *run) { return ratio_at(run, run->step, 0); }

static double last_ratio(const RunView *run)
{
    return ratio_at(run, run->step, run->shift_view.rows - 1);
}

static double walked(const RunView *run) { return run->share[1] + run->share[2]; }

static bool run_value(const RunView *run, const char *name, FilterValue *value)
{
    static const struct {
        const char *name;
        double (*measure)(const RunView *run);
        /* clang-format off */
    } rows[] = {
        {"ratio_first", first_ratio},
        {"ratio_last",  last_ratio },
        {"inherited",   inherited  },
        {"agree",       agree      },
        {"walked",      walked     },
    };
    /* clang-format on */
    if (starts(name, "curve.")) {
        filter_number(value, curve_value(run, name + strlen("curve.")));
        return true;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            filter_number(value, rows[i].measure(run));
            return true;
        }
    }
    return filter_run(run, name, value);
}

/* ---- Of the screen ---- */

static int runs_since(const Snapshot *snapshot, int id)
{
    int n = 0;
    for (int i = 0; i < snapshot->runs; i++)
        n += snapshot->run[i]->id > id;
    return n;
}

static bool scene_value(const LessonContext *context, const char *name, FilterValue *value)
{
    const Session *session = context->scene->session;
    const RunView *run = context->scene->run;
    long step = run ? session_step(session, run) : 0;
    const struct {
        const char *name;
        double number;
        /* clang-format off */
    } rows[] = {
        {"cursor", (double)step                                        },
        {"live",   session->live                                       },
        {"stage",  session->stage                                      },
        {"seed",   session_seed(session)                               },
        {"runs",   runs_since(context->scene->snapshot, context->runs) },
        {"go",     context->go                                         },
        {"ratio",  run ? largest_ratio(run, step) : NAN                },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            filter_number(value, rows[i].number);
            return true;
        }
    }
    return false;
}

bool lesson_value(const void *lesson_context, const char *name, FilterValue *value)
{
    static const RunView nobody;
    static const Snapshot nothing;
    static const char parent[] = "parent.";
    const LessonContext *context = lesson_context;
    if (strcmp(name, "view") == 0) {
        filter_text(value, context->view);
        return true;
    }
    Session session = {0};
    Scene empty = {.snapshot = &nothing, .session = &session};
    LessonContext known = *context;
    known.scene = context->scene ? context->scene : &empty;
    const RunView *run = known.scene->run ? known.scene->run : &nobody;
    if (starts(name, parent)) {
        const RunView *from = snapshot_run(known.scene->snapshot, run->parent);
        return run_value(from ? from : &nobody, name + strlen(parent), value);
    }
    return scene_value(&known, name, value) || run_value(run, name, value);
}

/* ---- What is lacking ---- */

static const struct Lack {
    const char *name;
    bool hand;
    const char *why; /* of the value */
    /* clang-format off */
} lacks[] = {
    {"view",       true,  "this is the view %s"                           },
    {"live",       true,  "the cursor stands at the newest step"          },
    {"cursor",     true,  "the cursor is at step %s"                      },
    {"stage",      true,  "the cursor is at another sampling stage"       },
    {"seed",       true,  "the seed is %s"                                },
    {"runs",       true,  "no run was begun"                              },
    {"forked",     true,  "no fork is chosen"                             },
    {"marks",      true,  "nothing was applied to the run"                },
    {"go",         true,  "press g"                                       },
    {"checkpoint", false, "the newest checkpoint is of step %s"           },
    {"metrics",    false, "the run has not been judged"                   },
    {"state",      false, "the run is %s"                                 },
    {"step",       false, "the run is at step %s"                         },
};
/* clang-format on */

static const struct Lack *find_lack(const char *name)
{
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
        if (strcmp(lacks[i].name, name) == 0)
            return &lacks[i];
    return NULL;
}

static void say_lack(const LessonContext *context, const char *name, char *why, size_t size)
{
    const struct Lack *row = find_lack(name);
    FilterValue value;
    const RunView *run = context->scene->run;
    lesson_value(context, name, &value);
    if (strcmp(name, "progress") == 0 && run)
        snprintf(why, size, "the run is at step %ld of %ld", run->step, run->steps);
    else if (!row)
        snprintf(why, size, "%s is %s", name, value.text);
    else if (strchr(row->why, '%')) /* one of the table's, each with one %s */
        snprintf(why, size, "%.*s%s%s", (int)strcspn(row->why, "%"), row->why, value.text,
                 strchr(row->why, '%') + 2);
    else
        snprintf(why, size, "%s", row->why);
}

/* A parameter is the learner's to change. */
static bool by_hand(const char *name)
{
    const struct Lack *row = find_lack(name);
    bool param = strchr(name, '.') && !starts(name, "curve.") && !starts(name, "parent.");
    return row ? row->hand : param;
}

/* The next of the parts between "and"; false at the end. */
static bool next_part(const char **at, char *part, size_t size)
{
    const char *end = strstr(*at, " and ");
    size_t n = end ? (size_t)(end - *at) : strlen(*at);
    if (**at == '\0')
        return false;
    snprintf(part, size, "%.*s", (int)n, *at);
    *at += end ? n + strlen(" and ") : n;
    return true;
}

LessonLack lesson_lack(const LessonContext *context, const char *condition, char *why, size_t size)
{
    LessonLack lack = LACKS_NOTHING;
    char part[200], name[80], bad[160];
    why[0] = '\0';
    while (next_part(&condition, part, sizeof part)) {
        const char *word = part + strspn(part, " ");
        bool hand;
        if (filter_holds(part, lesson_value, context, bad, sizeof bad) == 1)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word, " =<>!~"), word);
        hand = by_hand(name);
        if (lack == LACKS_NOTHING || (hand && lack == LACKS_RUN))
            say_lack(context, name, why, size);
        if (hand || lack == LACKS_NOTHING)
            lack = hand ? LACKS_HAND : LACKS_RUN;
        if (hand)
            break;
    }
    return lack;
}

/* Needs the part a command? */
static bool steers(const char *condition)
{
    static const char *const names[] = {"forked", "marks", "runs", "."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(condition, names[i]))
            return true;
    return false;
}

bool lesson_hopeful(const LessonContext *context, const char *condition)
{
    char why[160];
    const RunView *run = context->scene->run;
    LessonLack lack = lesson_lack(context, condition, why, sizeof why);
    if (lack == LACKS_HAND)
        return !(context->scene->readonly && steers(condition));
    return lack == LACKS_NOTHING ||
           (run && run->state != RUN_DONE && run->state != RUN_FAILED &&
            !(context->scene->readonly && context->scene->snapshot->owner.kind == OWNER_NONE));
}

/* ---- Texts ---- */

/* "{name}" or "{name%}" at `text`; returns its length, 0: none stands here. */
static size_t brace(const char *text, char name[80], bool *percent)
{
    size_t n = *text == '{' ? strcspn(text, "}") : 0;
    if (n == 0 || text[n] != '}' || n > 78)
        return 0;
    *percent = text[n - 1] == '%';
    snprintf(name, 80, "%.*s", (int)(n - 1 - *percent), text + 1);
    return n + 1;
}

static void show_value(const FilterValue *value, bool percent, char *text, size_t size)
{
    char number[FORMAT_SIZE];
    if (isnan(value->number))
        snprintf(text, size, "%s", strcmp(value->text, "nan") == 0 ? "unknown" : value->text);
    else if (percent)
        snprintf(text, size, "%.0f %%", value->number * 100);
    else if (fabs(value->number) < 1e6 && value->number == trunc(value->number))
        snprintf(text, size, "%.0f", value->number);
    else
        snprintf(text, size, "%s", format_value(number, value->number));
}

void lesson_fill(const LessonContext *context, const char *text, char *filled, size_t size)
{
    char name[80], shown[100];
    bool percent = false;
    size_t used = 0;
    filled[0] = '\0';
    while (*text != '\0' && used + 1 < size) {
        size_t n = brace(text, name, &percent);
        FilterValue value = {NAN, ""};
        if (n == 0) {
            filled[used++] = *text++;
            filled[used] = '\0';
            continue;
        }
        lesson_value(context, name, &value);
        show_value(&value, percent, shown, sizeof shown);
        used += (size_t)snprintf(filled + used, size - used, "%s", shown);
        text += n;
    }
}

bool lesson_fill_check(const char *text, char *why, size_t size)
{
    static const LessonContext checked = {.view = ""};
    char name[80];
    bool percent = false;
    FilterValue value;
    for (; (text = strchr(text, '{')); text++) {
        if (brace(text, name, &percent) == 0) {
            snprintf(why, size, "a brace without its end: %.40s", text);
            return false;
        }
        if (!lesson_value(&checked, name, &value)) {
            snprintf(why, size, "no such name: %.60s", name);
            return false;
        }
    }
    return true;
}
