/* Owns the card. See run_card.h. */
#include "views/draw/run_card.h"

#include "views/draw/layout.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL = 14, AROUND = 6, COLUMNS = 3 };

typedef struct Card {
    Canvas *canvas;
    const Scene *scene;
    const RunView *run;
    Group group;
    Rect rest;
} Card;

static bool is_over(const Scene *scene, const Group *group)
{
    if (group->n > 0)
        return group_count(group, RUN_DONE) == group->n;
    return scene->run && scene->run->state == RUN_DONE;
}

int run_card_rows(const Scene *scene)
{
    Group group = group_of(scene, scene->run);
    return is_over(scene, &group) ? AROUND + scene->run->metrics : 0;
}

static void line(Card *card, const char *label, const char *text)
{
    Rect row = layout_take_top(&card->rest, 1);
    canvas_text(card->canvas, row.x + 1, row.y, LABEL - 1, theme_style(card->canvas, ROLE_FAINT),
                label);
    text_cut(card->canvas, row.x + LABEL, row.y, row.width - LABEL,
             theme_style(card->canvas, ROLE_TEXT), text);
}

/* ---- Shift ---- */

static double worst_at(const ShiftView *shift, int column)
{
    double worst = NAN;
    for (int r = shift->rows > 1; r < shift->rows; r++)
        worst = fmax(worst, (double)shift->ratio[column * shift->rows + r]);
    return worst;
}

static double first_shift(const RunView *run, const void *unused)
{
    (void)unused;
    return run->shift_view.columns > 0 ? worst_at(&run->shift_view, 0) : (double)NAN;
}

static double last_shift(const RunView *run, const void *unused)
{
    (void)unused;
    return run->shift;
}

/* "2.1", or of a group "2.1 ± 0.3". */
static const char *of_all(const Card *card, RunNumber *number, const void *context, char text[64])
{
    char mean[FORMAT_SIZE], reach[FORMAT_SIZE];
    Sample sample = group_sample(&card->group, number, context);
    if (card->group.n == 0)
        sample = (Sample){.mean = number(card->run, context), .reach = NAN};
    int used = snprintf(text, 64, "%s", format_value(mean, sample.mean));
    if (isfinite(sample.reach))
        snprintf(text + used, 64 - (size_t)used, " ± %s", format_value(reach, sample.reach));
    return text;
}

static void shift_line(Card *card)
{
    const ShiftView *shift = &card->run->shift_view;
    char text[200], a[64], b[64];
    int at = (shift->columns - 1) * shift->rows + card->run->shift_row;
    int used = snprintf(text, sizeof text, "%s at the start, %s at the end",
                        of_all(card, first_shift, NULL, a), of_all(card, last_shift, NULL, b));
    if (shift->columns > 0 && card->group.n == 0)
        snprintf(text + used, sizeof text - (size_t)used, " [%.3g, %.3g] (i=%d)",
                 (double)shift->low[at], (double)shift->high[at],
                 shift->rows - card->run->shift_row);
    line(card, "shift", shift->columns > 0 ? text : "not measured");
}

/* ---- Metrics ---- */

static void put_columns(Card *card, const char *label, Style style, const char *const *text)
{
    Rect row = layout_take_top(&card->rest, 1);
    int width = (row.width - LABEL) / COLUMNS;
    canvas_text(card->canvas, row.x + 1, row.y, LABEL - 1, theme_style(card->canvas, ROLE_FAINT),
                label);
    for (int c = 0; c < COLUMNS; c++)
        text_cut(card->canvas, row.x + LABEL + c * width, row.y, width - 1,
                 c == 0 ? style : theme_style(card->canvas, ROLE_TEXT), text[c]);
}

/* Two digits in few cells: "-.0028". */
static const char *put_end(char text[FORMAT_SIZE], double value)
{
    snprintf(text, FORMAT_SIZE, "%.2g", value);
    char *nought = strstr(text, "0.");
    if (nought && (nought == text || nought[-1] == '-'))
        memmove(nought, nought + 1, strlen(nought));
    return text;
}

static void put_metric(char text[64], const MetricView *metric)
{
    char value[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
    int used = snprintf(text, 64, "%s", format_value(value, metric->value));
    if (isfinite(metric->low) && isfinite(metric->high))
        snprintf(text + used, 64 - (size_t)used, " [%s, %s]", put_end(low, metric->low),
                 put_end(high, metric->high));
}

static void metric_line(Card *card, int i)
{
    const RunView *run = card->run;
    const MetricView *metric = &run->metric[i];
    char text[COLUMNS][64] = {"", "-", "-"};
    if (card->group.n > 0)
        of_all(card, run_metric, metric->name, text[0]);
    else
        put_metric(text[0], metric);
    for (int who = 0; run->beside && who < 2; who++)
        put_metric(text[1 + who], &run->beside[who * run->metrics + i]);
    put_columns(card, metric->name, theme_style(card->canvas, ROLE_STRONG),
                (const char *const[]){text[0], text[1], text[2]});
}

static void metric_head(Card *card)
{
    char own[48], teacher[48] = "teacher";
    if (card->group.n > 0)
        snprintf(own, sizeof own, "%d seeds", card->group.n);
    else
        snprintf(own, sizeof own, "this run");
    if (card->run->beside && card->run->teacher_steps > 0)
        snprintf(teacher, sizeof teacher, "teacher, %d steps", card->run->teacher_steps);
    put_columns(card, "", theme_style(card->canvas, ROLE_TITLE),
                (const char *const[]){own, "data themselves", teacher});
}

/* ---- The rest ---- */

static void best_line(Card *card)
{
    const RunView *run = card->run;
    char text[160], value[FORMAT_SIZE], step[FORMAT_SIZE], saved[FORMAT_SIZE];
    const char *name = isfinite(run_metric(run, "frechet")) ? "frechet" : "sw2";
    snprintf(text, sizeof text, "%s %s at step %s; saved: %s", name,
             format_value(value, run->best_metric), format_count(step, (double)run->best_step),
             run->checkpoint < 0 ? "nothing" : format_count(saved, (double)run->checkpoint));
    line(card, "best", isfinite(run->best_metric) ? text : "not evaluated");
}

static void cost_line(Card *card)
{
    const RunView *run = card->run;
    char text[200], all[FORMAT_SIZE];
    double sum = run->nfe_teacher + run->nfe_student + run->nfe_critic, part = 100 / fmax(sum, 1);
    int used = snprintf(text, sizeof text, "%s evaluations: teacher %.0f %%, student %.0f %%",
                        format_short(all, sum), part * run->nfe_teacher, part * run->nfe_student);
    if (run->nfe_critic > 0)
        used += snprintf(text + used, sizeof text - (size_t)used, ", critic %.0f %%",
                         part * run->nfe_critic);
    snprintf(text + used, sizeof text - (size_t)used, "; measuring +%.1f %%",
             100 * run->shift_share / fmax(1 - run->shift_share, 1e-9));
    line(card, card->group.n > 0 ? "cost of one" : "cost", text);
}

static void next_line(Card *card)
{
    char text[200];
    if (card->group.n > 0)
        snprintf(text, sizeof text, "→ unfolds, 2 the band, v and 6 against another group");
    else if (card->scene->readonly)
        snprintf(text, sizeof text, "2 curves  3 samples  4 paths  6 compare");
    else
        snprintf(text, sizeof text,
                 "3 samples  4 paths  f fork  6 compare  n another  :figure card.svg");
    line(card, "next", text);
}

void run_card_draw(Canvas *canvas, const Scene *scene, Rect rect)
{
    Card card = {canvas, scene, scene->run, group_of(scene, scene->run), rect};
    const RunView *run = card.run;
    char title[120], right[64] = "";
    if (card.group.n > 0)
        snprintf(title, sizeof title, "%.*s ×%d  what they came to", card.group.stem, run->name,
                 card.group.n);
    else
        snprintf(title, sizeof title, "%02d %s  what it came to", run->id, run->name);
    if (run->metrics > 0)
        snprintf(right, sizeof right, "%d samples · [95 %%]", run->metrics_n);
    text_title(canvas, &card.rest, title, right);
    int room = rect.height - AROUND, shown = smaller(run->metrics, room);
    shift_line(&card);
    metric_head(&card);
    for (int i = 0; i < shown; i++)
        metric_line(&card, i);
    best_line(&card);
    cost_line(&card);
    next_line(&card);
}
