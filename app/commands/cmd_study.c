/* Owns table: a study is run and its tables and figure are written. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/figure/study_figure.h"
#include "app/study/study_cells.h"
#include "engine/store/folder.h"
#include "engine/study/report.h"
#include "engine/study/study_read.h"
#include <stdlib.h>

typedef void Writer(const Findings *findings, const int *failed, FILE *out);

static void write_markdown(const Findings *findings, const int *failed, FILE *out)
{
    char command[300];
    snprintf(command, sizeof command, "ddil table %s", findings->study->name);
    report_markdown(findings, failed, command, out);
}

static void write_csv(const Findings *findings, const int *failed, FILE *out)
{
    (void)failed;
    report_csv(findings, out);
}

static Status write_one(const Table *table, const Findings *findings, const int *failed,
                        const char *ending, Writer *writer, Error *error)
{
    char name[80], path[PATH_SIZE];
    NewFile file;
    const char *folder = table->options->out ? table->options->out : table->options->runs;
    snprintf(name, sizeof name, "%s%s", table->study->name, ending);
    Status status = newfile_open(&file, file_join(path, folder, name), error);
    if (status)
        return status;
    writer(findings, failed, file.stream);
    status = newfile_commit(&file, error);
    if (!status && !table->options->quiet)
        fprintf(stderr, "%s\n", path);
    return status;
}

static Status write_figure(const Table *table, const Findings *findings, const char *ending,
                           Error *error)
{
    char name[80], path[PATH_SIZE];
    const Options *options = table->options;
    const char *folder = options->out ? options->out : options->runs;
    int theme = options->theme ? plot_theme(options->theme) : PLOT_PAPER;
    snprintf(name, sizeof name, "%s%s", table->study->name, ending);
    file_join(path, folder, name);
    Status status = study_figure(findings, path, (PlotTheme)theme, error);
    if (!status && !options->quiet)
        fprintf(stderr, "%s\n", path);
    return status;
}

static Status write_all(void *unused, const Table *table, Error *error)
{
    (void)unused;
    double *value;
    int *failed;
    const RunView **view = NULL;
    Findings findings;
    Status status = table_values(table, &value, &failed, error);
    if (!status && table->study->frontier)
        status = table_views(table, &view, error);
    if (!status) {
        findings_init(&findings, table->study, value);
        findings.view = view;
        status = write_one(table, &findings, failed, ".md", write_markdown, error);
        if (!status)
            status = write_one(table, &findings, failed, ".csv", write_csv, error);
        if (!status)
            status = write_figure(table, &findings, ".svg", error);
        if (!status)
            status = write_figure(table, &findings, ".png", error);
        if (!status && !table->options->quiet)
            write_markdown(&findings, failed, stdout);
        say_to_nobody(stdout);
        findings_done(&findings);
    }
    table_views_drop(table, view);
    free(failed);
    free(value);
    return status;
}

Status cmd_study(const Options *options, Error *error)
{
    Study *study = malloc(sizeof *study);
    need(study);
    Status status = must_be_alone("table", error);
    if (!status)
        status = table_check(options, error);
    if (!status)
        status = study_read(study, options->argument[0], error);
    if (!status && options->out)
        status = file_make_folder(options->out, error);
    if (!status)
        status = table_make(study, options, write_all, NULL, error);
    free(study);
    return status;
}
