/* Owns the meaning of a study's metrics, and the search for its runs. */
#include "engine/study/cell.h"

#include "engine/base/number.h"
#include "engine/distill/params.h"
#include "engine/measure/eval.h"
#include "engine/run/run.h"
#include "engine/store/csv.h"
#include "engine/store/folder.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Finding ---- */

/* Parameters that a run may have of its own. */
static bool is_own(const Config *config, int index, bool probed)
{
    return index == config_find(config, "source.expert") ||
           (probed && (index == config_find(config, "run.budget_nfe") ||
                       index == config_find(config, "run.steps")));
}

static Status compare(const char *folder, const Config *wanted, bool probed, Error *error)
{
    Config found;
    lab_config_init(&found);
    Status status = folder_read_ini(folder, &found, NULL, error);
    if (status)
        return status;
    for (int i = 0; i < wanted->n; i++)
        if (!is_own(wanted, i, probed) &&
            strcmp(config_value(&found, i), config_value(wanted, i)) != 0)
            return fail(error, STATUS_BAD_INPUT,
                        "%s: %s.%s is \"%.60s\" there and \"%.60s\" in the study: the run or the "
                        "study was changed; delete or rename the folder to run it anew",
                        folder, wanted->row[i]->section, wanted->row[i]->key,
                        config_value(&found, i), config_value(wanted, i));
    return STATUS_OK;
}

/* Done means evaluated at its last step. Failed is what left the finite numbers, as its remark
 * says; a run that a full disk or the like ended is to go on. */
static CellState state_of(const char *folder)
{
    const RunView *view = run_view_read(folder, NULL);
    CellState state = CELL_BEGUN;
    if (view && view->state == RUN_FAILED && strstr(view->note, "finite"))
        state = CELL_FAILED;
    else if (view && view->state == RUN_DONE && view->metrics_step == view->step)
        state = CELL_DONE;
    run_view_drop(view);
    return state;
}

Status cell_find(const char *runs, const char *name, const Config *wanted, bool probed,
                 CellState *state, char folder[PATH_SIZE], Error *error)
{
    char **names, path[PATH_SIZE];
    int n = folder_list(runs, &names), found = 0;
    for (int i = 0; i < n; i++) {
        if (strcmp(folder_name(names[i]), name) == 0 &&
            file_exists(file_join(path, file_join(folder, runs, names[i]), "run.ini")))
            found++;
        free(names[i]);
    }
    free(names);
    *state = CELL_MISSING;
    if (found > 1)
        return fail(error, STATUS_BAD_INPUT,
                    "%s holds %d runs called %s: delete or rename all but one", runs, found, name);
    if (!found)
        return STATUS_OK;
    Status status = compare(folder, wanted, probed, error);
    if (!status)
        *state = state_of(folder);
    return status;
}

/* ---- Figures ---- */

typedef struct Figure {
    const char *name;
    bool cost;
    double (*of)(const RunView *view);
} Figure;

/* Was the shift measured where the run stands? Else its log was cut: an older one is no figure of
 * this run. */
static bool has_shift(const RunView *view)
{
    const ShiftView *shift = &view->shift_view;
    return shift->columns > 0 && shift->step[shift->columns - 1] == view->step;
}

static double of_shift(const RunView *view) { return has_shift(view) ? view->shift : (double)NAN; }
static double of_loss(const RunView *view) { return view->smooth_loss; }
static double of_steps(const RunView *view) { return (double)view->step; }
static double of_nfe(const RunView *view)
{
    return view->nfe_teacher + view->nfe_student + view->nfe_critic;
}

static const Figure figures[] = {
    {"shift", false, of_shift},
    {"loss", false, of_loss},
    {"steps", true, of_steps},
    {"nfe", true, of_nfe},
};

/* Columns of the shift that stand under a name with ".I" behind it. */
static const float *shift_column(const ShiftView *shift, const char *name, size_t length)
{
    const struct {
        const char *name;
        const float *column;
    } columns[] = {{"ratio", shift->ratio},     {"own", shift->own},
                   {"forward", shift->forward}, {"paired", shift->paired},
                   {"mmd2", shift->mmd2},       {"mmd2_teacher", shift->mmd2_teacher}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strlen(columns[i].name) == length && strncmp(columns[i].name, name, length) == 0)
            return columns[i].column;
    return NULL;
}

static double of_shift_at(const RunView *view, const char *name)
{
    const ShiftView *shift = &view->shift_view;
    const char *dot = strchr(name, '.');
    int i = 0;
    if (!dot || !number_int(dot + 1, 1, shift->rows, &i) || !has_shift(view))
        return NAN;
    const float *column = shift_column(shift, name, (size_t)(dot - name));
    if (!column)
        return NAN;
    return (double)column[(shift->columns - 1) * shift->rows + shift->rows - i];
}

/* ---- figures.csv ---- */

bool cell_how(const char *name, How *how)
{
    static const struct {
        const char *word;
        HowKind kind;
        double low, high;
    } rows[] = {{"mix", HOW_MIX, 0, 1}, {"teacher", HOW_TEACHER, 1, 4096}, {"", HOW_STEPS, 1, 64}};
    const char *at = strchr(name, '@');
    if (!at++)
        return false;
    *how = (How){HOW_LAW, 64};
    if (strcmp(name, "sw2@law") == 0)
        return true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i].word);
        if (strncmp(at, rows[i].word, length) != 0 || !number_real(at + length, &how->number))
            continue;
        how->kind = rows[i].kind;
        bool whole = rows[i].kind == HOW_MIX || how->number == floor(how->number);
        return whole && how->number >= rows[i].low && how->number <= rows[i].high;
    }
    return false;
}

double cell_figure(const char *folder, long step, const char *name)
{
    char path[PATH_SIZE];
    CsvReader reader;
    double value = NAN;
    if (csv_open(&reader, file_join(path, folder, "figures.csv"), NULL))
        return value;
    int at = csv_column(&reader, "step"), named = csv_column(&reader, "name"),
        valued = csv_column(&reader, "value");
    while (at >= 0 && named >= 0 && valued >= 0 && csv_next(&reader))
        if (csv_real(&reader, at) == (double)step && strcmp(reader.cell[named], name) == 0)
            value = csv_real(&reader, valued);
    csv_close(&reader);
    return value;
}

Status cell_add_figures(const char *folder, long step, int n, const char (*name)[FIGURE_NAME_SIZE],
                        const double *value, Error *error)
{
    char path[PATH_SIZE], *before = NULL;
    size_t size = 0;
    NewFile file;
    file_join(path, folder, "figures.csv");
    Status status = file_exists(path) ? file_read(path, 1 << 20, &before, &size, error) : STATUS_OK;
    if (!status)
        status = newfile_open(&file, path, error);
    if (!status) {
        fputs(before ? before : "step,name,value\n", file.stream);
        for (int i = 0; i < n; i++) {
            fprintf(file.stream, "%ld,%s", step, name[i]);
            csv_put(file.stream, value[i]);
            fputc('\n', file.stream);
        }
        status = newfile_commit(&file, error);
    }
    free(before);
    return status;
}

bool cell_is_judged(const char *folder, int n, const char (*name)[FIGURE_NAME_SIZE])
{
    How how;
    const RunView *view = run_view_read(folder, NULL);
    bool all = view;
    for (int i = 0; i < n && all; i++)
        all = !cell_how(name[i], &how) || !isnan(cell_figure(folder, view->step, name[i]));
    run_view_drop(view);
    return all;
}

/* ---- All of them ---- */

static bool is_metric(const char *name, size_t length)
{
    for (int k = 0; eval_metric_name(k); k++)
        if (strlen(eval_metric_name(k)) == length &&
            strncmp(eval_metric_name(k), name, length) == 0)
            return true;
    return false;
}

double cell_value(const RunView *view, const char *folder, const char *name)
{
    How how;
    if (cell_how(name, &how))
        return cell_figure(folder, view->step, name);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strcmp(figures[i].name, name) == 0)
            return figures[i].of(view);
    for (int i = 0; i < view->metrics; i++)
        if (strcmp(view->metric[i].name, name) == 0)
            return view->metric[i].value;
    return of_shift_at(view, name);
}

bool cell_name_is_given(const char *name)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strcmp(figures[i].name, name) == 0)
            return figures[i].cost;
    How how;
    return cell_how(name, &how) && how.kind == HOW_TEACHER;
}

int cell_name_step(const char *name)
{
    static const float some;
    static const ShiftView any = {.ratio = &some,
                                  .own = &some,
                                  .forward = &some,
                                  .paired = &some,
                                  .mmd2 = &some,
                                  .mmd2_teacher = &some};
    const char *dot = strchr(name, '.');
    int i;
    bool known =
        dot && number_int(dot + 1, 1, 64, &i) && shift_column(&any, name, (size_t)(dot - name));
    return known ? i : 0;
}

bool cell_name_known(const char *name)
{
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        if (strcmp(figures[k].name, name) == 0)
            return true;
    How how;
    if (strchr(name, '@'))
        return cell_how(name, &how) && is_metric(name, strcspn(name, "@"));
    return is_metric(name, strlen(name)) || cell_name_step(name) > 0;
}
