/* Owns what a run says of itself: marks and changes of its state, in the log and in its history,
 * and the words for numbers that broke. */
#include "engine/distill/provenance.h"
#include "engine/distill/stretch.h"
#include "engine/run/run_parts.h"
#include <stdarg.h>
#include <string.h>

Status run_event(Run *run, long step, const char *text, Error *error)
{
    history_event(&run->history, step, text);
    Status status = log_event(&run->log, step, text, error);
    if (!status && run->state != RUN_LIVE)
        status = log_rest(&run->log, error); /* there may be hundreds of runs that rest */
    return status;
}

static const char WARNING[] = "warning: ";

void run_warn(Run *run, const char *format, ...)
{
    char text[MARK_TEXT_SIZE];
    va_list arguments;
    int used = snprintf(text, sizeof text, "%s", WARNING);
    va_start(arguments, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    va_end(arguments);
    run_event(run, run->step, text, NULL);
}

const char *run_warning(Run *run)
{
    while (run->said < run->history.marks) {
        const char *text = run->history.mark[run->said++].text;
        if (!strncmp(text, WARNING, strlen(WARNING)))
            return text;
    }
    return NULL;
}

void run_warn_of_stretch(Run *run, const Config *before, const Config *after)
{
    char back[160];
    long from = config_int(before, "run.schedule_steps"), to = config_int(after, "run.steps");
    from = from ? from : config_int(before, "run.steps");
    stretch_describe(&run->lab, before, after, run->step, back);
    if (*back && to > from)
        run_warn(run, "%ld steps instead of %ld bend back: %s; run.schedule_steps=%ld holds them",
                 to, from, back, from);
}

void run_warn_of_networks(Run *run)
{
    ProvenanceNotes notes;
    provenance_notes(&run->lab, &notes);
    for (int i = 0; i < notes.n; i++)
        run_warn(run, "%s", notes.text[i]);
}

void run_mark_state_why(Run *run, RunState state, const char *why)
{
    char text[600];
    run->state = state;
    run->speed = (Speed){0};
    snprintf(text, sizeof text, "state: %s%s%s", RUN_STATE_WORDS[state], *why ? ": " : "", why);
    run_event(run, run->step, text, NULL);
}

void run_mark_state(Run *run, RunState state) { run_mark_state_why(run, state, ""); }

void run_note(Run *run, long step, const char *text)
{
    char mark[MARK_TEXT_SIZE];
    step = step < 0 || step > run->step ? run->step : step;
    snprintf(mark, sizeof mark, "note: %.240s", text);
    run_event(run, step, mark, NULL);
}

Status run_broken(const Run *run, const char *what, long step, Error *error)
{
    if (run->checkpoint < 0)
        return fail(error, STATUS_FAILED,
                    "%s is no longer finite before the first step; begin again with a smaller "
                    "student.pretrain_lr",
                    what);
    return fail(error, STATUS_FAILED,
                "%s is no longer finite at step %ld; the checkpoint of step %ld stands. Branch off "
                "there or earlier: ddil "
                "fork %d --at %ld -s optimizer.lr=%.3g (a smaller optimizer.clip may help too)",
                what, step, run->checkpoint, folder_id(run->folder), run->checkpoint,
                run->lab.adam.lr / 10);
}
