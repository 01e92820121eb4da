/* Paths: where student and teacher go from the same noise. */
#include "views/theme.h"
#include "views/views.h"

#include <stdio.h>

static void draw(void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)state;
    views_title(canvas, &body, "paths", "");
    if (scene->run != NULL) {
        views_facts(canvas, scene, body);
    }
}

static Reply act(void *state, const Scene *scene, Action action)
{
    (void)state;
    (void)scene;
    (void)action;
    return (Reply){.kind = REPLY_UNKNOWN};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    (void)scene;
    snprintf(text, size, " ");
}

const View view_paths = {
    .name = "Paths",
    .title = "At which step does it go wrong, and is the error fresh or inherited?",
    .help = "",
    .place = PLACE_PATHS,
    .draw = draw,
    .act = act,
    .describe = describe,
};
