/* Two popups: the question before quitting, and the list of marks and notes. */
#include "views/draw/box.h"
#include "views/draw/mark_list.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/marks.h"
#include "views/view.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return open && !run->external && run->step > saved ? run->step - saved : 0;
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
    draw_lines(canvas, box_draw(canvas, body, 62, 10, "Leave the workbench?"), lines,
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
        box_draw(canvas, body, smaller(body.width, 90), larger(height, 6), "Marks and notes");
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
