/* Owns the shift that a finished run is reported with. Errors are heavy-tailed: along the way a few
 * roll-outs decide, so the last measurement is made again on more of them. Worked out once, in
 * rollouts.csv; logs, priors and costs know nothing of it. */
#include "engine/run/run_parts.h"
#include "engine/store/csv.h"

enum { TIMES = 8, USUAL = 2048 };

/* As many times more as a run takes along the way, but no more than is usual. */
static int rollouts_of(const Run *run)
{
    int along = (int)config_int(&run->config, "shift.samples");
    int more = TIMES * along < USUAL ? TIMES * along : USUAL;
    return more > along ? more : along;
}

bool run_rollouts_due(const Run *run)
{
    const History *history = &run->history;
    return !run->plain && run->shift && history->columns > 0 &&
           history->shift_step[history->columns - 1] == run->step &&
           history->again_step != run->step;
}

static void measure(Run *run, int n, ShiftRow *rows)
{
    Lab *lab = &run->lab;
    size_t mark = arena_mark(&run->scratch);
    int steps = lab->grid.steps;
    Policy student = lab_student(lab, false, 0);
    double *own = arena_new(&run->scratch, double, (size_t)steps *n),
           *forward = arena_new(&run->scratch, double, (size_t)steps *n);
    Shift *shift = run_shift_at(lab, steps, n, lab->seed, &run->scratch);
    shift_errors(shift, lab->crew, &run->scratch, &student, own, forward);
    for (int s = 0; s < steps; s++) {
        rows[s] = (ShiftRow){.i = steps - s};
        shift_ratio(n, own + (size_t)s * n, forward + (size_t)s * n, &rows[s]);
    }
    arena_rewind(&run->scratch, mark);
}

static Status write_all(const Run *run, int n, int steps, const ShiftRow *rows, Error *error)
{
    NewFile file;
    Status status = newfile_in(&file, run->folder, "rollouts.csv", error);
    if (status)
        return status;
    fputs("step,n,i,own,forward,ratio,low,high\n", file.stream);
    for (int s = 0; s < steps; s++) {
        const double value[] = {rows[s].own, rows[s].forward, rows[s].ratio, rows[s].low,
                                rows[s].high};
        fprintf(file.stream, "%ld,%d,%d", run->step, n, rows[s].i);
        for (size_t k = 0; k < sizeof value / sizeof *value; k++)
            csv_put(file.stream, value[k]);
        fputc('\n', file.stream);
    }
    return newfile_commit(&file, error);
}

Status run_rollouts(Run *run, Error *error)
{
    ShiftRow rows[SHIFT_ROWS_MAX];
    int n = rollouts_of(run), steps = run->lab.grid.steps;
    measure(run, n, rows);
    for (int s = 0; s < steps; s++)
        history_again(&run->history, run->step, n, &rows[s]);
    return write_all(run, n, steps, rows, error);
}
