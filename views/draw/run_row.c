/* Owns the rows of a list of runs, right of the names. See run_row.h. */
#include "views/draw/run_row.h"

#include "views/draw/metric_columns.h"
#include "views/draw/panels.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include <stdio.h>
#include <string.h>

/* Where the notes are. */
static Rect last_columns(Rect row)
{
    return (Rect){row.x + COLUMN_NOTE, row.y, row.width - COLUMN_NOTE, 1};
}

int last_columns_draw(Canvas *canvas, const Scene *scene, const LastColumns *end, Rect row,
                      const RunView *run)
{
    Rect rect = last_columns(row), metrics = rect;
    if (end->last == LAST_NOTES)
        return 0;
    if (end->last == LAST_DIFFERENCES)
        metrics.width = end->sorted < 0 || rect.width < METRIC_WIDTH ? 0 : METRIC_WIDTH;
    if (metrics.width > 0)
        metric_columns_draw(canvas, scene, metrics, run, end->sorted);
    rect.x += metrics.width;
    rect.width -= metrics.width;
    return metrics.width + differences_draw(&end->differences, canvas, scene, rect, run);
}

void list_row_note(const RunView *run, char *text, size_t size)
{
    if (run->note[0] != '\0')
        snprintf(text, size, "%s", run->note);
    else if (run->parent > 0)
        snprintf(text, size, "forked from %02d @ %ld", run->parent, run->parent_step);
    else
        format_subject(text, size, run->method, run->data);
}

static double loss_of(const RunView *run, const void *unused)
{
    (void)unused;
    return run->smooth_loss;
}

static double shift_of(const RunView *run, const void *unused)
{
    (void)unused;
    return run->shift;
}

/* What all of them remark, "" when they do not agree. */
static const char *common_note(const Group *group)
{
    for (int i = 1; i < group->n; i++)
        if (strcmp(group->run[i]->note, group->run[0]->note) != 0)
            return "";
    return group->run[0]->note;
}

/* How many are done, or of those that rest what became of all of them. */
static void draw_group_note(Canvas *canvas, Rect row, int used, const Group *group)
{
    char text[FORMAT_SIZE] = "";
    int done = group_count(group, RUN_DONE), failed = group_count(group, RUN_FAILED);
    const char *note = common_note(group);
    Rect rect = last_columns(row);
    Style faint = theme_style(canvas, ROLE_FAINT);
    if (failed > 0)
        snprintf(text, sizeof text, ", %d failed", failed);
    if (*note && group_state(group) == RUN_PAUSED && done == 0)
        canvas_text(canvas, rect.x + used, rect.y, rect.width - used, faint, note);
    else
        canvas_print(canvas, rect.x + used, rect.y, rect.width - used, faint,
                     "%d of %d seeds done%s", done, group->n, text);
}

/* What is right of the name: means. */
void list_row_group(Canvas *canvas, Rect row, const Group *group)
{
    const char *sign, *word;
    char text[FORMAT_SIZE];
    Style plain = theme_style(canvas, ROLE_TEXT),
          state = panel_state(canvas, group_state(group), &sign, &word);
    long least = group->run[0]->step;
    for (int i = 1; i < group->n; i++)
        least = group->run[i]->step < least ? group->run[i]->step : least;
    canvas_print(canvas, row.x + COLUMN_STATE, row.y, COLUMN_STEP - COLUMN_STATE, state, "%s %s",
                 sign, word);
    canvas_text_right(canvas, row.x + COLUMN_STEP + 8, row.y, 8, plain,
                      format_count(text, (double)least));
    canvas_text_right(canvas, row.x + COLUMN_LOSS + 8, row.y, 8, plain,
                      format_value(text, group_sample(group, loss_of, NULL).mean));
    canvas_text_right(canvas, row.x + COLUMN_SHIFT + 8, row.y, 8, plain,
                      format_value(text, group_sample(group, shift_of, NULL).mean));
}

/* What is right of the name of one run. */
void list_row_values(Canvas *canvas, Rect row, const RunView *run)
{
    const char *sign, *word;
    char text[FORMAT_SIZE];
    Style state = panel_state(canvas, run->state, &sign, &word),
          plain = theme_style(canvas, ROLE_TEXT);
    int x = row.x + COLUMN_STATE;
    canvas_print(canvas, x, row.y, COLUMN_STEP - COLUMN_STATE, state, "%s %s", sign, word);
    canvas_text_right(canvas, row.x + COLUMN_STEP + 8, row.y, 8, plain,
                      format_count(text, (double)run->step));
    canvas_text_right(canvas, row.x + COLUMN_LOSS + 8, row.y, 8, plain,
                      format_value(text, run->smooth_loss));
    canvas_text_right(canvas, row.x + COLUMN_SHIFT + 8, row.y, 8, plain,
                      format_value(text, run->shift));
}

/* The last columns: what was asked for, and notes where there is room. */
void list_row_last(Canvas *canvas, const Scene *scene, const LastColumns *end, Rect row,
                   const RunView *run)
{
    char note[128];
    Group group = group_of(scene, run);
    Rect rect = last_columns(row);
    int used = last_columns_draw(canvas, scene, end, row, run);
    list_row_note(run, note, sizeof note);
    if (used >= rect.width)
        return;
    if (group.n > 0)
        draw_group_note(canvas, row, used, &group);
    else
        canvas_text(canvas, rect.x + used, rect.y, rect.width - used,
                    theme_style(canvas, ROLE_FAINT), note);
}
