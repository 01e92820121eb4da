/* Owns what a finished run's evaluation stands beside: held-out data against themselves, and the
 * teacher's own steps. Worked out once, in beside.csv. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include "engine/store/csv.h"
#include <string.h>

bool run_beside_due(const Run *run)
{
    return !run->plain && run->evaluated && run->history.metrics > 0 && run->history.beside_n == 0;
}

static void put_row(FILE *out, long step, const char *who, const EvalReport *report)
{
    fprintf(out, "%ld,%s,%d,%d", step, who, report->k, report->n);
    for (int i = 0; i < report->metrics; i++) {
        csv_put(out, report->metric[i].value);
        csv_put(out, report->metric[i].low);
        csv_put(out, report->metric[i].high);
    }
    fputc('\n', out);
}

static Status write_all(const Run *run, const EvalReport *report, Error *error)
{
    NewFile file;
    Status status = newfile_in(&file, run->folder, "beside.csv", error);
    if (status)
        return status;
    fputs("step,who,k,n", file.stream);
    for (int i = 0; i < report[0].metrics; i++) {
        const char *name = report[0].metric[i].name;
        fprintf(file.stream, ",%s,%s_low,%s_high", name, name, name);
    }
    fputc('\n', file.stream);
    for (int who = 0; who < BESIDES; who++)
        if (report[who].metrics == report[0].metrics && report[who].n > 0)
            put_row(file.stream, run->step, BESIDE_WORDS[who], &report[who]);
    return newfile_commit(&file, error);
}

Status run_beside(Run *run, Error *error)
{
    Lab *lab = &run->lab;
    Judge judge = run_judge(run, &run->scratch);
    EvalReport report[BESIDES] = {{.n = 0}};
    int n = run->history.metrics_n;
    eval_real(&judge, n, &report[BESIDE_REAL]);
    if (lab->has_teacher) {
        int steps = (int)config_int(&run->config, "student.steps");
        Policy teacher = lab_teacher(lab, steps * lab->source.set.teacher_substeps, 1);
        eval_policy(&judge, &teacher, n, lab->seed, &report[BESIDE_TEACHER]);
    }
    for (int who = 0; who < BESIDES; who++)
        history_beside(&run->history, (Beside)who, &report[who]);
    return write_all(run, report, error);
}

void run_alone(Run *run) { run->plain = true; }
