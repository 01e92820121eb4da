/* Owns the session, the states of all views and the frame around them. See screen.h. */
#include "views/screen.h"

#include "views/chart.h"
#include "views/format.h"
#include "views/layout.h"
#include "views/theme.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS_MAX = 8, STATE_SIZE = 64 };

struct Screen {
    ScreenOptions options;
    Session session;
    int front;           /* index into views */
    const View *overlay; /* NULL: none */
    union {
        max_align_t align;
        unsigned char bytes[STATE_SIZE];
    } state[VIEWS_MAX], overlay_state;
    int newest_run; /* highest id met: a newer one is followed */
    int x_cells;    /* width of the body last drawn */
    bool flash;
    char remark[160];
    char dismissed[256]; /* the bad news a key press has put away */
};

Screen *screen_new(const ScreenOptions *options)
{
    Screen *screen = calloc(1, sizeof *screen);
    must(screen != NULL && view_count <= VIEWS_MAX);
    screen->options = *options;
    screen->session =
        (Session){.live = true, .stage = STAGE_LAST, .reference = REFERENCE_AUTO};
    for (int i = 0; i < view_count; i++) {
        must(views[i]->state_size <= STATE_SIZE);
    }
    return screen;
}

void screen_free(Screen *screen)
{
    free(screen);
}

void screen_flash(Screen *screen, bool on)
{
    screen->flash = on;
}

void screen_say(Screen *screen, const char *text)
{
    snprintf(screen->remark, sizeof screen->remark, "%s", text);
}

/* ---- The chosen run ---- */

static const RunView *find_run(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++) {
        if (snapshot->run[i]->id == id) {
            return snapshot->run[i];
        }
    }
    return NULL;
}

/* A run that just appeared is followed; a chosen one that went away gives way to the
 * newest. */
static void choose_run(Screen *screen, const Snapshot *snapshot)
{
    const RunView *newest = snapshot->runs > 0 ? snapshot->run[snapshot->runs - 1] : NULL;
    if (newest == NULL) {
        screen->session.run = 0;
    } else if (newest->id > screen->newest_run ||
               find_run(snapshot, screen->session.run) == NULL) {
        screen->session.run = newest->id;
        screen->session.live = true;
        screen->newest_run =
            newest->id > screen->newest_run ? newest->id : screen->newest_run;
    }
}

static Scene scene_of(Screen *screen, const Snapshot *snapshot)
{
    choose_run(screen, snapshot);
    return (Scene){.snapshot = snapshot,
                   .run = find_run(snapshot, screen->session.run),
                   .session = &screen->session,
                   .x_cells = screen->x_cells,
                   .fixed_clock = screen->options.fixed_clock,
                   .readonly = screen->options.readonly};
}

/* ---- Frame ---- */

static void draw_counts(Canvas *canvas, const Scene *scene, Rect row, int x)
{
    int count[RUN_FAILED + 1] = {0};
    char text[96] = "";
    for (int i = 0; i < scene->snapshot->runs; i++) {
        count[scene->snapshot->run[i]->state]++;
    }
    static const RunState shown[] = {RUN_LIVE, RUN_PAUSED, RUN_FAILED};
    int right = row.width - 1;
    bool busy = count[RUN_LIVE] > 0; /* an idle engine publishes nothing: the share would be stale */
    if (busy && !scene->fixed_clock && row.width >= 100 && isfinite(scene->snapshot->cpu_share)) {
        snprintf(text, sizeof text, "cpu %3.0f%%  %.0f MB",
                 scene->snapshot->cpu_share * 100, scene->snapshot->rss_mib);
        right -= canvas_text_right(canvas, right, row.y, right - x,
                                   theme_style(canvas, ROLE_FAINT), text) +
                 3;
    }
    for (int i = 2; i >= 0; i--) {
        const char *sign, *word;
        Style style = views_state(canvas, shown[i], &sign, &word);
        snprintf(text, sizeof text, "%s %d %s", sign, count[shown[i]], word);
        if (count[shown[i]] > 0 && right - text_width(text) > x + 1) {
            right -= canvas_text_right(canvas, right, row.y, 20, style, text) + 2;
        }
    }
}

static void draw_tabs(Canvas *canvas, const Screen *screen, const Scene *scene, Rect row)
{
    int x = 0;
    for (int i = 0; i < view_count; i++) {
        bool front = i == screen->front;
        Style style = theme_style(canvas, front ? ROLE_FRONT : ROLE_TEXT);
        x += canvas_print(canvas, x, row.y, row.width - x, style,
                          front ? "[%d %s]" : " %d %s ", i + 1, views[i]->name);
    }
    draw_counts(canvas, scene, row, x);
}

static void draw_rail_run(Canvas *canvas, Rect row, const RunView *run, bool chosen)
{
    const char *sign, *word;
    char step[FORMAT_SIZE], loss[FORMAT_SIZE];
    Style state = views_state(canvas, run->state, &sign, &word);
    Style plain = theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT);
    bool wide = row.width >= 40;
    int right = row.x + row.width, name = row.width - (wide ? 19 : 11);
    canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR),
                chosen ? "▸" : " ");
    canvas_print(canvas, row.x + 1, row.y, name, plain, "%02d %s", run->id, run->name);
    canvas_text(canvas, row.x + name + 2, row.y, 1, state, sign);
    canvas_text_right(canvas, right - (wide ? 8 : 1), row.y, 7, plain,
                      format_short(step, (double)run->step));
    if (wide) {
        canvas_text_right(canvas, right, row.y, 7, plain,
                          format_value(loss, run->smooth_loss));
    }
}

static void draw_rail(Canvas *canvas, const Scene *scene, Rect rail)
{
    const Snapshot *snapshot = scene->snapshot;
    RailLayout layout = layout_rail(rail, snapshot->runs);
    Rect list = layout.list;
    views_title(canvas, &list, "runs", rail.width >= 40 ? "step    loss" : "");
    int chosen = 0;
    for (int i = 0; i < snapshot->runs; i++) {
        chosen = snapshot->run[i] == scene->run ? i : chosen;
    }
    int first = chosen >= list.height ? chosen - list.height + 1 : 0;
    for (int row = 0; row < list.height && first + row < snapshot->runs; row++) {
        const RunView *run = snapshot->run[first + row];
        draw_rail_run(canvas, (Rect){list.x, list.y + row, list.width, 1}, run,
                      run == scene->run);
    }
    if (scene->run != NULL && layout.now.height > 2) {
        views_title(canvas, &layout.now, "now", "");
        views_facts(canvas, scene, layout.now);
    }
    if (layout.news.height > 2) {
        views_title(canvas, &layout.news, "news", "");
        views_news(canvas, scene, layout.news);
    }
    canvas_fill(canvas, (Rect){rail.x + rail.width, rail.y, 1, rail.height}, 0x2502,
                theme_style(canvas, ROLE_RULE));
}

static void draw_timeline(Canvas *canvas, const Scene *scene, Rect row)
{
    const RunView *run = scene->run;
    Style faint = theme_style(canvas, ROLE_FAINT);
    if (run == NULL) {
        canvas_fill(canvas, row, 0x2500, theme_style(canvas, ROLE_RULE));
        return;
    }
    char step[FORMAT_SIZE], steps[FORMAT_SIZE], text[80];
    long at = views_step(scene->session, run);
    const char *mode = !scene->session->live    ? "held"
                       : run->state == RUN_LIVE ? "LIVE"
                                                : "end ";
    snprintf(text, sizeof text, "%s / %s  %s", format_count(step, (double)at),
             format_count(steps, (double)run->steps), mode);
    int room = row.width - 3 - text_width(text) - 2;
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_TITLE), "τ ");
    canvas_text_right(canvas, row.x + row.width, row.y, row.width - 3, faint, text);
    Axis axis = {0, run->steps > 0 ? run->steps : 1};
    int done = axis_column(axis, run->step, room - 1),
        cursor = axis_column(axis, at, room - 1);
    for (int x = 0; x < room; x++) {
        canvas_put(canvas, row.x + 2 + x, row.y, x < done ? 0x2501 : 0x2500,
                   theme_style(canvas, x < done ? ROLE_LINE : ROLE_RULE));
    }
    for (int i = 0; i < run->marks && room > 0; i++) {
        canvas_put(canvas, row.x + 2 + axis_column(axis, run->mark[i].step, room - 1),
                   row.y, 0x25b2, theme_style(canvas, ROLE_MARK));
    }
    if (cursor >= 0 && cursor < room) {
        canvas_put(canvas, row.x + 2 + cursor, row.y, 0x25cf,
                   theme_style(canvas, ROLE_CURSOR));
    }
}

static void draw_status(Canvas *canvas, const Screen *screen, const Scene *scene,
                        Rect row)
{
    const Snapshot *snapshot = scene->snapshot;
    char text[256] = "";
    const NoteView *note =
        snapshot->notes > 0 ? &snapshot->note[snapshot->notes - 1] : NULL;
    bool bad = note != NULL && note->status != STATUS_OK &&
               strcmp(note->text, screen->dismissed) != 0;
    int x = row.x, right = row.x + row.width;
    if (bad &&
        screen->remark[0] == '\0') { /* the whole row: the remedy stands at the end */
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAILED),
                    note->text);
        return;
    }
    if (canvas->look.remark[0] != '\0' && row.width >= 60) {
        right -= canvas_text_right(canvas, right, row.y, 24,
                                   theme_style(canvas, ROLE_FAINT), canvas->look.remark) +
                 2;
    }
    if (screen->remark[0] != '\0') {
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_PAUSED),
                    screen->remark);
        return;
    }
    if (scene->run == NULL) {
        canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAINT),
                    note != NULL ? note->text : "nothing runs yet");
        return;
    }
    const char *sign, *word;
    Style style = views_state(canvas, scene->run->state, &sign, &word);
    x += canvas_print(canvas, x, row.y, right - x, style, "%02d %s %s  ", scene->run->id,
                      sign, word);
    views[screen->front]->describe(scene, text, sizeof text);
    x += canvas_text(canvas, x, row.y, right - x, theme_style(canvas, ROLE_TEXT), text);
    if (note != NULL && right - x > text_width(note->text) + 4) {
        canvas_print(canvas, x, row.y, right - x, theme_style(canvas, ROLE_FAINT),
                     "  · %s", note->text);
    }
}

/* "key hint" for one row of the table; a pause key that would go on says so. */
static const char *hint_word(const KeyRow *row, const Scene *scene)
{
    RunState state = scene->run != NULL ? scene->run->state : RUN_LIVE;
    bool stopped = state == RUN_PAUSED || state == RUN_FAILED;
    return row->action == ACTION_PAUSE && stopped ? "go on" : row->hint;
}

static bool hint_shown(const KeyRow *row, unsigned place, const Scene *scene)
{
    bool idle =
        (place & PLACE_VIEWS) != 0 && scene->run == NULL && row->action != ACTION_NEW;
    bool over = scene->run != NULL && scene->run->state == RUN_DONE &&
                (row->action == ACTION_PAUSE || row->action == ACTION_STEP);
    return row->label != NULL && row->hint != NULL && (row->places & place) != 0 &&
           !idle && !over && !(row->steers && scene->readonly) &&
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
static void draw_hints(Canvas *canvas, const Screen *screen, const Scene *scene, Rect bar)
{
    unsigned place =
        screen->overlay != NULL ? screen->overlay->place : views[screen->front]->place;
    uint8_t flash = screen->flash ? ATTRIBUTE_REVERSE : 0;
    bool over = screen->overlay != NULL;
    int keep = over ? 0 : text_width("? help  q quit"), x = bar.x;
    for (int i = 0; i < key_row_count; i++) {
        const KeyRow *row = &key_rows[i];
        if (!hint_shown(row, place, scene)) {
            continue;
        }
        const char *word = hint_word(row, scene);
        if (x + text_width(row->label) + 1 + text_width(word) + 2 + keep > bar.width) {
            break;
        }
        x += draw_hint(canvas, x, bar, row->label, word, flash);
    }
    if (!over) {
        x += draw_hint(canvas, x, bar, "?", "help", flash);
        draw_hint(canvas, x,
                  (Rect){bar.x, bar.y, bar.width - x > 0 ? bar.width - x : 0, 1}, "q",
                  "quit", flash);
    }
}

static void draw_too_small(Canvas *canvas)
{
    canvas_print(canvas, 0, 0, canvas->width, theme_style(canvas, ROLE_TEXT),
                 "too small: %dx%d", canvas->width, canvas->height);
    canvas_print(canvas, 0, 1, canvas->width, theme_style(canvas, ROLE_TEXT),
                 "needs %dx%d", SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT);
}

void screen_draw(Screen *screen, const Snapshot *snapshot, Canvas *canvas)
{
    Scene scene = scene_of(screen, snapshot);
    const View *front = views[screen->front];
    bool runs = scene.run != NULL;
    Layout layout = layout_screen(canvas->width, canvas->height, front->rail && runs,
                                  front->side && runs);
    canvas_clear(canvas);
    if (layout.too_small) {
        draw_too_small(canvas);
        return;
    }
    screen->x_cells = layout.body.width;
    draw_tabs(canvas, screen, &scene, layout.tabs);
    front->draw(screen->state[screen->front].bytes, &scene, canvas, layout.body);
    if (!rect_is_empty(layout.rail)) {
        draw_rail(canvas, &scene, layout.rail);
    }
    if (!rect_is_empty(layout.side)) {
        canvas_fill(canvas,
                    (Rect){layout.side.x - 2, layout.side.y, 1, layout.side.height},
                    0x2502, theme_style(canvas, ROLE_RULE));
        views_samples_rail(canvas, &scene, layout.side);
    }
    if (screen->overlay != NULL) {
        screen->overlay->draw(screen->overlay_state.bytes, &scene, canvas, layout.body);
    }
    draw_timeline(canvas, &scene, layout.timeline);
    draw_status(canvas, screen, &scene, layout.status);
    draw_hints(canvas, screen, &scene, layout.hints);
}

/* ---- Keys ---- */

static void open_overlay(Screen *screen, const View *overlay)
{
    screen->overlay = overlay;
    memset(&screen->overlay_state, 0, sizeof screen->overlay_state);
}

static Reply steer(const Scene *scene, CommandKind kind, long number)
{
    if (scene->run == NULL) {
        return (Reply){.kind = REPLY_UNKNOWN};
    }
    return (Reply){
        .kind = REPLY_SEND,
        .command = {.kind = kind, .run = scene->run->id, .number = number}
    };
}

static Reply toggle_pause(const Scene *scene)
{
    bool going = scene->run != NULL &&
                 (scene->run->state == RUN_LIVE || scene->run->state == RUN_QUEUED);
    return steer(scene, going ? COMMAND_PAUSE : COMMAND_START, 0);
}

static Reply next_run(Screen *screen, const Scene *scene, int by)
{
    int n = scene->snapshot->runs, chosen = 0;
    for (int i = 0; i < n; i++) {
        chosen = scene->snapshot->run[i] == scene->run ? i : chosen;
    }
    if (n > 0) {
        screen->session.run = scene->snapshot->run[(chosen + by + n) % n]->id;
    }
    return (Reply){.kind = n > 0 ? REPLY_NONE : REPLY_UNKNOWN};
}

static Reply quit(Screen *screen, const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->runs && !screen->options.readonly; i++) {
        if (snapshot->run[i]->state == RUN_LIVE ||
            snapshot->run[i]->state == RUN_QUEUED) {
            open_overlay(screen, &view_quit);
            return (Reply){.kind = REPLY_NONE};
        }
    }
    return (Reply){.kind = REPLY_LEAVE_SAVING};
}

static Reply show_view(Screen *screen, int view)
{
    if (view >= view_count) {
        return (Reply){.kind = REPLY_UNKNOWN};
    }
    screen->front = view;
    screen->overlay = NULL;
    return (Reply){.kind = REPLY_NONE};
}

/* What means the same in every view. REPLY_BACK: not one of these. */
static Reply act_everywhere(Screen *screen, const Scene *scene, Action action, int press)
{
    switch (action) {
    case ACTION_VIEW: return show_view(screen, press - '1');
    case ACTION_PAUSE: return toggle_pause(scene);
    case ACTION_STEP: return steer(scene, COMMAND_STEP, 1);
    case ACTION_SAVE: return steer(scene, COMMAND_SAVE, 0);
    case ACTION_FORK: return steer(scene, COMMAND_FORK, -1);
    case ACTION_NEXT_RUN: return next_run(screen, scene, 1);
    case ACTION_PREVIOUS_RUN: return next_run(screen, scene, -1);
    case ACTION_NEW:
        open_overlay(screen, &view_picker);
        return (Reply){.kind = REPLY_NONE};
    case ACTION_HELP:
        open_overlay(screen, &view_help);
        return (Reply){.kind = REPLY_NONE};
    case ACTION_QUIT: return quit(screen, scene->snapshot);
    case ACTION_REPAINT: return (Reply){.kind = REPLY_REPAINT};
    case ACTION_SUSPEND: return (Reply){.kind = REPLY_SUSPEND};
    case ACTION_GRAPHICS: return (Reply){.kind = REPLY_GRAPHICS};
    case ACTION_LOG_Y:
        screen->session.linear_y = !screen->session.linear_y;
        return (Reply){.kind = REPLY_NONE};
    case ACTION_DOTS:
        screen->session.dots = (screen->session.dots + 1) % DOTS_KINDS;
        return (Reply){.kind = REPLY_NONE};
    default: return (Reply){.kind = REPLY_BACK};
    }
}

/* Any key puts the newest bad news away; it stays in the list of news. */
static void dismiss_news(Screen *screen, const Snapshot *snapshot)
{
    const char *text =
        snapshot->notes > 0 ? snapshot->note[snapshot->notes - 1].text : "";
    snprintf(screen->dismissed, sizeof screen->dismissed, "%s", text);
}

Reply screen_press(Screen *screen, const Snapshot *snapshot, int press)
{
    Scene scene = scene_of(screen, snapshot);
    const View *asked = screen->overlay != NULL ? screen->overlay : views[screen->front];
    const KeyRow *row = key_find(press, asked->place);
    screen->remark[0] = '\0';
    dismiss_news(screen, snapshot);
    if (row == NULL || (row->steers && screen->options.readonly)) {
        screen_say(screen, row != NULL ? "opened read-only: this key is asleep" : "");
        return (Reply){.kind = REPLY_UNKNOWN};
    }
    Reply reply = act_everywhere(screen, &scene, row->action, press);
    if (reply.kind == REPLY_BACK) {
        void *state = screen->overlay != NULL ? screen->overlay_state.bytes
                                              : screen->state[screen->front].bytes;
        reply = asked->act(state, &scene, row->action);
    }
    if (reply.kind == REPLY_VIEW) {
        return show_view(screen, reply.view);
    }
    if (reply.kind == REPLY_BACK ||
        (reply.kind == REPLY_SEND && screen->overlay != NULL)) {
        screen->overlay = NULL;
        reply.kind = reply.kind == REPLY_BACK ? REPLY_NONE : reply.kind;
    }
    return reply;
}
