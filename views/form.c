/* A preset, changed before it starts: data, classes kept, method, steps, seed. Rows are parameters
 * of the one table; what is left empty is as in the preset. */
#include "views/draw/box.h"
#include "views/draw/layout.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const FIELDS[][2] = {
    {"data", "name"}, {"data", "path"},     {"data", "size"},
    {"data", "keep"}, {"run", "method"},    {"run", "steps"},
    {"run", "seed"},  {"student", "steps"}, {"teacher", "file"},
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS, VALUE_SIZE = 96, LABEL_WIDTH = 16 };

typedef struct FormState {
    char preset[64];
    char value[FIELD_COUNT][VALUE_SIZE];
    int chosen;
} FormState;

/* The row of the table a field stands for, and its index there. */
static int row_of(int field, ParamInfoView *row)
{
    for (int i = 0; engine_param(i, row); i++)
        if (!strcmp(row->section, FIELDS[field][0]) && !strcmp(row->key, FIELDS[field][1]))
            return i;
    must(false);
    return 0;
}

/* ---- Drawing ---- */

static void draw_field(Canvas *canvas, const FormState *own, Rect row, int field)
{
    bool chosen = field == own->chosen;
    const char *value = own->value[field];
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_CURSOR), chosen ? "▸ " : "  ");
    canvas_print(canvas, row.x + 2, row.y, LABEL_WIDTH,
                 theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), "%s.%s", FIELDS[field][0],
                 FIELDS[field][1]);
    int x = row.x + 2 + LABEL_WIDTH, width = row.width - 2 - LABEL_WIDTH;
    if (*value || chosen)
        canvas_print(canvas, x, row.y, width, theme_style(canvas, ROLE_TEXT), "%s%s", value,
                     chosen ? "▏" : "");
    else
        canvas_text(canvas, x, row.y, width, theme_style(canvas, ROLE_FAINT), "as in the preset");
}

static void draw_help(Canvas *canvas, Rect rect, int field)
{
    ParamInfoView row;
    row_of(field, &row);
    int line = text_wrap(canvas, rect, 0, theme_style(canvas, ROLE_TEXT), row.help);
    if (row.choices && *row.choices && line < rect.height)
        text_cut(canvas, rect.x, rect.y + line, rect.width, theme_style(canvas, ROLE_FAINT),
                 row.choices);
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    enum { HELP_ROWS = 4 };
    (void)scene;
    const FormState *own = state;
    char title[96];
    snprintf(title, sizeof title, "A new run of %s", own->preset);
    Rect inside =
        box_draw(canvas, body, smaller(body.width, 84), FIELD_COUNT + HELP_ROWS + 2, title);
    Rect help = layout_take_bottom(&inside, smaller(HELP_ROWS, inside.height / 3));
    int first = larger(own->chosen - inside.height + 1, 0);
    for (int k = first; k < FIELD_COUNT && k - first < inside.height; k++)
        draw_field(canvas, own, (Rect){inside.x, inside.y + k - first, inside.width, 1}, k);
    draw_help(canvas, (Rect){help.x, help.y + 1, help.width, help.height - 1}, own->chosen);
}

/* ---- Keys ---- */

/* Every value is checked by its row of the table before anything starts. */
static Reply start(FormState *own)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
    char *text = reply.command.text;
    size_t size = sizeof reply.command.text, used = 0;
    used = (size_t)snprintf(text, size, "%s", own->preset);
    for (int k = 0; k < FIELD_COUNT; k++) {
        ParamInfoView row;
        Error error;
        char canonical[64];
        const char *value = own->value[k];
        if (!*value)
            continue;
        if (engine_param_check(row_of(k, &row), value, canonical, &error)) {
            own->chosen = k;
            return reply_say(REPLY_NONE, "%.150s", error.text);
        }
        used += (size_t)snprintf(text + used, size - used, "\n%s.%s=%s", FIELDS[k][0], FIELDS[k][1],
                                 value);
    }
    return reply;
}

static Reply act(void *state, const Scene *scene, Action action)
{
    (void)scene;
    FormState *own = state;
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    if (action == ACTION_OPEN)
        return start(own);
    own->chosen = list_move(own->chosen, FIELD_COUNT, action);
    return (Reply){.kind = REPLY_NONE};
}

/* Letters go into the chosen row. */
static Reply type(void *state, const Scene *scene, int press)
{
    (void)scene;
    FormState *own = state;
    char *value = own->value[own->chosen];
    size_t n = strlen(value);
    if (press == PRESS_BACKSPACE && n > 0)
        value[n - 1] = '\0';
    else if (press >= ' ' && press < 127 && n + 1 < VALUE_SIZE)
        value[n] = (char)press;
    else
        return (Reply){.kind = REPLY_UNKNOWN};
    return (Reply){.kind = REPLY_NONE};
}

/* The preset it is about. */
static Reply typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    (void)scene, (void)asking;
    FormState *own = state;
    snprintf(own->preset, sizeof own->preset, "%s", text);
    return (Reply){.kind = REPLY_NONE};
}

const View view_form = {.name = "New run",
                        .place = PLACE_FORM,
                        .state_size = sizeof(FormState),
                        .draw = draw,
                        .act = act,
                        .type = type,
                        .typed = typed};
