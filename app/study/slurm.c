/* Owns the way of a study into Slurm and, in a task, the way back. See slurm.h. */
#include "app/study/slurm.h"

#include "app/study/rungs.h"
#include "engine/base/number.h"
#include "engine/store/folder.h"
#include "engine/study/sweep.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Stages ---- */

/* How many others one waits for, one behind the other. */
static int depth(const Study *study, int arm)
{
    int most = 0;
    for (int other = 0; other < study->arms; other++)
        if (study_waits(study, arm, other)) {
            int below = depth(study, other) + 1;
            most = below > most ? below : most;
        }
    return most;
}

static int stages(const Table *table)
{
    const Study *study = table->study;
    int most = study->rungs;
    for (int arm = 0; arm < study->arms && !study->sweep; arm++) {
        int d = depth(study, arm);
        most = d > most ? d : most;
    }
    return most + 1;
}

/* The cell of a task's number: by its place at the last rung, or its number in the table. -1: there
 * is none any more. */
static int cell_of(const Table *table, int stage, int number)
{
    const Study *study = table->study;
    if (study->rungs == 0 || stage == 0)
        return number < table->cells ? number : -1;
    for (int arm = 0; arm < study->arms; arm++)
        if (table->trial[arm].rung == stage && table->trial[arm].place == number / study->seeds + 1)
            return arm * study->seeds + number % study->seeds;
    return -1;
}

/* Where what belongs to the jobs is kept. */
static char *lock_path(const Table *table, int cell, char path[PATH_SIZE])
{
    char name[NAME_SIZE + 80], run[NAME_SIZE];
    const Cell *at = &table->cell[cell];
    study_run_name(table->study, at->preset, at->arm, at->seed, run);
    snprintf(name, sizeof name, ".slurm-%s/%s.lock", table->study->name, run);
    return file_join(path, table->options->runs, name);
}

static Status make_folder(const Table *table, char path[PATH_SIZE], Error *error)
{
    char name[80];
    snprintf(name, sizeof name, ".slurm-%s", table->study->name);
    return file_make_folder(file_join(path, table->options->runs, name), error);
}

/* ---- A task ---- */

static Status find_cell(const Table *table, int *cell, Error *error)
{
    const char *at = table->options->task;
    const Study *study = table->study;
    long stage = -1, number = -1;
    bool good = number_lead(&at, 0, STUDY_RUNGS, &stage) && *at++ == ':' &&
                number_lead(&at, 0, 1 << 20, &number) && !*at && stage < stages(table);
    *cell = -1;
    if (!good)
        return fail(error, STATUS_BAD_INPUT, "--task %s: STAGE:NUMBER, as its submit script says",
                    table->options->task);
    if (study->rungs > 0 && stage > table->decided)
        return fail(error, STATUS_FAILED,
                    "not all runs have come to step %ld: submit those again with --slurm",
                    study->rung[table->decided]);
    if (study->rungs == 0 || stage == table->decided)
        *cell = cell_of(table, (int)stage, (int)number);
    return STATUS_OK;
}

Status slurm_task(Table *table, int *lock, Error *error)
{
    char path[PATH_SIZE];
    int cell;
    Status status = find_cell(table, &cell, error);
    if (status || cell < 0 || cell_is_over(&table->cell[cell]) ||
        rungs_wait(table, &table->cell[cell]))
        return status;
    if (table_waits(table, &table->cell[cell]))
        return fail(error, STATUS_FAILED,
                    "the run that this one follows from is not done: submit it again with --slurm");
    status = make_folder(table, path, error);
    if (!status)
        status = folder_lock(lock_path(table, cell, path), true, lock, error);
    table->only = status ? -1 : cell;
    return status;
}

/* ---- The script ---- */

typedef struct Script {
    const Table *table;
    FILE *out;
    char *program, *file, *runs, *results; /* absolute */
    int jobs;
} Script;

/* One word of the shell's. */
static void put_word(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    fputc('\'', out);
}

/* What a job does, as one word. */
static void put_work(const Script *script, const char *how)
{
    char *text;
    size_t size;
    FILE *out = need(open_memstream(&text, &size));
    fputs("exec ", out);
    put_word(out, script->program);
    fprintf(out, " %s ", script->table->study->sweep ? "sweep" : "table");
    put_word(out, script->file);
    fputs(" --runs ", out);
    put_word(out, script->runs);
    fprintf(out, " --threads 1 %s", how);
    if (script->results && !strncmp(how, "--report", 8)) {
        fputs(" --out ", out);
        put_word(out, script->results);
    }
    fclose(out);
    put_word(script->out, text);
    free(text);
}

static void put_job(Script *script, const char *what, const char *array, const char *how)
{
    fputs("submit ", script->out);
    put_word(script->out, what);
    if (*array)
        fprintf(script->out, " --array=%s", array);
    if (script->jobs++)
        fputs(" --dependency=\"afterany:$job\"", script->out);
    fputs(" --wrap ", script->out);
    put_work(script, how);
    fputc('\n', script->out);
}

/* Appends first..last to "0-3,7". */
static void put_span(FILE *out, bool *any, int first, int last)
{
    fprintf(out, "%s%d", *any ? "," : "", first);
    if (last > first)
        fprintf(out, "-%d", last);
    *any = true;
}

/* Is this number of a stage's to be submitted? */
static bool is_missing(const Table *table, int stage, int number)
{
    char path[PATH_SIZE];
    const Study *study = table->study;
    if (study->rungs > 0 && stage > table->decided)
        return true; /* who that is will be seen */
    int at = cell_of(table, stage, number);
    const Cell *cell = at < 0 ? NULL : &table->cell[at];
    return cell && !cell_is_over(cell) && !rungs_wait(table, cell) &&
           (study->sweep || depth(study, cell->arm) == stage) &&
           !folder_locked(lock_path(table, at, path));
}

/* The numbers of a stage that are missing, as sbatch writes them, allocated; *n how many. */
static char *missing(const Table *table, int stage, int most, int *n)
{
    char *text;
    size_t size;
    FILE *out = need(open_memstream(&text, &size));
    bool any = false;
    *n = 0;
    for (int first = 0; first < most; first++) {
        int end = first;
        while (end < most && is_missing(table, stage, end))
            end++;
        if (end == first)
            continue;
        put_span(out, &any, first, end - 1);
        *n += end - first;
        first = end;
    }
    fclose(out);
    return text;
}

/* Trials of a sweep that come to the last rung that was decided. */
static int trials_left(const Table *table)
{
    int n = 0;
    for (int arm = 0; arm < table->study->arms; arm++)
        n += table->trial[arm].rung == table->decided;
    return n;
}

static void put_stages(Script *script)
{
    const Table *table = script->table;
    const Study *study = table->study;
    int first = study->rungs > 0 ? table->decided : 0, last = stages(table), left = 0;
    for (int stage = first; stage < last; stage++) {
        char what[64], how[64];
        if (study->rungs > 0)
            left = stage == first ? trials_left(table) : sweep_stay(left, study->keep);
        int n, most = study->rungs > 0 && stage > 0 ? left * study->seeds : table->cells;
        char *array = missing(table, stage, most, &n);
        if (stage < study->rungs)
            snprintf(what, sizeof what, "%d runs to step %ld", n, study->rung[stage]);
        else
            snprintf(what, sizeof what, "%d runs to their end", n);
        snprintf(how, sizeof how, "--task %d:$SLURM_ARRAY_TASK_ID", stage);
        if (n > 0)
            put_job(script, what, array, how);
        free(array);
    }
}

static void put_head(const Script *script)
{
    const Study *study = script->table->study;
    fprintf(script->out, "#!/bin/sh\n# Made by: ddil %s %s --slurm\nset -e\nsubmit() {\n",
            study->sweep ? "sweep" : "table", study->name);
    fputs("    what=$1\n    shift\n    job=$(sbatch --parsable --requeue --open-mode=append "
          "--cpus-per-task=1",
          script->out);
    fprintf(script->out, " \\\n        --job-name=ddil-%s --output=", study->name);
    put_word(script->out, script->runs);
    fprintf(script->out, "/.slurm-%s/%%A_%%a.log", study->name);
    for (int i = 0; i < study->slurms; i++) {
        fputc(' ', script->out);
        put_word(script->out, study->slurm[i]);
    }
    fputs(" \"$@\")\n    job=${job%%;*}\n    echo \"job $job: $what\"\n}\n", script->out);
}

/* The script's text, allocated; *jobs in it. */
static char *script_text(Script *script)
{
    char *text;
    size_t size;
    script->out = need(open_memstream(&text, &size));
    put_head(script);
    put_stages(script);
    if (script->jobs > 0)
        put_job(script, "the table", "", "--report");
    fclose(script->out);
    return text;
}

/* ---- Submitting ---- */

static Status run_script(const char *path, Error *error)
{
    int how = 0;
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        execl("/bin/sh", "sh", path, (char *)NULL);
        _exit(127);
    }
    if (process < 0)
        return fail(error, STATUS_FAILED, "cannot start a shell: %s", strerror(errno));
    while (waitpid(process, &how, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return STATUS_OK;
    return fail(error, STATUS_FAILED,
                "Slurm's sbatch is not here, or did not take it; where it does: sh %s", path);
}

static Status submit(Script *script, Error *error)
{
    const Table *table = script->table;
    char path[PATH_SIZE], name[80];
    char *text = script_text(script);
    snprintf(name, sizeof name, "%s.submit.sh", table->study->name);
    file_join(path, script->runs, name);
    if (script->jobs == 0) {
        if (!table->options->quiet)
            fprintf(stderr, "nothing to submit: all %d runs are over, or at work\n", table->cells);
        free(text);
        return STATUS_OK;
    }
    Status status = file_write(path, text, strlen(text), error);
    if (!status) {
        fputs(text, stdout);
        status = run_script(path, error);
    }
    free(text);
    return status;
}

static Status absolute(const char *path, char **out, Error *error)
{
    *out = realpath(path, NULL);
    return *out ? STATUS_OK : fail(error, status_of(errno), "%s: %s", path, strerror(errno));
}

Status slurm_submit(const Table *table, Error *error)
{
    char path[PATH_SIZE];
    const Options *options = table->options;
    Script script = {.table = table};
    Status status = make_folder(table, path, error);
    if (!status)
        status = absolute("/proc/self/exe", &script.program, error);
    if (!status)
        status = absolute(table->study->file, &script.file, error);
    if (!status)
        status = absolute(options->runs, &script.runs, error);
    if (!status && options->out)
        status = absolute(options->out, &script.results, error);
    if (!status)
        status = submit(&script, error);
    free(script.program);
    free(script.file);
    free(script.runs);
    free(script.results);
    return status;
}
