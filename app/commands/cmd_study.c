/* Owns table: a study is run and its tables and figure are written. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/figure/study_figure.h"
#include "app/study/study_files.h"
#include "engine/study/report.h"
#include "engine/study/study_read.h"

typedef struct Found {
    Findings findings;
    TableValues values;
} Found;

static void write_markdown(const void *context, FILE *out)
{
    const Found *found = context;
    char command[300];
    snprintf(command, sizeof command, "ddil table %s", found->findings.study->name);
    report_markdown(&found->findings, found->values.failed, command, out);
}

static void write_csv(const void *context, FILE *out)
{
    report_csv(&((const Found *)context)->findings, out);
}

static Status write_figure(const Table *table, const Findings *findings, const char *ending,
                           Error *error)
{
    char path[PATH_SIZE];
    const Options *options = table->options;
    int theme = options->theme ? plot_theme(options->theme) : PLOT_PAPER;
    Status status =
        study_figure(findings, study_path(table, ending, path), (PlotTheme)theme, error);
    if (!status)
        study_tell(table, path);
    return status;
}

static Status write_files(const Table *table, const Found *found, Error *error)
{
    Status status = study_write(table, ".md", write_markdown, found, error);
    if (!status)
        status = study_write(table, ".csv", write_csv, found, error);
    if (!status)
        status = write_figure(table, &found->findings, ".svg", error);
    if (!status)
        status = write_figure(table, &found->findings, ".png", error);
    if (!status && !table->options->quiet)
        write_markdown(found, stdout);
    say_to_nobody(stdout);
    return status;
}

static Status write_all(void *unused, const Table *table, Error *error)
{
    (void)unused;
    Found found;
    const RunView **view = NULL;
    Status status = table_values(table, &found.values, error);
    if (!status && table->study->frontier)
        status = table_views(table, &view, error);
    if (!status) {
        findings_init(&found.findings, table->study, found.values.value, found.values.there);
        found.findings.view = view;
        status = write_files(table, &found, error);
        findings_done(&found.findings);
    }
    table_views_drop(table, view);
    table_values_done(&found.values);
    return status;
}

Status cmd_study(const Options *options, Error *error)
{
    Status status = must_be_alone("table", error);
    return status ? status : study_make(options, study_read, write_all, error);
}
