/* Tweak: every parameter of the run, and what became of changes. */
#include "views/theme.h"
#include "views/views.h"

#include <stdio.h>

static void draw(void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)state;
    views_title(canvas, &body, "tweak", "");
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

const View view_tweak = {
    .name = "Tweak",
    .title = "What happens if, and can I go back?",
    .help = "",
    .place = PLACE_TWEAK,
    .draw = draw,
    .act = act,
    .describe = describe,
};
