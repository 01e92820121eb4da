/* Compare: runs side by side. */
#include "views/theme.h"
#include "views/views.h"

#include <stdio.h>

static void draw(void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)state;
    views_title(canvas, &body, "compare", "");
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

const View view_compare = {
    .name = "Compare",
    .title = "What differs, and was it worth it?",
    .help = "",
    .place = PLACE_COMPARE,
    .draw = draw,
    .act = act,
    .describe = describe,
};
