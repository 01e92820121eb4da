/* Owns the way from a study's file to the files of its results. See study_files.h. */
#include "app/study/study_files.h"

#include <stdlib.h>

/* --slurm, --task and --report: one of them at a time. */
static Status check_ways(const Options *options, Error *error)
{
    int ways = options->slurm + options->report;
    if (ways + (options->task ? 1 : 0) <= 1)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "--slurm, --task and --report: one of them at a time");
}

Status study_make(const Options *options, StudyReader *read, TableUse *use, Error *error)
{
    Study *study = need(malloc(sizeof *study));
    Status status = check_ways(options, error);
    if (!status)
        status = read(study, options->argument[0], error);
    if (!status && options->out)
        status = file_make_folder(options->out, error);
    if (!status)
        status = table_make(study, options, use, NULL, error);
    free(study);
    return status;
}

const char *study_path(const Table *table, const char *ending, char path[PATH_SIZE])
{
    char name[80];
    const Options *options = table->options;
    snprintf(name, sizeof name, "%s%s", table->study->name, ending);
    return file_join(path, options->out ? options->out : options->runs, name);
}

void study_tell(const Table *table, const char *path)
{
    if (!table->options->quiet)
        fprintf(stderr, "%s\n", path);
}

Status study_write(const Table *table, const char *ending, StudyWriter *writer, const void *context,
                   Error *error)
{
    char path[PATH_SIZE];
    NewFile file;
    Status status = newfile_open(&file, study_path(table, ending, path), error);
    if (status)
        return status;
    writer(context, file.stream);
    status = newfile_commit(&file, error);
    if (!status)
        study_tell(table, path);
    return status;
}
