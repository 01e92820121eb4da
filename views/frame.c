/* Owns what stands around the view in front: tabs, rails, timeline, status, hints. */
#include "views/frame.h"

#include "views/draw/panels.h"
#include "views/draw/sample_sheet.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/axis.h"
#include "views/model/format.h"
#include "views/model/samples.h"
#include "views/views.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "● 1 live", or "● 1". */
static void count_text(const Canvas *canvas, RunState state, int n, bool words, char *text,
                       size_t size)
{
    const char *sign, *word;
    panel_state(canvas, state, &sign, &word);
    snprintf(text, size, words ? "%s %d %s" : "%s %d", sign, n, word);
}

/* "cpu 98%  120 MB" ends at `right`; returns where what comes before it may end. */
static int draw_load(Canvas *canvas, const Snapshot *snapshot, int y, int left, int right)
{
    char text[64];
    snprintf(text, sizeof text, "cpu %3.0f%%  %.0f MB", snapshot->cpu_share * 100,
             snapshot->rss_mib);
    return right -
           canvas_text_right(canvas, right, y, right - left, theme_style(canvas, ROLE_FAINT),
                             text) -
           3;
}

static void draw_counts(Canvas *canvas, const Scene *scene, Rect row, int x)
{
    static const RunState shown[] = {RUN_LIVE, RUN_PAUSED, RUN_FAILED};
    int count[RUN_FAILED + 1] = {0}, right = row.width - 1, need = 0;
    char text[96];
    for (int i = 0; i < scene->snapshot->runs; i++)
        count[scene->snapshot->run[i]->state]++;
    bool busy =
        count[RUN_LIVE] > 0; /* an idle engine publishes nothing: the share would be stale */
    if (busy && !scene->fixed_clock && row.width >= 100 && isfinite(scene->snapshot->cpu_share))
        right = draw_load(canvas, scene->snapshot, row.y, x, right);
    for (int i = 0; i < 3; i++) {
        count_text(canvas, shown[i], count[shown[i]], true, text, sizeof text);
        need += count[shown[i]] > 0 ? text_width(text) + 2 : 0;
    }
    bool words = right - need > x;
    for (int i = 2; i >= 0; i--) {
        const char *sign, *word;
        Style style = panel_state(canvas, shown[i], &sign, &word);
        count_text(canvas, shown[i], count[shown[i]], words, text, sizeof text);
        if (count[shown[i]] > 0 && right - text_width(text) > x + 1)
            right -= canvas_text_right(canvas, right, row.y, 20, style, text) + 2;
    }
}

void frame_tabs(const Frame *frame, int width, int x[TABS_MAX + 1], bool *narrow)
{
    x[0] = 0;
    for (int i = 0; i < view_count; i++)
        x[i + 1] = x[i] + (int)strlen(views[i]->name) + 4;
    *narrow = x[view_count] > width;
    for (int i = 0; i < view_count && *narrow; i++)
        x[i + 1] = x[i] + (i == frame->front ? (int)strlen(views[i]->name) + 4 : 3);
}

static void draw_tabs(Canvas *canvas, const Frame *frame, const Scene *scene, Rect row)
{
    int x[TABS_MAX + 1];
    bool narrow;
    frame_tabs(frame, row.width, x, &narrow);
    for (int i = 0; i < view_count; i++) {
        bool front = i == frame->front;
        Style style = theme_style(canvas, front ? ROLE_FRONT : ROLE_TEXT);
        const char *behind = narrow ? " %d " : " %d %s ";
        const char *form = front ? "[%d %s]" : behind;
        canvas_print(canvas, x[i], row.y, row.width - x[i], style, form, i + 1, views[i]->name);
    }
    draw_counts(canvas, scene, row, x[view_count]);
}

static void draw_rail_run(Canvas *canvas, Rect row, const RunView *run, bool chosen)
{
    const char *sign, *word;
    char step[FORMAT_SIZE], loss[FORMAT_SIZE];
    Style state = panel_state(canvas, run->state, &sign, &word);
    Style plain = theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT);
    bool wide = row.width >= 40;
    int right = row.x + row.width, name = row.width - (wide ? 19 : 11);
    canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR), chosen ? "▸" : " ");
    canvas_print(canvas, row.x + 1, row.y, name, plain, "%02d %s", run->id, run->name);
    canvas_text(canvas, row.x + name + 2, row.y, 1, state, sign);
    canvas_text_right(canvas, right - (wide ? 8 : 1), row.y, 7, plain,
                      format_short(step, (double)run->step));
    if (wide)
        canvas_text_right(canvas, right, row.y, 7, plain, format_value(loss, run->smooth_loss));
}

static void draw_rail(Canvas *canvas, const Scene *scene, Rect rail)
{
    const Snapshot *snapshot = scene->snapshot;
    RailLayout layout = layout_rail(rail, snapshot->runs);
    Rect list = layout.list;
    text_title(canvas, &list, "runs", rail.width >= 40 ? "step    loss" : "");
    int chosen = 0;
    for (int i = 0; i < snapshot->runs; i++)
        chosen = snapshot->run[i] == scene->run ? i : chosen;
    int first = chosen >= list.height ? chosen - list.height + 1 : 0;
    for (int row = 0; row < list.height && first + row < snapshot->runs; row++) {
        const RunView *run = snapshot->run[first + row];
        draw_rail_run(canvas, (Rect){list.x, list.y + row, list.width, 1}, run, run == scene->run);
    }
    if (scene->run && layout.now.height > 2) {
        text_title(canvas, &layout.now, "now", "");
        panel_facts(canvas, scene, layout.now);
    }
    if (layout.news.height > 2) {
        text_title(canvas, &layout.news, "news", "");
        panel_news(canvas, scene, layout.news);
    }
    canvas_fill(canvas, (Rect){rail.x + rail.width, rail.y, 1, rail.height}, 0x2502,
                theme_style(canvas, ROLE_RULE));
}

static void draw_timeline(Canvas *canvas, const Scene *scene, Rect row)
{
    const RunView *run = scene->run;
    Style faint = theme_style(canvas, ROLE_FAINT);
    if (!run) {
        canvas_fill(canvas, row, 0x2500, theme_style(canvas, ROLE_RULE));
        return;
    }
    char step[FORMAT_SIZE], steps[FORMAT_SIZE], text[80];
    long at = session_step(scene->session, run);
    const char *newest = run->state == RUN_LIVE ? "LIVE" : "end ";
    const char *mode = scene->session->live ? newest : "held";
    snprintf(text, sizeof text, "%s / %s  %s", format_count(step, (double)at),
             format_count(steps, (double)run->steps), mode);
    int room = row.width - 3 - text_width(text) - 2;
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_TITLE), "τ ");
    canvas_text_right(canvas, row.x + row.width, row.y, row.width - 3, faint, text);
    Axis axis = {.last = run->steps > 0 ? (double)run->steps : 1};
    int done = axis_column(axis, run->step, room - 1), cursor = axis_column(axis, at, room - 1);
    for (int x = 0; x < room; x++) {
        Style style = theme_style(canvas, x < done ? ROLE_LINE : ROLE_RULE);
        canvas_put(canvas, row.x + 2 + x, row.y, x < done ? 0x2501 : 0x2500, style);
    }
    for (int i = 0; i < run->marks && room > 0; i++) {
        canvas_put(canvas, row.x + 2 + axis_column(axis, run->mark[i].step, room - 1), row.y,
                   0x25b2, theme_style(canvas, ROLE_MARK));
    }
    if (cursor >= 0 && cursor < room)
        canvas_put(canvas, row.x + 2 + cursor, row.y, 0x25cf, theme_style(canvas, ROLE_CURSOR));
}

static void draw_status(Canvas *canvas, const Frame *frame, const Scene *scene, Rect row)
{
    const Snapshot *snapshot = scene->snapshot;
    char text[256] = "";
    const NoteView *note = snapshot->notes > 0 ? &snapshot->note[snapshot->notes - 1] : NULL;
    bool bad = note && note->status != STATUS_OK && strcmp(note->text, frame->dismissed) != 0;
    int x = row.x, right = row.x + row.width;
    if (bad && frame->remark[0] == '\0') { /* the whole row: the remedy stands at the end */
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAILED), note->text);
        return;
    }
    if (canvas->look.remark[0] != '\0' && row.width >= 60) {
        right -= canvas_text_right(canvas, right, row.y, 24, theme_style(canvas, ROLE_FAINT),
                                   canvas->look.remark) +
                 2;
    }
    if (frame->remark[0] != '\0') {
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_PAUSED), frame->remark);
        return;
    }
    if (!scene->run) {
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAINT),
                    note ? note->text : "nothing runs yet");
        return;
    }
    const char *sign, *word;
    Style style = panel_state(canvas, scene->run->state, &sign, &word);
    x += canvas_print(canvas, x, row.y, right - x, style, "%02d %s %s  ", scene->run->id, sign,
                      word);
    views[frame->front]->describe(scene, text, sizeof text);
    text_cut(canvas, x, row.y, right - x, theme_style(canvas, ROLE_TEXT), text);
    x += text_width(text);
    if (note && right - x > text_width(note->text) + 4) {
        canvas_print(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAINT), "  · %s",
                     note->text);
    }
}

static unsigned place_of(const Frame *frame)
{
    if (frame->prompt.asking != ASK_NOTHING)
        return PLACE_PROMPT;
    return frame->popup ? frame->popup->place : view_place(frame->front);
}

/* "key hint" for one row of the table; a pause key that would go on says so. */
static const char *hint_word(const KeyRow *row, const Scene *scene)
{
    RunState state = scene->run ? scene->run->state : RUN_LIVE;
    bool stopped = state == RUN_PAUSED || state == RUN_FAILED;
    return row->action == ACTION_PAUSE && stopped ? "go on" : row->hint;
}

static bool hint_shown(const KeyRow *row, unsigned place, const Scene *scene)
{
    bool idle = (place & PLACE_VIEWS) != 0 && !scene->run && row->action != ACTION_NEW;
    bool over = scene->run && scene->run->state == RUN_DONE &&
                (row->action == ACTION_PAUSE || row->action == ACTION_STEP);
    bool lesson = row->action == ACTION_GO_ON || row->action == ACTION_GO_BACK;
    idle = idle && !(lesson && scene->tour);
    return row->label && row->hint && (row->places & place) != 0 && !idle && !over &&
           !(row->steers && scene->readonly) && (!lesson || scene->tour) &&
           row->action != ACTION_HELP && row->action != ACTION_QUIT;
}

static int draw_hint(Canvas *canvas, int x, Rect bar, const char *label, const char *word,
                     uint8_t flash)
{
    Style key = theme_style(canvas, ROLE_KEY), plain = theme_style(canvas, ROLE_FAINT);
    key.attributes |= flash;
    plain.attributes |= flash;
    int start = x;
    x += canvas_text(canvas, x, bar.y, bar.width, key, label);
    x += canvas_print(canvas, x, bar.y, bar.width, plain, " %s  ", word);
    return x - start;
}

/* Whole hints only; "? help  q quit" always stands. */
static void draw_hints(Canvas *canvas, const Frame *frame, const Scene *scene, Rect bar)
{
    unsigned place = place_of(frame);
    uint8_t flash = frame->flash ? ATTRIBUTE_REVERSE : 0;
    bool over = frame->popup || frame->prompt.asking != ASK_NOTHING;
    int keep = over ? 0 : text_width("? help  q quit"), x = bar.x;
    for (int i = 0; i < key_row_count; i++) {
        const KeyRow *row = &key_rows[i];
        if (!hint_shown(row, place, scene))
            continue;
        const char *word = hint_word(row, scene);
        if (x + text_width(row->label) + 1 + text_width(word) + 2 + keep > bar.width)
            break;
        x += draw_hint(canvas, x, bar, row->label, word, flash);
    }
    if (!over) {
        x += draw_hint(canvas, x, bar, "?", "help", flash);
        draw_hint(canvas, x, (Rect){bar.x, bar.y, bar.width - x > 0 ? bar.width - x : 0, 1}, "q",
                  "quit", flash);
    }
}

void frame_draw_too_small(Canvas *canvas)
{
    canvas_print(canvas, 0, 0, canvas->width, theme_style(canvas, ROLE_TEXT), "too small: %dx%d",
                 canvas->width, canvas->height);
    canvas_print(canvas, 0, 1, canvas->width, theme_style(canvas, ROLE_TEXT), "needs %dx%d",
                 SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT);
}

/* The newest samples, the student's over the teacher's. */
static void draw_samples(Canvas *canvas, const Scene *scene, Rect rect)
{
    if (!samples_any(scene)) {
        text_title(canvas, &rect, "samples", "");
        return;
    }
    SamplesSpec student = samples_under_cursor(scene, SOURCE_STUDENT),
                teacher = samples_under_cursor(scene, SOURCE_TEACHER);
    student.stage = teacher.stage = student.samples->steps;
    student.seed = teacher.seed = -1;
    Rect upper = layout_take_top(&rect, rect.height / 2);
    text_title(canvas, &upper, "student's samples", "");
    samples_sheet(canvas, upper, &student);
    text_title(canvas, &rect, "teacher's, same noise", "");
    samples_sheet(canvas, rect, &teacher);
}

void frame_draw_rails(Canvas *canvas, const Scene *scene, const Layout *layout)
{
    if (!rect_is_empty(layout->rail))
        draw_rail(canvas, scene, layout->rail);
    if (!rect_is_empty(layout->side)) {
        Rect side = layout->side;
        canvas_fill(canvas, (Rect){side.x - 2, side.y, 1, side.height}, 0x2502,
                    theme_style(canvas, ROLE_RULE));
        draw_samples(canvas, scene, side);
    }
}

/* The line being typed; what is said about it stands above. */
static void draw_prompt(Canvas *canvas, const Frame *frame, const Layout *layout)
{
    Rect above = layout->timeline;
    prompt_draw(&frame->prompt, canvas, layout->status);
    if (frame->remark[0] != '\0') {
        canvas_fill(canvas, above, ' ', theme_style(canvas, ROLE_TEXT));
        canvas_text(canvas, above.x, above.y, above.width, theme_style(canvas, ROLE_PAUSED),
                    frame->remark);
    }
}

void frame_draw(Canvas *canvas, const Frame *frame, const Scene *scene, const Layout *layout)
{
    draw_tabs(canvas, frame, scene, layout->tabs);
    draw_timeline(canvas, scene, layout->timeline);
    if (frame->prompt.asking != ASK_NOTHING)
        draw_prompt(canvas, frame, layout);
    else
        draw_status(canvas, frame, scene, layout->status);
    draw_hints(canvas, frame, scene, layout->hints);
}
