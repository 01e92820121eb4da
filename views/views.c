/* Owns what several views draw: titles, facts, run states, news. See views.h. */
#include "views/views.h"

#include "views/draw/format.h"
#include "views/draw/theme.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const View *const views[] = {&view_runs,  &view_curves, &view_samples,
                             &view_paths, &view_tweak,  &view_compare};
const int view_count = sizeof views / sizeof *views;

Reply reply_say(ReplyKind kind, const char *format, ...)
{
    Reply reply = {.kind = kind};
    va_list list;
    va_start(list, format);
    vsnprintf(reply.say, sizeof reply.say, format, list);
    va_end(list);
    return reply;
}

Reference views_reference(const Session *session, const RunView *run)
{
    if (session->reference != REFERENCE_AUTO)
        return session->reference;
    if (!run || !run->guided)
        return REFERENCE_RATIO;
    return run->renoises ? REFERENCE_MMD_TEACHER : REFERENCE_PAIRED;
}

long views_step(const Session *session, const RunView *run)
{
    return session->live || session->step > run->step ? run->step : session->step;
}

/* The newest of those not after the step; without one, what there is. */
const SamplesView *views_samples_at(const RunView *run, long step)
{
    const SamplesView *own = &run->samples, *past = &run->past;
    if (past->n < 1 || own->n < 1)
        return own->n < 1 && past->n > 0 ? past : own;
    if (step < 0)
        return past->paths && !own->paths ? past : own;
    bool own_fits = own->step <= step, past_fits = past->step <= step;
    bool newer = past->step > own->step || (past->step == own->step && !own->paths);
    return own_fits && !(past_fits && newer) ? own : past;
}

const SamplesView *views_samples(const Session *session, const RunView *run)
{
    return views_samples_at(run, session->live ? -1 : session->step);
}

/* A fortieth of the run, to whole multiples of it. */
static void scrub(const Scene *scene, int by)
{
    Session *session = scene->session;
    const RunView *run = scene->run;
    long stride = run->steps / 40 > 0 ? run->steps / 40 : 1, now = views_step(session, run);
    long step = by < 0 ? (now - 1) / stride * stride : (now / stride + 1) * stride;
    session->live = step >= run->step;
    session->step = step > 0 ? step : 0;
}

bool views_scrub(const Scene *scene, Action action)
{
    Session *session = scene->session;
    if (!scene->run)
        return false;
    bool playing = session->playing;
    session->playing = false;
    switch (action) {
    case ACTION_EARLIER: scrub(scene, -1); return true;
    case ACTION_LATER: scrub(scene, 1); return true;
    case ACTION_LAST:
        session->live = true;
        session->stage = STAGE_LAST;
        return true;
    case ACTION_PLAY: session->playing = !playing; return true;
    default: return false;
    }
}

int views_move(int index, int n, Action action)
{
    int step = action == ACTION_UP          ? -1
               : action == ACTION_DOWN      ? 1
               : action == ACTION_PAGE_UP   ? -10
               : action == ACTION_PAGE_DOWN ? 10
                                            : 0;
    index = action == ACTION_FIRST ? 0 : action == ACTION_LAST ? n - 1 : index + step;
    return index >= n ? (n > 0 ? n - 1 : 0) : index < 0 ? 0 : index;
}

void views_title(Canvas *canvas, Rect *rect, const char *title, const char *right)
{
    Rect row = *rect;
    if (rect->height < 1 || rect->width < 4)
        return;
    rect->y++;
    rect->height--;
    canvas_fill(canvas, (Rect){row.x, row.y, row.width, 1}, 0x2500, theme_style(canvas, ROLE_RULE));
    int used = canvas_text(canvas, row.x + 2, row.y, row.width - 4, theme_style(canvas, ROLE_TITLE),
                           title);
    canvas_put(canvas, row.x + 1, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    canvas_put(canvas, row.x + 2 + used, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    int need = text_width(right);
    if (need > 0 && used + need + 8 <= row.width) {
        int end = row.x + row.width - 2;
        canvas_text_right(canvas, end, row.y, need, theme_style(canvas, ROLE_FAINT), right);
        canvas_put(canvas, end - need - 1, row.y, ' ', theme_style(canvas, ROLE_TEXT));
        canvas_put(canvas, end, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    }
}

void views_cut_text(Canvas *canvas, int x, int y, int width, Style style, const char *text)
{
    canvas_text(canvas, x, y, width, style, text);
    if (text_width(text) > width && width > 0)
        canvas_put(canvas, x + width - 1, y, 0x2026, style);
}

enum { WRAP_TEXT = 1024 };

int views_wrap(Canvas *canvas, Rect rect, int row, Style style, const char *text)
{
    int first = row;
    while (*text != '\0') {
        int cut = 0, end = 0;
        while (text[end] != '\0') {
            int next = end + 1 + (int)strcspn(text + end + 1, " ");
            char line[WRAP_TEXT];
            snprintf(line, sizeof line, "%.*s", next, text);
            if (text_width(line) > rect.width && cut > 0)
                break;
            cut = end = next;
        }
        if (canvas && row >= 0 && row < rect.height)
            canvas_print(canvas, rect.x, rect.y + row, rect.width, style, "%.*s", cut, text);
        row++;
        text += cut + (text[cut] == ' ');
    }
    return row - first;
}

bool views_fact(Canvas *canvas, Rect rect, int row, const char *label, const char *value)
{
    if (row >= rect.height || rect.width < 12)
        return false;
    views_cut_text(canvas, rect.x + 1, rect.y + row, 9, theme_style(canvas, ROLE_FAINT), label);
    canvas_text(canvas, rect.x + 11, rect.y + row, rect.width - 11, theme_style(canvas, ROLE_TEXT),
                value);
    return true;
}

Style views_state(const Canvas *canvas, RunState state, const char **sign, const char **word)
{
    static const struct {
        const char *sign;
        Role role;
        /* clang-format off */
    } states[] = {
        [RUN_QUEUED] = {"·", ROLE_FAINT },
        [RUN_LIVE] = {"●", ROLE_LIVE  },
        [RUN_PAUSED] = {"‖", ROLE_PAUSED},
        [RUN_DONE] = {"✓", ROLE_DONE  },
        [RUN_FAILED] = {"✗", ROLE_FAILED},
    };
    /* clang-format on */
    *sign = states[state].sign;
    *word = RUN_STATE_WORDS[state];
    return theme_style(canvas, states[state].role);
}

/* ---- The chosen run in figures ---- */

typedef struct Facts {
    Canvas *canvas;
    Rect rect;
    int row;
} Facts;

static void fact(Facts *facts, const char *label, const char *value)
{
    facts->row += views_fact(facts->canvas, facts->rect, facts->row, label, value);
}

static void fact_value(Facts *facts, const char *label, double value)
{
    char text[FORMAT_SIZE];
    fact(facts, label, format_value(text, value));
}

static void shift_fact(Facts *facts, const RunView *run)
{
    char value[FORMAT_SIZE], text[64];
    if (run->shift_view.rows > 0 && isfinite(run->shift)) {
        format_value(value, run->shift);
        snprintf(text, sizeof text, "%s at i=%d", value, run->shift_view.rows - run->shift_row);
        fact(facts, "shift", text);
    } else {
        fact(facts, "shift", "-");
    }
}

static void pace_facts(Facts *facts, const RunView *run)
{
    char text[FORMAT_SIZE], line[64];
    fact(facts, "left", format_duration(text, run->state == RUN_LIVE ? run->seconds_left : NAN));
    snprintf(line, sizeof line, "%s steps/s", format_value(text, run->steps_per_s));
    fact(facts, "speed", run->state == RUN_LIVE ? line : "-");
}

void views_facts(Canvas *canvas, const Scene *scene, Rect rect)
{
    const RunView *run = scene->run;
    Facts facts = {canvas, rect, 0};
    char text[64], count[FORMAT_SIZE];
    fact_value(&facts, "loss", run->smooth_loss);
    fact_value(&facts, "best", run->best);
    shift_fact(&facts, run);
    fact_value(&facts, "lr", run->lr);
    fact_value(&facts, "gradient", run->grad_norm);
    if (!scene->fixed_clock)
        pace_facts(&facts, run);
    fact(&facts, "saved", run->checkpoint < 0 ? "-" : format_count(count, (double)run->checkpoint));
    snprintf(text, sizeof text, "%s, %.0f %% shift", format_short(count, run->nfe),
             run->shift_share * 100);
    fact(&facts, "evals", text);
    for (int i = 0; i < run->metrics; i++)
        fact_value(&facts, run->metric[i].name, run->metric[i].value);
}

const char *views_owner(const Scene *scene, char *text, size_t size)
{
    const OwnerView *owner = &scene->snapshot->owner;
    const char *way = scene->readonly ? "looking on" : "attached";
    char watching[40] = "";
    if (owner->here && owner->viewers > 0)
        snprintf(watching, sizeof watching, ", %d watching", owner->viewers);
    if (owner->here) {
        snprintf(text, size, "engine: this workbench%s", watching);
    } else if (owner->kind == OWNER_NONE) {
        snprintf(text, size, "engine: none, files only");
    } else {
        snprintf(text, size, "engine: process %ld, %s: %s", owner->process,
                 owner->kind == OWNER_HEADLESS ? "headless" : "another workbench", way);
    }
    return text;
}

void views_news(Canvas *canvas, const Scene *scene, Rect rect)
{
    const Snapshot *snapshot = scene->snapshot;
    for (int row = 0; row < rect.height && row < snapshot->notes; row++) {
        const NoteView *note = &snapshot->note[snapshot->notes - 1 - row];
        Style style = theme_style(canvas, note->status == STATUS_OK ? ROLE_TEXT : ROLE_FAILED);
        int x = rect.x + 1;
        int y = rect.y + row;
        if (!scene->fixed_clock && rect.width >= 40) {
            x += canvas_print(canvas, x, y, 9, theme_style(canvas, ROLE_FAINT), "%-8.8s ",
                              note->time);
        }
        canvas_text(canvas, x, y, rect.x + rect.width - x, style, note->text);
    }
}
