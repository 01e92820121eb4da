/* A preset, changed before it starts: data, classes kept, method, steps, seed. Rows are parameters
 * of the one table, as the preset has them; what differs from it is sent. */
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
enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS, VALUE_SIZE = 192, LABEL_WIDTH = 16 };

typedef struct FormState {
    char preset[64];
    char given[FIELD_COUNT][VALUE_SIZE]; /* by the preset */
    char value[FIELD_COUNT][VALUE_SIZE];
    int chosen;
    bool typing; /* in the chosen row; else the first letter takes the place of what stands there */
} FormState;

static bool is_changed(const FormState *own, int field)
{
    return strcmp(own->value[field], own->given[field]) != 0;
}

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

/* The value, its end where there is no room for all of it; behind a changed one the preset's. */
static void draw_value(Canvas *canvas, const FormState *own, Rect row, int field)
{
    bool chosen = field == own->chosen;
    const char *value = own->value[field], *given = own->given[field];
    int length = (int)strlen(value), room = row.width - 1;
    Style faint = theme_style(canvas, ROLE_FAINT);
    Style style = theme_style(canvas, is_changed(own, field) ? ROLE_STRONG : ROLE_TEXT);
    if (length == 0 && !chosen) {
        canvas_text(canvas, row.x, row.y, row.width, faint, "(empty)");
        return;
    }
    int end = canvas_print(canvas, row.x, row.y, row.width, style, "%s%s",
                           value + larger(length - room, 0), chosen ? "▏" : "");
    if (is_changed(own, field))
        canvas_print(canvas, row.x + end, row.y, row.width - end, faint, "  preset: %s",
                     *given ? given : "(empty)");
}

static void draw_field(Canvas *canvas, const FormState *own, Rect row, int field)
{
    bool chosen = field == own->chosen;
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_CURSOR), chosen ? "▸ " : "  ");
    canvas_print(canvas, row.x + 2, row.y, LABEL_WIDTH,
                 theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), "%s.%s", FIELDS[field][0],
                 FIELDS[field][1]);
    int x = 2 + LABEL_WIDTH;
    draw_value(canvas, own, (Rect){row.x + x, row.y, row.width - x, 1}, field);
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

static void choose(FormState *own, int field)
{
    own->typing = own->typing && field == own->chosen;
    own->chosen = field;
}

/* As a line behind the preset's name; false: there is no room. */
static bool append(const FormState *own, int field, char *text, size_t size)
{
    size_t used = strlen(text);
    int length = snprintf(text + used, size - used, "\n%s.%s=%s", FIELDS[field][0],
                          FIELDS[field][1], own->value[field]);
    return length < (int)(size - used);
}

/* Every value is checked by its row of the table before anything starts. */
static Reply start(FormState *own)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
    char *text = reply.command.text;
    snprintf(text, sizeof reply.command.text, "%s", own->preset);
    for (int k = 0; k < FIELD_COUNT; k++) {
        ParamInfoView row;
        Error error;
        char canonical[64];
        if (!is_changed(own, k))
            continue;
        choose(own, k);
        if (engine_param_check(row_of(k, &row), own->value[k], canonical, &error))
            return reply_say(REPLY_NONE, "%.150s", error.text);
        if (!append(own, k, text, sizeof reply.command.text))
            return reply_say(REPLY_NONE, "too long in all: write a preset file, or shorter paths");
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
    choose(own, list_move(own->chosen, FIELD_COUNT, action));
    return (Reply){.kind = REPLY_NONE};
}

/* Letters go into the chosen row. */
static Reply type(void *state, const Scene *scene, int press)
{
    (void)scene;
    FormState *own = state;
    char *value = own->value[own->chosen];
    bool letter = press >= ' ' && press < 127;
    size_t n = letter && !own->typing ? 0 : strlen(value);
    if (letter && n + 1 < VALUE_SIZE)
        value[n++] = (char)press;
    else if (press == PRESS_BACKSPACE && n > 0)
        n--;
    else
        return (Reply){.kind = REPLY_UNKNOWN};
    value[n] = '\0';
    own->typing = true;
    return (Reply){.kind = REPLY_NONE};
}

/* The preset it is about. */
static Reply typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    (void)scene, (void)asking;
    FormState *own = state;
    snprintf(own->preset, sizeof own->preset, "%s", text);
    for (int k = 0; k < FIELD_COUNT; k++) {
        ParamInfoView row;
        if (engine_preset_param(text, row_of(k, &row), own->given[k], VALUE_SIZE))
            memcpy(own->value[k], own->given[k], VALUE_SIZE);
    }
    return (Reply){.kind = REPLY_NONE};
}

const View view_form = {.name = "New run",
                        .place = PLACE_FORM,
                        .state_size = sizeof(FormState),
                        .draw = draw,
                        .act = act,
                        .type = type,
                        .typed = typed};
