/* Owns the writing of the six CSV files of a run's folder. May call base and csv. */
#include "engine/store/log.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/store/csv.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const FILES[LOGS] = {"metrics.csv",   "shift.csv",  "eval.csv",
                                        "threshold.csv", "events.csv", "times.csv"};
static const char SHIFT_HEADER[] =
    "step,i,time,own,forward,ratio,low,high,mmd2,mmd2_null95,mmd2_teacher,paired,"
    "mmd2_teacher_null95\n";
static const char EVENTS_HEADER[] = "step,clock,text\n";
static const char TIMES_HEADER[] = "step,clock,steps_per_s,nfe,shift_nfe\n";
enum { HEADER_SIZE = 1024 };

static void metrics_header(char *text, int n, const char *const *names)
{
    size_t used = (size_t)snprintf(text, HEADER_SIZE, "step,loss,grad_norm,lr");
    for (int i = 0; i < n && used < HEADER_SIZE; i++)
        used += (size_t)snprintf(text + used, HEADER_SIZE - used, ",%s", names[i]);
    must(used + 1 < HEADER_SIZE);
    strcpy(text + used, "\n");
}

static Status cannot(const Log *log, int which, Error *error)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return fail(error, STATUS_FAILED, "there is no room for %s/%s: %s; make some, and resume",
                    log->folder, FILES[which], strerror(errno));
    return fail(error, STATUS_FAILED, "cannot write %s/%s: %s", log->folder, FILES[which],
                strerror(errno ? errno : EIO));
}

/* Ends a row: a write that failed shows here. */
static Status flush(Log *log, int which, Error *error)
{
    FILE *file = log->file[which];
    errno = 0;
    return !ferror(file) && fflush(file) == 0 ? STATUS_OK : cannot(log, which, error);
}

/* The log to write a row to; one that rests is opened again. NULL: it cannot be. */
static FILE *awake(Log *log, int which, Error *error)
{
    char path[PATH_SIZE];
    if (log->file[which])
        return log->file[which];
    errno = 0;
    FILE *file = log->file[which] = fopen(file_join(path, log->folder, FILES[which]), "ae");
    if (!file)
        cannot(log, which, error);
    else
        fseek(file, 0, SEEK_END);
    return file;
}

/* Does the file begin with this header? */
static Status check_header(const char *path, const char *header, Error *error)
{
    char line[HEADER_SIZE] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(error, status_of(errno), "cannot open %s: %s", path, strerror(errno));
    if (!fgets(line, sizeof line, file))
        line[0] = 0;
    fclose(file);
    const char *columns = line + 3 * (strncmp(line, "\xef\xbb\xbf", 3) == 0);
    line[strcspn(line, "\r\n")] = 0;
    size_t length = strcspn(header, "\n");
    if (strncmp(columns, header, length) == 0 && !columns[length])
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s:1: columns are \"%.100s\", this run writes \"%.200s\"",
                path, columns, header);
}

/* header NULL: written later. */
static Status open_log(Log *log, int which, const char *header, Error *error)
{
    char path[PATH_SIZE];
    file_join(path, log->folder, FILES[which]);
    FILE *file = log->file[which] = fopen(path, "ae");
    if (!file)
        return fail(error, status_of(errno), "cannot open %s: %s", path, strerror(errno));
    fseek(file, 0, SEEK_END);
    if (!header)
        return STATUS_OK;
    if (ftell(file) > 0)
        return check_header(path, header, error);
    fputs(header, file);
    return flush(log, which, error);
}

Status log_open(Log *log, const char *folder, int n, const char *const *names, Error *error)
{
    char metrics[HEADER_SIZE];
    const char *const header[LOGS] = {metrics, SHIFT_HEADER,  NULL,
                                      NULL,    EVENTS_HEADER, TIMES_HEADER};
    Status status = STATUS_OK;
    *log = (Log){{0}, ""};
    snprintf(log->folder, sizeof log->folder, "%s", folder);
    metrics_header(metrics, n, names);
    for (int i = 0; i < LOGS && !status; i++)
        status = open_log(log, i, header[i], error);
    if (status)
        log_close(log);
    return status;
}

void log_close(Log *log)
{
    for (int i = 0; i < LOGS; i++) {
        if (log->file[i])
            fclose(log->file[i]);
        log->file[i] = NULL;
    }
}

Status log_sync(Log *log, Error *error)
{
    for (int i = 0; i < LOGS; i++) {
        errno = log->file[i] ? file_sync(fileno(log->file[i])) : 0;
        if (errno)
            return cannot(log, i, error);
    }
    return STATUS_OK;
}

Status log_rest(Log *log, Error *error)
{
    Status status = log_sync(log, error);
    log_close(log);
    return status;
}

Status log_metrics(Log *log, long step, double loss, double grad_norm, double lr, int n,
                   const double *values, Error *error)
{
    FILE *out = awake(log, LOG_METRICS, error);
    if (!out)
        return STATUS_FAILED;
    fprintf(out, "%ld", step);
    csv_put(out, loss);
    csv_put(out, grad_norm);
    csv_put(out, lr);
    for (int i = 0; i < n; i++)
        csv_put(out, values[i]);
    fputc('\n', out);
    return flush(log, LOG_METRICS, error);
}

Status log_shift(Log *log, long step, int n, const ShiftRow *rows, Error *error)
{
    FILE *out = awake(log, LOG_SHIFT, error);
    if (!out)
        return STATUS_FAILED;
    for (int r = 0; r < n; r++) {
        const ShiftRow *row = &rows[r];
        const double value[] = {row->time,         row->own,    row->forward,       row->ratio,
                                row->low,          row->high,   row->mmd2,          row->null95,
                                row->mmd2_teacher, row->paired, row->null95_teacher};
        fprintf(out, "%ld,%d", step, row->i);
        for (size_t k = 0; k < sizeof value / sizeof *value; k++)
            csv_put(out, value[k]);
        fputc('\n', out);
    }
    return flush(log, LOG_SHIFT, error);
}

static void put_site(FILE *out, long step, char site, int i, const ClippedCount *now,
                     const ClippedCount *then)
{
    double coordinates = (double)(now->coordinates - then->coordinates),
           clipped = (double)(now->clipped - then->clipped);
    if (coordinates <= 0)
        return;
    fprintf(out, "%ld,%c,%d", step, site, i);
    csv_put(out, clipped / coordinates);
    csv_put(out, clipped > 0 ? (now->overshoot - then->overshoot) / clipped : 0);
    fputc('\n', out);
}

Status log_threshold(Log *log, long step, int steps, const Clipped *now, const Clipped *then,
                     Error *error)
{
    FILE *out = awake(log, LOG_THRESHOLD, error);
    bool any = false;
    if (!out)
        return STATUS_FAILED;
    for (int s = 0; s < SITES; s++)
        any = any || clipped_total(&now[s]).coordinates > clipped_total(&then[s]).coordinates;
    if (any && ftell(out) == 0)
        fputs("step,site,i,clipped,overshoot\n", out);
    for (int s = 0; s < SITES; s++)
        for (int i = steps; i >= 1; i--)
            put_site(out, step, SITE_LETTERS[s], i, &now[s].step[i - 1], &then[s].step[i - 1]);
    return flush(log, LOG_THRESHOLD, error);
}

Status log_eval(Log *log, long step, const EvalReport *report, Error *error)
{
    FILE *out = awake(log, LOG_EVAL, error);
    if (!out)
        return STATUS_FAILED;
    if (ftell(out) == 0) {
        fputs("step,k,nfe,n", out);
        for (int i = 0; i < report->metrics; i++) {
            const char *name = report->metric[i].name;
            fprintf(out, ",%s,%s_low,%s_high", name, name, name);
        }
        fputc('\n', out);
    }
    fprintf(out, "%ld,%d,%d,%d", step, report->k, report->nfe, report->n);
    for (int i = 0; i < report->metrics; i++) {
        csv_put(out, report->metric[i].value);
        csv_put(out, report->metric[i].low);
        csv_put(out, report->metric[i].high);
    }
    fputc('\n', out);
    return flush(log, LOG_EVAL, error);
}

static void put_stamped(FILE *out, long step)
{
    char clock[32];
    clock_stamp(clock, sizeof clock);
    fprintf(out, "%ld,%s", step, clock);
}

Status log_event(Log *log, long step, const char *text, Error *error)
{
    FILE *out = awake(log, LOG_EVENTS, error);
    if (!out)
        return STATUS_FAILED;
    put_stamped(out, step);
    fputc(',', out);
    csv_put_text(out, text);
    fputc('\n', out);
    return flush(log, LOG_EVENTS, error);
}

Status log_times(Log *log, long step, double steps_per_s, double nfe, double shift_nfe,
                 Error *error)
{
    FILE *out = awake(log, LOG_TIMES, error);
    if (!out)
        return STATUS_FAILED;
    put_stamped(out, step);
    csv_put(out, steps_per_s);
    csv_put(out, nfe);
    csv_put(out, shift_nfe);
    fputc('\n', out);
    return flush(log, LOG_TIMES, error);
}

Status log_event_in(const char *folder, long step, const char *text, Error *error)
{
    Log log = {{0}, ""};
    snprintf(log.folder, sizeof log.folder, "%s", folder);
    Status status = open_log(&log, LOG_EVENTS, EVENTS_HEADER, error);
    if (!status)
        status = log_event(&log, step, text, error);
    log_close(&log);
    return status;
}

Status log_cut(const char *folder, long metrics, long shift, long eval, Error *error)
{
    const long last[LOGS] = {
        [LOG_METRICS] = metrics, [LOG_SHIFT] = shift,     [LOG_EVAL] = eval,
        [LOG_THRESHOLD] = shift, [LOG_EVENTS] = LONG_MAX, [LOG_TIMES] = metrics};
    Status status = STATUS_OK;
    for (int i = 0; i < LOGS && !status; i++) {
        char path[PATH_SIZE];
        status = csv_cut(file_join(path, folder, FILES[i]), last[i], error);
    }
    char path[PATH_SIZE]; /* no log, but of a measurement that may be made anew */
    return status ? status : csv_cut(file_join(path, folder, "rollouts.csv"), metrics, error);
}
