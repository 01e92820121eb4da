/* Owns the session, the states of all views and the frame around them. See screen.h. */
#include "views/screen.h"

#include "views/draw/theme.h"
#include "views/everywhere.h"
#include "views/frame.h"
#include "views/model/alert.h"
#include "views/model/command_line.h"
#include "views/model/marks.h"
#include "views/model/overlay.h"
#include "views/playback.h"
#include "views/shared.h"
#include "views/tour/lesson_strip.h"
#include "views/views.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_SIZE = 4096 };

typedef union State {
    max_align_t align;
    unsigned char bytes[STATE_SIZE];
} State;

struct Screen {
    ScreenOptions options;
    Session session;
    Frame frame;
    State state[TABS_MAX], popup_state;
    const char *names[TABS_MAX + 1]; /* of the views */
    Tour tour;
    Playback playback;
    Alerts alerts;
    char look[512]; /* commands to carry out once there is a run */
    Rect body;      /* of the view in front, as last drawn */
    int newest_run; /* highest id met: a newer one is followed */
    int width;      /* of the canvas, then */
};

Screen *screen_new(const ScreenOptions *options)
{
    Screen *screen = calloc(1, sizeof *screen);
    need(screen);
    must(view_count <= TABS_MAX);
    screen->options = *options;
    alerts_init(&screen->alerts);
    snprintf(screen->look, sizeof screen->look, "%s", options->look ? options->look : "");
    screen->session = (Session){
        .live = true, .stage = STAGE_LAST, .seed = -1, .smoothing = 2, .reference = REFERENCE_AUTO};
    for (int i = 0; i < view_count; i++)
        must(views[i]->state_size <= STATE_SIZE);
    for (int i = 0; i < view_count; i++)
        screen->names[i] = views[i]->name;
    return screen;
}

void screen_free(Screen *screen) { free(screen); }

void screen_flash(Screen *screen, bool on) { screen->frame.flash = on; }

void screen_say(Screen *screen, const char *text)
{
    snprintf(screen->frame.remark, sizeof screen->frame.remark, "%s", text);
}

/* ---- The chosen run ---- */

/* A run that just appeared is followed; a chosen one that went away gives way to the
 * newest. */
static void choose_run(Screen *screen, const Snapshot *snapshot)
{
    const RunView *newest = snapshot->runs > 0 ? snapshot->run[snapshot->runs - 1] : NULL;
    if (!newest) {
        screen->session.run = 0;
    } else if (newest->id > screen->newest_run || !snapshot_run(snapshot, screen->session.run)) {
        if (newest->id > screen->newest_run && snapshot_run(snapshot, newest->parent)) {
            overlay_add(&screen->session, newest->parent);
            overlay_add(&screen->session, newest->id);
        }
        if (newest->id > screen->newest_run && newest->parent > 0 && screen->newest_run > 0) {
            snprintf(screen->frame.remark, sizeof screen->frame.remark,
                     "%02d forked from %02d at step %ld: 2 shows both, 6 compares them", newest->id,
                     newest->parent, newest->parent_step);
        }
        screen->session.run = newest->id;
        screen->session.live = true;
        screen->newest_run = newest->id > screen->newest_run ? newest->id : screen->newest_run;
    }
}

static Scene scene_of(Screen *screen, const Snapshot *snapshot)
{
    choose_run(screen, snapshot);
    return (Scene){.snapshot = snapshot,
                   .run = snapshot_run(snapshot, screen->session.run),
                   .session = &screen->session,
                   .x_cells = screen->body.width,
                   .fixed_clock = screen->options.fixed_clock,
                   .readonly = screen->options.readonly,
                   .tour = screen->tour.lesson,
                   .front = screen->frame.front,
                   .views = screen->names,
                   .files = screen->options.files};
}

/* Commands between ';'; what is refused is said, or passed over. */
static void do_lines(Screen *screen, const Snapshot *snapshot, const char *lines, bool says)
{
    char copy[sizeof screen->look], *rest = copy;
    snprintf(copy, sizeof copy, "%s", lines);
    for (char *word; (word = strsep(&rest, ";"));) {
        Reply reply = screen_command(screen, snapshot, word);
        if (reply.kind == REPLY_REFUSED && says)
            screen_say(screen, reply.say);
    }
}

/* ---- Drawing ---- */

/* What changed since the last drawing moves what follows it: the choice of a run, the lesson, the
 * views' own cursors. Returns where everything stands; too small a screen has no view. */
static Layout update(Screen *screen, const Scene *scene, const Canvas *canvas, Rect *strip)
{
    const View *front = views[screen->frame.front], *popup = screen->frame.popup;
    bool runs = scene->run;
    Layout layout =
        layout_screen(canvas->width, canvas->height, front->rail && runs, front->side && runs);
    if (layout.too_small)
        return layout;
    LessonContext shown = lesson_context(&screen->tour, scene, front->name);
    *strip = layout_take_bottom(&layout.body, lesson_rows(&screen->tour, &shown, layout.body));
    screen->width = canvas->width;
    screen->playback.side = !rect_is_empty(layout.side);
    screen->body = layout.body;
    if (front->update)
        front->update(screen->state[screen->frame.front].bytes, scene, &canvas->look, layout.body);
    if (popup && popup->update)
        popup->update(screen->popup_state.bytes, scene, &canvas->look, layout.body);
    return layout;
}

static void draw(const Screen *screen, const Scene *scene, Canvas *canvas, const Layout *layout,
                 Rect strip)
{
    const View *front = views[screen->frame.front], *popup = screen->frame.popup;
    front->draw(screen->state[screen->frame.front].bytes, scene, canvas, layout->body);
    frame_draw_rails(canvas, scene, layout);
    if (popup)
        popup->draw(screen->popup_state.bytes, scene, canvas, layout->body);
    LessonContext shown = lesson_context(&screen->tour, scene, front->name);
    if (!rect_is_empty(strip))
        lesson_draw(&screen->tour, &shown, canvas, strip);
    frame_draw(canvas, &screen->frame, scene, layout);
}

/* A lesson moves on, unless something lies over the view; a new text shows what it speaks of. */
static void follow_lesson(Screen *screen, const Snapshot *snapshot)
{
    Scene scene = scene_of(screen, snapshot);
    LessonContext shown = lesson_context(&screen->tour, &scene, views[screen->frame.front]->name);
    if (screen->frame.popup || screen->frame.prompt.asking != ASK_NOTHING)
        return;
    lesson_watch(&screen->tour, &shown);
    const char *look = lesson_look(&screen->tour);
    int run = look ? lesson_run(&screen->tour, snapshot) : 0;
    screen->session.run = run > 0 ? run : screen->session.run;
    if (look) {
        screen_say(screen, "");
        do_lines(screen, snapshot, look, false);
    }
}

void screen_draw(Screen *screen, const Snapshot *snapshot, Canvas *canvas)
{
    follow_lesson(screen, snapshot);
    Scene scene = scene_of(screen, snapshot);
    Rect strip = {0};
    bool dark = theme_luminance(canvas->look.background) <= 128;
    canvas->palette = screen->session.palette;
    canvas->light = screen->session.ground == 0 ? !dark : screen->session.ground == 2;
    canvas_clear(canvas);
    Layout layout = update(screen, &scene, canvas, &strip);
    if (layout.too_small)
        frame_draw_too_small(canvas);
    else
        draw(screen, &scene, canvas, &layout, strip);
}

/* ---- Keys ---- */

/* With `text` as if it had been typed into it, unless it is NULL. */
static Reply open_popup(Screen *screen, const Scene *scene, const View *popup, const char *text)
{
    must(popup->state_size <= STATE_SIZE);
    screen->frame.popup = popup;
    memset(&screen->popup_state, 0, sizeof screen->popup_state);
    if (text)
        popup->typed(screen->popup_state.bytes, scene, ASK_FILTER, text);
    return (Reply){.kind = REPLY_NONE};
}

static Reply quit(Screen *screen, const Snapshot *snapshot)
{
    bool ours = snapshot->owner.here && !screen->options.readonly; /* another's go on */
    for (int i = 0; i < snapshot->runs && ours; i++) {
        const RunView *run = snapshot->run[i]; /* external: its program goes on by itself */
        if (!run->external && (run->state == RUN_LIVE || run->state == RUN_QUEUED))
            return open_popup(screen, NULL, &view_quit, NULL);
    }
    return (Reply){.kind = REPLY_LEAVE_SAVING};
}

static Reply show_view(Screen *screen, int view)
{
    if (view >= view_count)
        return (Reply){.kind = REPLY_UNKNOWN};
    screen->frame.front = view;
    screen->frame.popup = NULL;
    return (Reply){.kind = REPLY_NONE};
}

static Reply ask(Screen *screen, Asking asking, const char *label, const char *text)
{
    prompt_open(&screen->frame.prompt, asking, label, text);
    return (Reply){.kind = REPLY_NONE};
}

static Reply go_in_lesson(Screen *screen, const Scene *scene, bool back)
{
    char why[160] = "";
    LessonContext shown = lesson_context(&screen->tour, scene, views[screen->frame.front]->name);
    if (!screen->tour.lesson)
        return (Reply){.kind = REPLY_UNKNOWN};
    if (back)
        lesson_move(&screen->tour, -1);
    else
        lesson_go(&screen->tour, &shown, why, sizeof why);
    screen_say(screen, why);
    return (Reply){.kind = REPLY_NONE};
}

/* What means the same in every view. REPLY_ELSEWHERE: not one of these. */
static Reply act_everywhere(Screen *screen, const Scene *scene, Action action, int press)
{
    switch (action) {
    case ACTION_VIEW: return show_view(screen, press - '1');
    case ACTION_MARKS: return open_popup(screen, scene, &view_marks, NULL);
    case ACTION_NEW: return open_popup(screen, scene, &view_picker, NULL);
    case ACTION_DRAW: return open_popup(screen, scene, &view_drawing, NULL);
    case ACTION_HELP: return open_popup(screen, scene, &view_help, NULL);
    case ACTION_QUIT: return quit(screen, scene->snapshot);
    case ACTION_REPAINT: return (Reply){.kind = REPLY_REPAINT};
    case ACTION_SUSPEND: return (Reply){.kind = REPLY_SUSPEND};
    case ACTION_GRAPHICS: return (Reply){.kind = REPLY_GRAPHICS};
    case ACTION_GO_ON:
    case ACTION_GO_BACK: return go_in_lesson(screen, scene, action == ACTION_GO_BACK);
    case ACTION_MOUSE: return (Reply){.kind = REPLY_MOUSE};
    case ACTION_COMMAND: return ask(screen, ASK_COMMAND, ":", "");
    case ACTION_FILTER: return ask(screen, ASK_FILTER, "/", "");
    case ACTION_NOTE:
        return scene->run ? ask(screen, ASK_NOTE, "note: ", "") : (Reply){.kind = REPLY_UNKNOWN};
    default: return everywhere_act(scene, action);
    }
}

/* Any key puts the newest bad news away; it stays in the list of news. */
static void dismiss_news(Screen *screen, const Snapshot *snapshot)
{
    const char *text = snapshot->notes > 0 ? snapshot->note[snapshot->notes - 1].text : "";
    snprintf(screen->frame.dismissed, sizeof screen->frame.dismissed, "%s", text);
}

static Reply do_lesson(Screen *screen, const Reply *reply)
{
    Tour *tour = &screen->tour;
    if (!tour->lesson) {
        screen_say(screen, "no lesson is on; begin one with: ddil tour");
    } else if (reply->lesson == LESSON_LEAVE) {
        *tour = (Tour){0};
        screen_say(screen, "the lesson is over; its runs are kept: Space lets one go on");
    } else if (reply->lesson == LESSON_RESET) {
        lesson_choose(tour, tour->at);
    } else {
        lesson_move(tour, reply->lesson == LESSON_BACK ? -1 : 1);
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply read_popup(Screen *screen, const Snapshot *snapshot, const View *popup,
                        const char *text)
{
    Scene scene = scene_of(screen, snapshot);
    return open_popup(screen, &scene, popup, text);
}

/* What replies mean to the screen itself. */
static Reply settle(Screen *screen, const Snapshot *snapshot, Reply reply)
{
    if (reply.say[0] != '\0' && reply.kind != REPLY_ASK)
        screen_say(screen, reply.say);
    switch (reply.kind) {
    case REPLY_VIEW: return show_view(screen, reply.view);
    case REPLY_ASK:
        if (reply.asking == ASK_COMMAND)
            screen_say(screen, "the run is done: its fork gets as many steps as stand here");
        return ask(screen, reply.asking, reply.say, reply.text);
    case REPLY_HELP: return read_popup(screen, snapshot, &view_help, reply.text);
    case REPLY_FORM: return read_popup(screen, snapshot, &view_form, reply.text);
    case REPLY_DRAW: return read_popup(screen, snapshot, &view_drawing, NULL);
    case REPLY_EXPLAIN: return read_popup(screen, snapshot, &view_explain, reply.text);
    case REPLY_OUTPUT: return read_popup(screen, snapshot, &view_output, NULL);
    case REPLY_ALERT: return settle(screen, snapshot, alerts_take(&screen->alerts, reply.text));
    case REPLY_METRICS:
    case REPLY_SHARE_FILE:
    case REPLY_SHARE:
        shared_text(snapshot, &screen->session, views[screen->frame.front]->name, &reply);
        return reply;
    case REPLY_LESSON: return do_lesson(screen, &reply);
    case REPLY_QUIT: return quit(screen, snapshot);
    case REPLY_CLOSE: screen->frame.popup = NULL; return (Reply){.kind = REPLY_NONE};
    case REPLY_SEND: screen->frame.popup = NULL; return reply;
    default: return reply;
    }
}

static void complete(Screen *screen, const Scene *scene)
{
    char line[PROMPT_SIZE], say[sizeof screen->frame.remark];
    if (screen->frame.prompt.asking == ASK_COMMAND) {
        snprintf(line, sizeof line, "%s", screen->frame.prompt.text);
        command_line_complete(scene, line, sizeof line, say, sizeof say);
        prompt_set(&screen->frame.prompt, line);
        screen_say(screen, say);
    }
}

/* Who is asked what a key means: the popup, else the view in front. */
static const View *asked_of(const Screen *screen)
{
    return screen->frame.popup ? screen->frame.popup : views[screen->frame.front];
}

static void *asked_state(Screen *screen)
{
    return screen->frame.popup ? screen->popup_state.bytes
                               : screen->state[screen->frame.front].bytes;
}

/* The line is whole. */
static Reply take_line(Screen *screen, const Scene *scene)
{
    const View *asked = asked_of(screen);
    const char *text = screen->frame.prompt.text;
    Asking asking = screen->frame.prompt.asking;
    Reply reply = {.kind = REPLY_NONE};
    if (asking == ASK_COMMAND)
        reply = command_line_do(scene, text);
    else if (asking == ASK_NOTE)
        reply = command_line_note(scene, text);
    else if (asked->typed)
        reply = asked->typed(asked_state(screen), scene, asking, text);
    if (reply.kind == REPLY_REFUSED) {
        screen_say(screen, reply.say);
        return (Reply){.kind = REPLY_NONE};
    }
    prompt_close(&screen->frame.prompt, true);
    return settle(screen, scene->snapshot, reply);
}

static Reply press_prompt(Screen *screen, const Scene *scene, int press)
{
    const KeyRow *row = key_find(press, PLACE_PROMPT);
    Action action = row ? row->action : ACTION_NONE;
    switch (action) {
    case ACTION_OPEN: return take_line(screen, scene);
    case ACTION_BACK: prompt_close(&screen->frame.prompt, false); break;
    case ACTION_COMPLETE: complete(screen, scene); break;
    case ACTION_UP: prompt_recall(&screen->frame.prompt, 1); break;
    case ACTION_DOWN: prompt_recall(&screen->frame.prompt, -1); break;
    case ACTION_REPAINT: return (Reply){.kind = REPLY_REPAINT};
    case ACTION_SUSPEND: return (Reply){.kind = REPLY_SUSPEND};
    default:
        if (!prompt_edit(&screen->frame.prompt, press))
            return (Reply){.kind = REPLY_UNKNOWN};
    }
    return (Reply){.kind = REPLY_NONE};
}

/* ---- The mouse ---- */

static bool inside(Rect rect, int x, int y)
{
    return x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
}

static Reply press_mouse_at(Screen *screen, const Scene *scene, int press)
{
    int x = mouse_x(press), y = mouse_y(press), tab[TABS_MAX + 1];
    const View *asked = asked_of(screen);
    bool narrow;
    frame_tabs(&screen->frame, screen->width, tab, &narrow);
    for (int i = 0; y == 0 && mouse_kind(press) == MOUSE_CLICK && i < view_count; i++)
        if (x >= tab[i] && x < tab[i + 1])
            return show_view(screen, i);
    if (inside(screen->body, x, y) && asked->mouse)
        return settle(screen, scene->snapshot,
                      asked->mouse(asked_state(screen), scene, screen->body, press));
    return (Reply){.kind = REPLY_NONE};
}

Reply screen_press(Screen *screen, const Snapshot *snapshot, int press)
{
    Scene scene = scene_of(screen, snapshot);
    if (press >= PRESS_PASTED && press < PRESS_MOUSE) {
        screen_say(screen, prompt_paste(&screen->frame.prompt, pasted_rune(press)));
        return (Reply){.kind = REPLY_NONE};
    }
    const View *asked = asked_of(screen);
    screen->frame.remark[0] = '\0';
    dismiss_news(screen, snapshot);
    if (press >= PRESS_MOUSE)
        return press_mouse_at(screen, &scene, press);
    if (screen->frame.prompt.asking != ASK_NOTHING)
        return press_prompt(screen, &scene, press);
    unsigned place = screen->frame.popup ? asked->place : view_place(screen->frame.front);
    const KeyRow *row = key_find(press, place);
    if (!row && asked->type)
        return asked->type(asked_state(screen), &scene, press);
    if (!row || (row->steers && screen->options.readonly)) {
        screen_say(screen, row ? "opened read-only: this key is asleep" : "");
        return (Reply){.kind = REPLY_UNKNOWN};
    }
    Reply reply = act_everywhere(screen, &scene, row->action, press);
    if (reply.kind == REPLY_ELSEWHERE)
        reply = asked->act(asked_state(screen), &scene, row->action);
    return settle(screen, snapshot, reply);
}

Reply screen_command(Screen *screen, const Snapshot *snapshot, const char *line)
{
    Scene scene = scene_of(screen, snapshot);
    Reply reply = command_line_do(&scene, line);
    return reply.kind == REPLY_REFUSED ? reply : settle(screen, snapshot, reply);
}

int screen_run(const Screen *screen) { return screen->session.run; }

void screen_tour(Screen *screen, const struct Lesson *lessons, int n, int first)
{
    screen->tour = (Tour){.lesson = n > 0 ? lessons : NULL, .lessons = n, .at = first};
}

/* What --look asks for. */
static void first_look(Screen *screen, const Snapshot *snapshot)
{
    char lines[sizeof screen->look];
    memcpy(lines, screen->look, sizeof lines);
    screen->look[0] = '\0';
    do_lines(screen, snapshot, lines, true);
}

Reply screen_want(Screen *screen, const Snapshot *snapshot)
{
    char say[sizeof screen->frame.remark];
    Scene scene = scene_of(screen, snapshot);
    if (scene.run && screen->look[0] != '\0')
        first_look(screen, snapshot);
    LessonContext shown = lesson_context(&screen->tour, &scene, views[screen->frame.front]->name);
    Reply reply = lesson_want(&screen->tour, &shown);
    if (reply.kind == REPLY_NONE && alerts_watch(&screen->alerts, snapshot, say, sizeof say)) {
        screen_say(screen, say);
        reply.kind = REPLY_BELL;
    }
    return reply;
}

Reply screen_tick(Screen *screen, const Snapshot *snapshot, double now)
{
    Scene scene = scene_of(screen, snapshot);
    LessonContext shown = lesson_context(&screen->tour, &scene, views[screen->frame.front]->name);
    screen->playback.looks = views[screen->frame.front]->looks;
    Reply reply = playback_tick(&screen->playback, &scene, now);
    if (reply.kind == REPLY_UNKNOWN && lesson_tick(&screen->tour, &shown, now))
        reply.kind = REPLY_NONE;
    return reply;
}

double screen_wait(Screen *screen, const Snapshot *snapshot, double now)
{
    Scene scene = scene_of(screen, snapshot);
    LessonContext shown = lesson_context(&screen->tour, &scene, views[screen->frame.front]->name);
    screen->playback.looks = views[screen->frame.front]->looks;
    double wait = playback_wait(&screen->playback, &scene, now),
           lesson = lesson_due(&screen->tour, &shown, now);
    return wait < 0 || (lesson >= 0 && lesson < wait) ? lesson : wait;
}
