/* Owns export: the logs of a run as one table, its figure, the student's weights as a file. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/figure/run_figure.h"
#include "engine/base/file.h"
#include "engine/distill/provenance.h"
#include "engine/nets/weights.h"
#include "engine/show/gallery.h"
#include "engine/store/csv.h"

/* One cell a line: log,step,i,quantity,value. Values are copied as they stand. What is counted by
 * site (of the threshold) is called site.quantity. */
static void unroll_row(const char *log, const CsvReader *reader, FILE *out)
{
    int step = csv_column(reader, "step"), i = csv_column(reader, "i"),
        site = csv_column(reader, "site");
    for (int c = 0; c < reader->columns; c++)
        if (c != step && c != i && c != site)
            fprintf(out, "%s,%s,%s,%s%s%s,%s\n", log, step >= 0 ? reader->cell[step] : "",
                    i >= 0 ? reader->cell[i] : "", site >= 0 ? reader->cell[site] : "",
                    site >= 0 ? "." : "", reader->name[c], reader->cell[c]);
}

static Status unroll_logs(const char *folder, FILE *out, Error *error)
{
    static const char *const logs[] = {"metrics", "shift", "threshold", "eval"};
    fputs("log,step,i,quantity,value\n", out);
    for (size_t l = 0; l < sizeof logs / sizeof *logs; l++) {
        char path[PATH_SIZE], file[32];
        CsvReader reader;
        snprintf(file, sizeof file, "%s.csv", logs[l]);
        Status status = csv_open(&reader, file_join(path, folder, file), error);
        if (status)
            return status;
        while (csv_next(&reader))
            unroll_row(logs[l], &reader, out);
        csv_close(&reader);
    }
    return STATUS_OK;
}

static Status export_csv(const char *folder, const char *output, Error *error)
{
    if (!output) {
        Status status = unroll_logs(folder, stdout, error);
        bool written = fflush(stdout) == 0;
        return status || written ? status
                                 : fail(error, STATUS_FAILED, "cannot write to standard output");
    }
    NewFile file;
    Status status = newfile_open(&file, output, error);
    if (status)
        return status;
    status = unroll_logs(folder, file.stream, error);
    if (!status)
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return status;
}

static Status export_weights(const Options *options, Error *error)
{
    Look look;
    Status status = look_open(&look, options, error);
    if (status)
        return status;
    const Model *student = &look.lab->student;
    Provenance of;
    provenance_of(look.lab, &of);
    provenance_add(&of, "run", "%s", run_label(&look));
    provenance_add(&of, "step", "%ld", run_step(look.run));
    status = weights_save(options->weights, &student->spec, student->ema, of.pair, error);
    if (!status && !options->quiet)
        say(stderr, "%s: %zu weights of %s at step %ld\n", options->weights, student->size,
            run_label(&look), run_step(look.run));
    look_close(&look);
    return status;
}

/* The run's curves, map and samples. */
static Status export_figure(const Options *options, const char *path, Error *error)
{
    Look look;
    int theme = options->theme ? plot_theme(options->theme) : PLOT_PAPER;
    Status status = look_open(&look, options, error);
    if (status)
        return status;
    const RunView *view = run_view(look.run), *past = NULL;
    Gallery *gallery = NULL;
    status = run_past(look.run, run_step(look.run), true, &gallery, error);
    if (!status) {
        past = run_view_with_past(view, gallery);
        FigureLine line = {.run = past};
        status = run_figure(FIGURE_RUN, &line, 1, path, (PlotTheme)theme, error);
        run_view_drop(past);
        gallery_drop(gallery);
    }
    run_view_drop(view);
    look_close(&look);
    return status;
}

static Status check_figure(const char *path, const char *ending, Error *error)
{
    const char *const endings[] = {ending, NULL};
    if (!path)
        return STATUS_OK;
    Status status = check_ending(path, endings, error);
    return status ? status : check_writable(path, error);
}

static Status check_export(const Options *options, Error *error)
{
    static const char *const weights[] = {".safetensors", NULL}, *const csv[] = {".csv", NULL};
    if (!options->csv && !options->weights && !options->svg && !options->png)
        return fail(error, STATUS_BAD_INPUT,
                    "export: say what: --csv, --svg FILE, --png FILE, --weights FILE.safetensors");
    if (options->output && !options->csv)
        return fail(error, STATUS_BAD_INPUT, "-o goes with --csv; --weights names its own file");
    Status status = check_figure(options->svg, ".svg", error);
    if (!status)
        status = check_figure(options->png, ".png", error);
    if (!status && options->weights)
        status = check_ending(options->weights, weights, error);
    if (!status && options->weights)
        status = check_writable(options->weights, error);
    if (!status && options->output)
        status = check_ending(options->output, csv, error);
    return status || !options->output ? status : check_writable(options->output, error);
}

Status cmd_export(const Options *options, Error *error)
{
    char folder[1024];
    Status status = check_export(options, error);
    if (!status)
        status = run_find(options->runs, options->argument[0], folder, error);
    if (!status && options->weights)
        status = export_weights(options, error);
    if (!status && options->svg)
        status = export_figure(options, options->svg, error);
    if (!status && options->png)
        status = export_figure(options, options->png, error);
    if (!status && options->csv)
        status = export_csv(folder, options->output, error);
    return status;
}
