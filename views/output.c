/* A popup: what the program that trains an external run printed last. It follows the end until
 * somebody scrolls. */
#include "views/draw/box.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/view.h"
#include <stdio.h>
#include <string.h>

typedef struct OutputState {
    int back; /* lines from the end */
} OutputState;

static int count_lines(const char *text)
{
    int n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static const char *output_of(const Scene *scene)
{
    return scene->run && scene->run->output ? scene->run->output : "";
}

static void update(void *state, const Scene *scene, const CanvasLook *look, Rect body)
{
    OutputState *own = state;
    (void)look;
    own->back = clamp(own->back, 0, larger(0, count_lines(output_of(scene)) - (body.height - 2)));
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const OutputState *own = state;
    char title[NAME_SIZE + 40] = "output.log", line[512];
    const char *text = output_of(scene);
    if (scene->run)
        snprintf(title, sizeof title, "%02d %s: output.log", scene->run->id, scene->run->name);
    Rect inside = box_draw(canvas, body, body.width, body.height, title);
    int skipped = larger(0, count_lines(text) - inside.height - own->back);
    for (; skipped > 0; skipped--)
        text = strchr(text, '\n') + 1;
    for (int row = 0; row < inside.height && *text; row++) {
        int length = (int)strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", length, text);
        text_cut(canvas, inside.x, inside.y + row, inside.width, theme_style(canvas, ROLE_TEXT),
                 line);
        text += length + 1;
    }
}

static Reply act(void *state, const Scene *scene, Action action)
{
    OutputState *own = state;
    (void)scene;
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    own->back = 1000 - list_move(1000 - own->back, 1001, action); /* update cuts it */
    return (Reply){.kind = REPLY_NONE};
}

const View view_output = {.name = "Output",
                          .place = PLACE_EXPLAIN,
                          .state_size = sizeof(OutputState),
                          .update = update,
                          .draw = draw,
                          .act = act};
