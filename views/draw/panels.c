/* Owns what several views show of runs: states, figures, news. See panels.h. */
#include "views/draw/panels.h"

#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

Style panel_state(const Canvas *canvas, RunState state, const char **sign, const char **word)
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
    facts->row += text_fact(facts->canvas, facts->rect, facts->row, label, value);
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

static void speed_facts(Facts *facts, const RunView *run)
{
    char text[FORMAT_SIZE], line[64];
    fact(facts, "left", format_duration(text, run->state == RUN_LIVE ? run->seconds_left : NAN));
    snprintf(line, sizeof line, "%s steps/s", format_value(text, run->steps_per_s));
    fact(facts, "speed", run->state == RUN_LIVE ? line : "-");
}

void panel_facts(Canvas *canvas, const Scene *scene, Rect rect)
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
        speed_facts(&facts, run);
    fact(&facts, "saved", run->checkpoint < 0 ? "-" : format_count(count, (double)run->checkpoint));
    snprintf(text, sizeof text, "%s, %.0f %% shift", format_short(count, run->nfe),
             run->shift_share * 100);
    fact(&facts, "evals", text);
    for (int i = 0; i < run->metrics; i++)
        fact_value(&facts, run->metric[i].name, run->metric[i].value);
}

const char *panel_owner(const Scene *scene, char *text, size_t size)
{
    const OwnerView *owner = &scene->snapshot->owner;
    const char *way = scene->readonly ? "looking on" : "attached";
    const char *kind = owner->kind == OWNER_HEADLESS ? "headless" : "another workbench";
    char watching[40] = "", host[80] = "";
    if (owner->here && owner->viewers > 0)
        snprintf(watching, sizeof watching, ", %d watching", owner->viewers);
    if (*owner->host)
        snprintf(host, sizeof host, " on %s", owner->host);
    if (owner->here)
        snprintf(text, size, "engine: this workbench%s", watching);
    else if (owner->kind == OWNER_NONE)
        snprintf(text, size, "engine: none, files only");
    else
        snprintf(text, size, "engine: process %ld%s, %s: %s", owner->process, host, kind, way);
    return text;
}

void panel_news(Canvas *canvas, const Scene *scene, Rect rect)
{
    const Snapshot *snapshot = scene->snapshot;
    bool clock = !scene->fixed_clock && rect.width >= 40;
    Rect inside = {rect.x + 1, rect.y, rect.width - 1, rect.height};
    if (clock)
        inside = (Rect){rect.x + 10, rect.y, rect.width - 10, rect.height};
    for (int row = 0, n = snapshot->notes - 1; row < rect.height && n >= 0; n--) {
        const NoteView *note = &snapshot->note[n];
        Style style = theme_style(canvas, note->status == STATUS_OK ? ROLE_TEXT : ROLE_FAILED);
        if (clock) {
            canvas_print(canvas, rect.x + 1, rect.y + row, 9, theme_style(canvas, ROLE_FAINT),
                         "%-8.8s ", note->time);
        }
        int rows = text_wrap(canvas, inside, row, style, note->text);
        row += rows > 0 ? rows : 1;
    }
}
