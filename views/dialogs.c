/* The layers over the views: help (from the key table), the question before quitting, the list of
 * presets, the list of marks and notes. */
#include "views/draw/layout.h"
#include "views/draw/mark_list.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/marks.h"
#include "views/view.h"
#include "views/views.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Rect box_inside(Rect body, int width, int height)
{
    Rect box = layout_centre(body, width, height);
    return (Rect){box.x + 2, box.y + 1, box.width - 4, box.height - 2};
}

/* An empty box with a title in the middle of the body; returns its inside. */
static Rect draw_box(Canvas *canvas, Rect body, int width, int height, const char *title)
{
    Rect box = layout_centre(body, width, height), inside = box_inside(body, width, height);
    Style rule = theme_style(canvas, ROLE_RULE);
    int right = box.x + box.width - 1, bottom = box.y + box.height - 1;
    canvas_clear_rect(canvas, box);
    canvas_fill(canvas, (Rect){box.x, box.y, box.width, 1}, 0x2500, rule);
    canvas_fill(canvas, (Rect){box.x, bottom, box.width, 1}, 0x2500, rule);
    canvas_fill(canvas, (Rect){box.x, box.y, 1, box.height}, 0x2502, rule);
    canvas_fill(canvas, (Rect){right, box.y, 1, box.height}, 0x2502, rule);
    canvas_put(canvas, box.x, box.y, 0x250c, rule);
    canvas_put(canvas, right, box.y, 0x2510, rule);
    canvas_put(canvas, box.x, bottom, 0x2514, rule);
    canvas_put(canvas, right, bottom, 0x2518, rule);
    canvas_print(canvas, box.x + 2, box.y, box.width - 4, theme_style(canvas, ROLE_TITLE), " %s ",
                 title);
    return inside;
}

static void draw_lines(Canvas *canvas, Rect inside, const char *const *lines, int n)
{
    for (int i = 0; i < n && i < inside.height; i++) {
        canvas_text(canvas, inside.x, inside.y + i, inside.width, theme_style(canvas, ROLE_TEXT),
                    lines[i]);
    }
}

/* ---- Quit ---- */

typedef struct QuitState {
    bool armed; /* x was pressed: the next one drops */
} QuitState;

/* Steps since a run's last checkpoint, of a run that this program holds. */
static long unsaved(const RunView *run)
{
    bool open = run->state == RUN_LIVE || (run->state == RUN_PAUSED && !isnan(run->prior[0]));
    long saved = run->checkpoint > 0 ? run->checkpoint : 0;
    return open && run->step > saved ? run->step - saved : 0;
}

/* "x again: drops 340 steps of 05, 20 of 02". */
static void put_losses(const Snapshot *snapshot, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "x again: drops");
    bool first = true;
    for (int i = snapshot->runs - 1; i >= 0 && used < size; i--) {
        const RunView *run = snapshot->run[i];
        if (unsaved(run) == 0)
            continue;
        used +=
            (size_t)snprintf(text + used, size - used,
                             first ? " %ld steps of %02d" : ", %ld of %02d", unsaved(run), run->id);
        first = false;
    }
    if (first)
        snprintf(text, size, "x again: drops nothing, all is saved");
}

static void quit_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const QuitState *own = state;
    int live = 0;
    for (int i = 0; i < scene->snapshot->runs; i++) {
        RunState run = scene->snapshot->run[i]->state;
        live += run == RUN_LIVE || run == RUN_QUEUED;
    }
    char first[64], drop[200] = "x    quit without saving: the last checkpoints stand";
    snprintf(first, sizeof first, live == 1 ? "One run is live." : "%d runs are live.", live);
    if (own->armed)
        put_losses(scene->snapshot, drop, sizeof drop);
    const char *const lines[] = {"",
                                 first,
                                 "",
                                 "s    save and quit: each goes on later with  ddil resume",
                                 "d    detach: training goes on,  ddil  comes back to it",
                                 drop,
                                 "Esc  stay"};
    draw_lines(canvas, draw_box(canvas, body, 62, 10, "Leave the workbench?"), lines,
               sizeof lines / sizeof *lines);
}

/* What is lost is said first; the second press leaves. */
static Reply quit_act(void *state, const Scene *scene, Action action)
{
    QuitState *own = state;
    (void)scene;
    bool armed = own->armed;
    own->armed = action == ACTION_LEAVE_DROPPING;
    switch (action) {
    case ACTION_LEAVE_SAVING: return (Reply){.kind = REPLY_LEAVE_SAVING};
    case ACTION_LEAVE_DROPPING: return (Reply){.kind = armed ? REPLY_LEAVE_DROPPING : REPLY_NONE};
    case ACTION_LEAVE_DETACHING: return (Reply){.kind = REPLY_LEAVE_DETACHING};
    case ACTION_BACK: return (Reply){.kind = REPLY_CLOSE};
    default: return (Reply){.kind = REPLY_UNKNOWN};
    }
}

const View view_quit = {.name = "Quit",
                        .place = PLACE_QUIT,
                        .state_size = sizeof(QuitState),
                        .draw = quit_draw,
                        .act = quit_act};

/* ---- Help ---- */

typedef struct HelpState {
    int scroll;
} HelpState;

typedef struct HelpPage {
    Canvas *canvas;
    Rect inside;
    int scroll, line;
} HelpPage;

static void help_line(HelpPage *page, Role role, const char *key, const char *text)
{
    int row = page->line - page->scroll, indent = key ? 13 : 0;
    Rect area = page->inside;
    if (key && row >= 0 && row < area.height) {
        canvas_text(page->canvas, area.x + 2, area.y + row, 10, theme_style(page->canvas, ROLE_KEY),
                    key);
    }
    area = (Rect){area.x + indent, area.y, area.width - indent, area.height};
    int rows = text_wrap(page->canvas, area, row, theme_style(page->canvas, role), text);
    page->line += rows > 0 ? rows : 1;
}

static void help_about(HelpPage *page, const View *view)
{
    char text[640];
    snprintf(text, sizeof text, "%s: %s", view->name, view->title);
    help_line(page, ROLE_TITLE, NULL, text);
    snprintf(text, sizeof text, "%s", view->help);
    for (char *end = text; (end = strchr(end, '\n'));) /* broken for the manual */
        *end = ' ';
    help_line(page, ROLE_TEXT, NULL, text);
}

/* A key of all of these means the same nearly everywhere; a view that uses it otherwise says so
 * itself. */
enum { USUAL = PLACE_RUNS | PLACE_CURVES | PLACE_SAMPLES };

static void help_keys(HelpPage *page, unsigned place, bool shared)
{
    for (int i = 0; i < key_row_count; i++) {
        const KeyRow *row = &key_rows[i];
        bool everywhere = (row->places & USUAL) == USUAL;
        if (row->label && everywhere == shared && (row->places & place) != 0)
            help_line(page, ROLE_TEXT, row->label, row->help);
    }
}

static void help_page(HelpPage *page)
{
    help_line(page, ROLE_TITLE, NULL, "Everywhere");
    help_keys(page, PLACE_VIEWS, true);
    for (int i = 0; i < view_count; i++) {
        help_line(page, ROLE_TEXT, NULL, "");
        help_about(page, views[i]);
        help_keys(page, view_place(i), false);
    }
}

static int help_width(Rect body) { return body.width < 108 ? body.width : 108; }

/* How far one can scroll. */
static int help_most(const CanvasLook *look, Rect body)
{
    Canvas nothing = {.look = *look};
    HelpPage page = {&nothing, box_inside(body, help_width(body), body.height), 0, 0};
    help_page(&page);
    return page.line > page.inside.height ? page.line - page.inside.height : 0;
}

static void help_update(void *state, const Scene *scene, const CanvasLook *look, Rect body)
{
    HelpState *own = state;
    int most = help_most(look, body);
    (void)scene;
    own->scroll = own->scroll > most ? most : own->scroll;
}

static void help_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)scene;
    const HelpState *own = state;
    HelpPage page = {canvas, draw_box(canvas, body, help_width(body), body.height, "Help"),
                     own->scroll, 0};
    help_page(&page);
    if (page.line - page.scroll > page.inside.height) {
        canvas_text_right(canvas, page.inside.x + page.inside.width,
                          page.inside.y + page.inside.height, 16, theme_style(canvas, ROLE_KEY),
                          " ↓ more ");
    }
}

static Reply help_act(void *state, const Scene *scene, Action action)
{
    (void)scene;
    HelpState *own = state;
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    own->scroll = list_move(own->scroll, 1000, action); /* update cuts it to what there is */
    return (Reply){.kind = REPLY_NONE};
}

const View view_help = {.name = "Help",
                        .place = PLACE_HELP,
                        .state_size = sizeof(HelpState),
                        .update = help_update,
                        .draw = help_draw,
                        .act = help_act};

/* ---- Presets ---- */

typedef struct PickerState {
    int chosen;
    bool moved; /* else the preset for newcomers is chosen */
} PickerState;

static int picker_chosen(const PickerState *own, const PresetInfo *presets, int n)
{
    int newcomer = 0;
    for (int i = 0; i < n; i++)
        newcomer = strcmp(presets[i].name, "quickstart") == 0 ? i : newcomer;
    return own->moved ? own->chosen : newcomer;
}

static void picker_row(Canvas *canvas, Rect row, const PresetInfo *preset, bool chosen)
{
    int name = row.width < 70 ? 20 : 28;
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_CURSOR), chosen ? "▸ " : "  ");
    canvas_text(canvas, row.x + 2, row.y, name - 1,
                theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), preset->name);
    canvas_text(canvas, row.x + 2 + name, row.y, row.width - name - 2,
                theme_style(canvas, chosen ? ROLE_TEXT : ROLE_FAINT), preset->title);
}

static void picker_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)scene;
    const PickerState *own = state;
    PresetInfo *presets = NULL;
    int n = engine_presets(&presets);
    int height = n + 4 < body.height ? n + 4 : body.height;
    Rect inside =
        draw_box(canvas, body, smaller(body.width, 100), larger(height, 7), "Start a preset");
    layout_take_top(&inside, 1);
    if (n == 0) {
        canvas_text(canvas, inside.x, inside.y, inside.width, theme_style(canvas, ROLE_TEXT),
                    "No presets found: they lie in presets/ beside the program.");
    }
    int chosen = picker_chosen(own, presets, n);
    int first = chosen >= inside.height - 1 ? chosen - inside.height + 2 : 0;
    for (int row = 0; row < inside.height - 1 && first + row < n; row++) {
        picker_row(canvas, (Rect){inside.x, inside.y + row, inside.width, 1}, &presets[first + row],
                   first + row == chosen);
    }
    free(presets);
}

static Reply picker_start(const PickerState *own, const PresetInfo *presets, int n)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
    int chosen = picker_chosen(own, presets, n);
    if (chosen >= n)
        return (Reply){.kind = REPLY_UNKNOWN};
    snprintf(reply.command.text, sizeof reply.command.text, "%s", presets[chosen].name);
    return reply;
}

static Reply picker_act(void *state, const Scene *scene, Action action)
{
    (void)scene;
    PickerState *own = state;
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    PresetInfo *presets = NULL;
    int n = engine_presets(&presets);
    Reply reply = {.kind = REPLY_NONE};
    if (action == ACTION_OPEN) {
        reply = picker_start(own, presets, n);
    } else {
        own->chosen = list_move(picker_chosen(own, presets, n), n, action);
        own->moved = true;
    }
    free(presets);
    return reply;
}

const View view_picker = {.name = "Presets",
                          .place = PLACE_PICKER,
                          .state_size = sizeof(PickerState),
                          .draw = picker_draw,
                          .act = picker_act};

/* ---- Marks and notes ---- */

typedef struct MarksState {
    int chosen; /* from the newest */
} MarksState;

static void marks_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const MarksState *own = state;
    const RunView *run = scene->run;
    int n = run ? run->marks : 0, height = smaller(n + 4, body.height);
    Rect inside =
        draw_box(canvas, body, smaller(body.width, 90), larger(height, 6), "Marks and notes");
    if (n == 0) {
        canvas_text(canvas, inside.x, inside.y + 1, inside.width, theme_style(canvas, ROLE_TEXT),
                    "None in this run: m writes a note at the cursor, 5 changes a value.");
        return;
    }
    mark_list_draw(canvas, inside, scene, own->chosen < n ? own->chosen : n - 1);
}

static Reply marks_act(void *state, const Scene *scene, Action action)
{
    MarksState *own = state;
    int n = scene->run ? scene->run->marks : 0;
    int chosen = own->chosen < n ? own->chosen : n - 1;
    if (action == ACTION_OPEN && n > 0)
        mark_visit(scene->session, mark_from_newest(scene->run, chosen));
    if (action == ACTION_BACK || action == ACTION_OPEN)
        return (Reply){.kind = REPLY_CLOSE};
    own->chosen = list_move(chosen, n, action);
    return (Reply){.kind = REPLY_NONE};
}

const View view_marks = {.name = "Marks",
                         .place = PLACE_MARKS,
                         .state_size = sizeof(MarksState),
                         .draw = marks_draw,
                         .act = marks_act};
