/* Owns export: the logs of a run as one table, the student's weights as a file. */
#include "app/commands.h"
#include "engine/base/file.h"
#include "engine/nets/weights.h"
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES_MAX = 1 << 30, COLUMNS_MAX = 64 };

/* Splits a line at its commas, in place. */
static int split(char *line, char *cell[COLUMNS_MAX])
{
    int n = 0;
    while (line && n < COLUMNS_MAX) {
        cell[n++] = line;
        line = strchr(line, ',');
        if (line)
            *line++ = 0;
    }
    return n;
}

static int find_column(char *const *name, int n, const char *wanted)
{
    for (int c = 0; c < n; c++)
        if (strcmp(name[c], wanted) == 0)
            return c;
    return -1;
}

/* One cell a line: log,step,i,quantity,value. Values are copied as they stand; empty ones are left out. */
static void unroll_row(const char *log, char *const *name, char *const *cell, int n, FILE *out)
{
    int step = find_column(name, n, "step"), i = find_column(name, n, "i");
    for (int c = 0; c < n; c++)
        if (c != step && c != i && *cell[c])
            fprintf(out, "%s,%s,%s,%s,%s\n", log, step >= 0 ? cell[step] : "", i >= 0 ? cell[i] : "", name[c], cell[c]);
}

static void unroll(const char *log, char *text, FILE *out)
{
    char *name[COLUMNS_MAX], *cell[COLUMNS_MAX], *rest = NULL;
    char *line = strtok_r(text, "\r\n", &rest);
    int names = line ? split(line, name) : 0;
    while ((line = strtok_r(NULL, "\r\n", &rest)) && names > 0) {
        int cells = split(line, cell);
        unroll_row(log, name, cell, cells < names ? cells : names, out);
    }
}

static Status unroll_logs(const char *folder, FILE *out, Error *error)
{
    static const char *const logs[] = {"metrics", "shift", "eval"};
    fputs("log,step,i,quantity,value\n", out);
    for (int l = 0; l < 3; l++) {
        char path[PATH_SIZE], file[32], *text;
        size_t size;
        snprintf(file, sizeof file, "%s.csv", logs[l]);
        if (!file_exists(file_join(path, folder, file)))
            continue;
        Status status = file_read(path, LOG_BYTES_MAX, &text, &size, error);
        if (status)
            return status;
        unroll(logs[l], text, out);
        free(text);
    }
    return STATUS_OK;
}

static Status export_csv(const char *folder, const char *output, Error *error)
{
    if (!output) {
        Status status = unroll_logs(folder, stdout, error);
        bool written = fflush(stdout) == 0;
        return status || written ? status : fail(error, STATUS_FAILED, "cannot write to standard output");
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
    char step[24];
    snprintf(step, sizeof step, "%ld", run_step(look.run));
    const Model *student = &look.lab->student;
    const Config *config = &look.lab->config;
    const char *meta[] = {"run", run_label(&look), "step", step, "method", config_text(config, "run.method"),
                          "data", config_text(config, "data.name"), NULL};
    status = weights_save(options->weights, &student->spec, student->ema, meta, error);
    if (!status && !options->quiet)
        fprintf(stderr, "%s: %zu weights of %s at step %s\n", options->weights, student->size, run_label(&look), step);
    look_close(&look);
    return status;
}

static Status check_export(const Options *options, Error *error)
{
    static const char *const weights[] = {".safetensors", NULL}, *const csv[] = {".csv", NULL};
    if (!options->csv && !options->weights)
        return fail(error, STATUS_BAD_INPUT, "export: say what: --csv, --weights FILE.safetensors, or both");
    if (options->output && !options->csv)
        return fail(error, STATUS_BAD_INPUT, "-o goes with --csv; --weights names its own file");
    Status status = STATUS_OK;
    if (options->weights)
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
    if (!status && options->csv)
        status = export_csv(folder, options->output, error);
    return status;
}
