/* Owns the cursor along training steps. See scrub.h. */
#include "views/model/scrub.h"

#include "views/model/clamp.h"

enum { ZOOM_MAX = 24 };

Axis scrub_axis(const Scene *scene, const Overlay *overlay)
{
    const Session *session = scene->session;
    AxisWindow window = {.across = (Across)session->across,
                         .zoom = session->zoom,
                         .at = session_step(session, scene->run),
                         .from = session->from,
                         .log = session->log_x};
    return axis_around(overlay->run, overlay->n, &window);
}

long scrub_cursor(const Scene *scene)
{
    return scene->session->live ? -1 : session_step(scene->session, scene->run);
}

/* Past the newest step the cursor goes live again. */
static void put_cursor(const Scene *scene, long step)
{
    scene->session->live = step >= scene->run->step;
    scene->session->step = step < 0 ? 0 : step;
}

/* By a part of the axis; by one step at least. */
static void move(const Scene *scene, const Overlay *overlay, double part)
{
    Axis axis = scrub_axis(scene, overlay);
    long now = session_step(scene->session, scene->run);
    double place = axis_place(axis, now) + part * (axis.last - axis.first);
    long step = place < 0 ? 0 : axis_step_of(axis, place);
    int by = part > 0 ? 1 : -1;
    if ((step - now) * by <= 0)
        step = now + by;
    put_cursor(scene, step);
}

/* The point under the cursor stays where it is. */
static void zoom(const Scene *scene, const Overlay *overlay, int by)
{
    Session *session = scene->session;
    Axis before = scrub_axis(scene, overlay);
    double place = axis_place(before, session_step(session, scene->run));
    double part = (place - before.first) / (before.last - before.first);
    session->zoom = clamp(session->zoom + by, 0, ZOOM_MAX);
    Axis after = scrub_axis(scene, overlay);
    session->from = place - part * (after.last - after.first);
}

Reply scrub_act(const Scene *scene, const Overlay *overlay, int plot, Action action)
{
    Session *session = scene->session;
    double column = 1.0 / (plot > 4 ? plot : 4);
    switch (action) {
    case ACTION_LEFT: move(scene, overlay, -column); break;
    case ACTION_RIGHT: move(scene, overlay, column); break;
    case ACTION_PAGE_UP: move(scene, overlay, -10 * column); break;
    case ACTION_PAGE_DOWN: move(scene, overlay, 10 * column); break;
    case ACTION_PAN_LEFT: move(scene, overlay, -0.5); break;
    case ACTION_PAN_RIGHT: move(scene, overlay, 0.5); break;
    case ACTION_FIRST:
        session->live = false;
        session->step = 0;
        break;
    case ACTION_LAST: session->live = true; break;
    case ACTION_ZOOM_IN: zoom(scene, overlay, 1); break;
    case ACTION_ZOOM_OUT: zoom(scene, overlay, -1); break;
    case ACTION_ZOOM_FIT: session->zoom = 0; break;
    case ACTION_ACROSS: session->across = (session->across + 1) % ACROSSES; break;
    case ACTION_CURVE:
        session->curve =
            scene->run->loss_terms > 0 ? (session->curve + 1) % scene->run->loss_terms : 0;
        break;
    default: return overlay_act(scene, action);
    }
    return (Reply){.kind = REPLY_NONE};
}

Reply scrub_mouse(const Scene *scene, const Overlay *overlay, int plot, int column, MouseKind kind)
{
    if (column < 0 || column >= plot)
        return (Reply){.kind = REPLY_NONE};
    put_cursor(scene, axis_step(scrub_axis(scene, overlay), column, plot));
    if (kind == MOUSE_WHEEL_UP || kind == MOUSE_WHEEL_DOWN)
        zoom(scene, overlay, kind == MOUSE_WHEEL_UP ? 1 : -1);
    return (Reply){.kind = REPLY_NONE};
}
