/* Owns the reading of marks. See marks.h; their spelling is engine.h's (MarkView). */
#include "views/model/marks.h"
#include "engine/base/number.h"

#include "views/model/format.h"
#include "views/model/series.h"
#include "views/model/shift.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char fork_head[] = "forked from ", note_head[] = "note: ", arrow[] = " -> ";

static bool begins(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

/* Where the changes of a mark begin. */
static const char *changes_of(const char *text)
{
    const char *colon = begins(text, fork_head) ? strchr(text, ':') : NULL;
    return colon ? colon + 2 : text;
}

/* ---- Changes ---- */

static void copy(char *to, size_t size, const char *from, size_t n)
{
    snprintf(to, size, "%.*s", (int)n, from);
    if (strcmp(to, "\"\"") == 0)
        to[0] = '\0';
}

bool mark_next_change(const char **text, MarkChange *change)
{
    const char *at = changes_of(*text), *name_end = strchr(at, ' ');
    const char *middle = name_end ? strstr(name_end, arrow) : NULL;
    const char *dot = strchr(at, '.');
    if (!middle || !dot || dot > name_end || begins(at, note_head))
        return false;
    const char *after = middle + strlen(arrow);
    size_t length = strcspn(after, ", ");
    copy(change->name, sizeof change->name, at, (size_t)(name_end - at));
    copy(change->before, sizeof change->before, name_end + 1, (size_t)(middle - name_end - 1));
    copy(change->after, sizeof change->after, after, length);
    *text = after + length + strspn(after + length, ", ");
    return true;
}

MarkKind mark_kind(const MarkView *mark)
{
    const char *text = mark->text;
    MarkChange change;
    if (begins(text, note_head))
        return MARK_NOTE;
    if (begins(text, fork_head))
        return MARK_FORK;
    return mark_next_change(&text, &change) ? MARK_CHANGE : MARK_NEWS;
}

static const char *or_quotes(const char *value) { return value[0] != '\0' ? value : "\"\""; }

void mark_words(const MarkView *mark, char *text, size_t size)
{
    const char *rest = mark->text;
    MarkChange change;
    size_t used = 0;
    if (begins(rest, note_head)) {
        snprintf(text, size, "%s", rest + strlen(note_head));
        return;
    }
    if (begins(rest, fork_head)) {
        used =
            (size_t)snprintf(text, size, "fork of %.*s",
                             (int)strcspn(rest + strlen(fork_head), ":"), rest + strlen(fork_head));
    }
    while (used < size && mark_next_change(&rest, &change)) {
        const char *dot = strchr(change.name, '.');
        const char *key = dot ? dot + 1 : change.name;
        used += (size_t)snprintf(text + used, size - used, "%s%s %s → %s", used > 0 ? ", " : "",
                                 key, or_quotes(change.before), or_quotes(change.after));
    }
    if (used == 0)
        snprintf(text, size, "%s", mark->text);
}

/* ---- Effects ---- */

/* The loss as tables show it: SMOOTHING[1]. */
static double smooth_loss(const Series *series, long step)
{
    long row = series_row(series, step);
    row = row < 0 ? 0 : row;
    return series->n > 0 ? series_smooth(series, row, 2) : (double)NAN;
}

static double worst_shift(const ShiftView *shift, Reference reference, int column)
{
    double worst = NAN;
    for (int row = shift->rows > 1; row < shift->rows && column >= 0; row++) {
        double value = shift_cell(shift, reference, column, row).value;
        worst = isnan(worst) || value > worst ? value : worst;
    }
    return worst;
}

static double relative(double before, double after)
{
    return before > 0 ? after / before - 1 : (double)NAN;
}

/* A run changed again before a thousand steps have passed shows the effect as far as
 * there. */
static long horizon_of(const RunView *run, int mark)
{
    long from = run->mark[mark].step, steps = run->step - from;
    for (int i = mark + 1; i < run->marks; i++) {
        long until = run->mark[i].step - from;
        if (until > 0 && until < steps && mark_kind(&run->mark[i]) == MARK_CHANGE)
            steps = until;
    }
    return steps < MARK_HORIZON ? steps : MARK_HORIZON;
}

MarkEffect mark_effect(const Session *session, const RunView *run, int mark)
{
    long from = run->mark[mark].step;
    MarkEffect effect = {NAN, NAN, horizon_of(run, mark), session_reference(session, run)};
    if (effect.steps <= 0)
        return effect;
    if (run->loss_terms > 0) {
        const Series *loss = &run->term[0].series;
        effect.loss =
            relative(smooth_loss(loss, from - 1), smooth_loss(loss, from + effect.steps - 1));
    }
    const ShiftView *shift = &run->shift_view;
    if (shift->rows > 0 && shift->columns > 0) {
        int before = shift_column(shift, from), after = shift_column(shift, from + effect.steps);
        before = before < 0 ? 0 : before;
        if (after > before) {
            effect.shift = relative(worst_shift(shift, effect.reference, before),
                                    worst_shift(shift, effect.reference, after));
        }
    }
    return effect;
}

static size_t percent(char *text, size_t size, const char *name, double part)
{
    int used = snprintf(text, size, "%s%+.*f %%", name, fabs(part) < 0.1 ? 1 : 0, part * 100);
    return (size_t)used < size ? (size_t)used : size - 1;
}

void mark_effect_words(const MarkEffect *effect, bool full, char *text, size_t size)
{
    char steps[FORMAT_SIZE];
    size_t used = 0;
    if (isfinite(effect->loss))
        used = percent(text, size, full ? "loss " : "", effect->loss);
    if (full && isfinite(effect->shift)) {
        char name[40];
        snprintf(name, sizeof name, "%s%s ", used > 0 ? ", " : "",
                 reference_name(effect->reference));
        used += percent(text + used, size - used, name, effect->shift);
    }
    if (used == 0)
        snprintf(text, size, "-");
    else if (full || effect->steps < MARK_HORIZON)
        snprintf(text + used, size - used, " in %s", format_count(steps, (double)effect->steps));
}

/* While the run is watched live, figures that still move are left out. */
static bool settled(const Session *session, const RunView *run, int mark, long steps)
{
    bool open = run->mark[mark].step + steps == run->step && steps < MARK_HORIZON;
    return steps > 0 && !(open && session->live && run->state == RUN_LIVE);
}

void mark_story(const Session *session, const RunView *run, int mark, char text[MARK_STORY_SIZE])
{
    const MarkView *view = &run->mark[mark];
    MarkKind kind = mark_kind(view);
    MarkEffect effect = mark_effect(session, run, mark);
    char followed[80];
    mark_words(view, text, MARK_TEXT_SIZE);
    mark_effect_words(&effect, true, followed, sizeof followed);
    if ((kind == MARK_CHANGE || kind == MARK_FORK) && settled(session, run, mark, effect.steps) &&
        strcmp(followed, "-") != 0) {
        size_t used = strlen(text);
        snprintf(text + used, MARK_STORY_SIZE - used, ": %s", followed);
    }
}

int mark_at(const Session *session, const RunView *run)
{
    long step = session_step(session, run);
    int at = -1;
    for (int i = 0; i < run->marks; i++)
        at = run->mark[i].step <= step ? i : at;
    return at;
}

/* ---- Undo ---- */

bool mark_undo(const RunView *run, int mark, Command *command, char *plan, size_t size)
{
    const MarkView *one = &run->mark[mark];
    const char *rest = one->text;
    char step[FORMAT_SIZE];
    MarkChange change;
    size_t lines = 0;
    *command = (Command){.kind = COMMAND_FORK, .run = run->id, .number = one->step};
    if (mark_kind(one) == MARK_FORK) {
        snprintf(plan, size, "run %02d is this one without the change: it was left as it was",
                 run->parent);
        return false;
    }
    if (mark_kind(one) != MARK_CHANGE) {
        snprintf(plan, size, "a note changes nothing: there is nothing to undo");
        return false;
    }
    size_t used = (size_t)snprintf(plan, size, "%02d stays; a fork of it at %s gets", run->id,
                                   format_count(step, (double)one->step));
    while (mark_next_change(&rest, &change) && lines + 120 < sizeof command->text) {
        bool first = lines == 0;
        lines += (size_t)snprintf(command->text + lines, sizeof command->text - lines, "%s=%s\n",
                                  change.name, change.before);
        if (used < size) {
            const char *before = change.before[0] != '\0' ? change.before : "nothing";
            used += (size_t)snprintf(plan + used, size - used, "%s %s back to %s", first ? "" : ",",
                                     strchr(change.name, '.') + 1, before);
        }
    }
    return true;
}

/* ---- Notes and the cursor ---- */

void mark_note(const Session *session, const RunView *run, const char *text, char *note,
               size_t size)
{
    int steps = run->samples.steps > 0 ? run->samples.steps : run->shift_view.rows;
    int stage = session->stage < steps ? session->stage : steps;
    snprintf(note, size, "%.*s [stage %d, seed %d]", (int)size - 40,
             *text != '\0' ? text : "bookmark", stage, session_seed(session));
}

/* "[stage 3, seed 7]", as mark_note writes it. */
static bool point_of(const char *text, long *stage, long *seed)
{
    static const char FIRST[] = "[stage ", SECOND[] = ", seed ";
    if (strncmp(text, FIRST, strlen(FIRST)) != 0)
        return false;
    text += strlen(FIRST);
    if (!number_lead(&text, 0, STAGE_LAST, stage) || strncmp(text, SECOND, strlen(SECOND)) != 0)
        return false;
    text += strlen(SECOND);
    return number_lead(&text, 0, INT_MAX, seed);
}

void mark_visit(Session *session, const MarkView *mark)
{
    const char *point = strrchr(mark->text, '[');
    long stage, seed;
    session->live = false;
    session->step = mark->step;
    if (mark_kind(mark) == MARK_NOTE && point && point_of(point, &stage, &seed)) {
        session->stage = (int)stage;
        session->seed = (int)seed;
    }
}

bool mark_jump(Session *session, const RunView *run, int direction)
{
    long now = session_step(session, run);
    for (int i = 0; i < run->marks; i++) {
        const MarkView *mark = &run->mark[direction > 0 ? i : run->marks - 1 - i];
        if ((mark->step - now) * direction > 0) {
            mark_visit(session, mark);
            return true;
        }
    }
    return false;
}
