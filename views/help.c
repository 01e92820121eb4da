/* Two popups that are read: help (keys from their table, views, commands from theirs) and what the
 * words on screen mean. */
#include "views/draw/box.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/command_line.h"
#include "views/model/filter.h"
#include "views/model/glossary.h"
#include "views/view.h"
#include "views/views.h"
#include <stdio.h>
#include <string.h>

enum { SEARCH_SIZE = 64, PAGE_WIDTH = 108 };

typedef struct HelpState {
    int scroll;
    bool commands; /* they come first */
    char search[SEARCH_SIZE];
} HelpState;

/* Text that runs past a window; a canvas without cells only counts its lines. */
typedef struct Page {
    Canvas *canvas;
    Rect inside;
    int indent; /* of what stands beside a key */
    int scroll, line;
    const char *search; /* only lines that hold it; "": all */
} Page;

static void page_line(Page *page, Role role, const char *key, const char *text)
{
    char whole[EXPLAINED_SIZE + SEARCH_SIZE];
    int row = page->line - page->scroll, indent = key ? page->indent : 0;
    Rect area = page->inside;
    snprintf(whole, sizeof whole, "%s %s", key ? key : "", text);
    if (!filter_text_holds(whole, page->search))
        return;
    if (key && row >= 0 && row < area.height) {
        canvas_text(page->canvas, area.x + 2, area.y + row, indent - 3,
                    theme_style(page->canvas, ROLE_KEY), key);
    }
    area = (Rect){area.x + indent, area.y, area.width - indent, area.height};
    int rows = text_wrap(page->canvas, area, row, theme_style(page->canvas, role), text);
    page->line += rows > 0 ? rows : 1;
}

/* What only structures the page goes when something is searched for. */
static void page_heading(Page *page, const char *text)
{
    if (page->search[0] == '\0')
        page_line(page, ROLE_TITLE, NULL, text);
}

static void page_end(const Page *page)
{
    const Rect *inside = &page->inside;
    if (page->line == 0) {
        canvas_text(page->canvas, inside->x, inside->y, inside->width,
                    theme_style(page->canvas, ROLE_FAINT),
                    "nothing here holds that: Esc shows all");
    }
    if (page->line - page->scroll > inside->height) {
        canvas_text_right(page->canvas, inside->x + inside->width, inside->y + inside->height, 16,
                          theme_style(page->canvas, ROLE_KEY), " ↓ more ");
    }
}

/* ---- Help ---- */

static void put_about(Page *page, const View *view)
{
    char text[640];
    page_line(page, ROLE_TEXT, NULL, "");
    snprintf(text, sizeof text, "%s: %s", view->name, view->title);
    page_heading(page, text);
    snprintf(text, sizeof text, "%s", view->help);
    for (char *end = text; (end = strchr(end, '\n'));) /* broken for the manual */
        *end = ' ';
    page_line(page, ROLE_TEXT, NULL, text);
}

/* A key of all of these means the same nearly everywhere; a view that uses it otherwise says so
 * itself. */
enum { USUAL = PLACE_RUNS | PLACE_CURVES | PLACE_SAMPLES };

static void put_keys(Page *page, unsigned place, bool shared)
{
    for (int i = 0; i < key_row_count; i++) {
        const KeyRow *row = &key_rows[i];
        bool everywhere = (row->places & USUAL) == USUAL;
        if (row->label && everywhere == shared && (row->places & place) != 0)
            page_line(page, ROLE_TEXT, row->label, row->help);
    }
}

static void put_commands(Page *page)
{
    page_heading(page, "Commands, typed behind  :  (Tab completes; a few letters will do)");
    for (int i = 0; i < command_row_count; i++) {
        const CommandRow *row = &command_rows[i];
        char text[200];
        const char *form = row->arguments[0] != '\0' ? "%s   %s" : "%s%s";
        snprintf(text, sizeof text, form, row->arguments, row->help);
        page_line(page, ROLE_TEXT, row->name, text);
    }
}

static void put_help(Page *page, bool commands)
{
    page->indent = 13;
    if (commands) {
        page->indent = 19;
        put_commands(page);
        return;
    }
    page_heading(page, "Everywhere");
    put_keys(page, PLACE_VIEWS, true);
    if (page->search[0] != '\0') /* each once, wherever it stands */
        put_keys(page, PLACE_VIEWS, false);
    for (int i = 0; i < view_count && page->search[0] == '\0'; i++) {
        put_about(page, views[i]);
        put_keys(page, view_place(i), false);
    }
    page->indent = 19;
    if (page->search[0] == '\0')
        page_line(page, ROLE_TEXT, NULL, "");
    put_commands(page);
}

static int page_width(Rect body) { return smaller(body.width, PAGE_WIDTH); }

static Page page_of(Canvas *canvas, Rect inside, const HelpState *own)
{
    return (Page){.canvas = canvas, .inside = inside, .scroll = own->scroll, .search = own->search};
}

/* How far one can scroll. */
static int most_of(const Page *page) { return larger(page->line - page->inside.height, 0); }

static void help_update(void *state, const Scene *scene, const CanvasLook *look, Rect body)
{
    HelpState *own = state;
    Canvas nothing = {.look = *look};
    Page page = page_of(&nothing, box_inside(body, page_width(body), body.height), own);
    (void)scene;
    put_help(&page, own->commands);
    own->scroll = smaller(own->scroll, most_of(&page));
}

static void help_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const HelpState *own = state;
    char title[SEARCH_SIZE + 32] = "Help · / searches, :explain here tells what words mean";
    (void)scene;
    if (own->search[0] != '\0')
        snprintf(title, sizeof title, "Help · / %s", own->search);
    else if (own->commands)
        snprintf(title, sizeof title, "Commands · / searches, ? lists keys");
    Page page = page_of(canvas, box_draw(canvas, body, page_width(body), body.height, title), own);
    put_help(&page, own->commands);
    page_end(&page);
}

static Reply help_act(void *state, const Scene *scene, Action action)
{
    (void)scene;
    HelpState *own = state;
    if (action == ACTION_BACK && own->search[0] != '\0') {
        own->search[0] = '\0';
        return (Reply){.kind = REPLY_NONE};
    }
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    own->scroll = list_move(own->scroll, 1000, action); /* update cuts it to what there is */
    return (Reply){.kind = REPLY_NONE};
}

/* What is searched for; ":" lists the commands alone. */
static Reply help_typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    HelpState *own = state;
    (void)scene;
    (void)asking;
    own->commands = strcmp(text, ":") == 0;
    own->scroll = 0;
    snprintf(own->search, sizeof own->search, "%.63s", own->commands ? "" : text);
    return (Reply){.kind = REPLY_NONE};
}

const View view_help = {.name = "Help",
                        .place = PLACE_HELP,
                        .state_size = sizeof(HelpState),
                        .update = help_update,
                        .draw = help_draw,
                        .act = help_act,
                        .typed = help_typed};

/* ---- What words mean ---- */

typedef struct ExplainState {
    int scroll;
    unsigned place; /* of whose words all are shown, where `what` is empty */
    char what[SEARCH_SIZE];
} ExplainState;

static void put_terms(Page *page, const ExplainState *own)
{
    char name[64], text[EXPLAINED_SIZE];
    page->indent = smaller(28, page->inside.width / 3);
    for (int n = 0; glossary_find(own->what, own->place, n, name, text); n++)
        page_line(page, ROLE_TEXT, name, text);
}

static Page terms_page(Canvas *canvas, Rect inside, const ExplainState *own)
{
    return (Page){.canvas = canvas, .inside = inside, .scroll = own->scroll, .search = ""};
}

static int terms_height(const CanvasLook *look, Rect body, const ExplainState *own)
{
    Canvas nothing = {.look = *look};
    Page page = terms_page(&nothing, box_inside(body, page_width(body), body.height), own);
    put_terms(&page, own);
    return page.line;
}

static void explain_update(void *state, const Scene *scene, const CanvasLook *look, Rect body)
{
    ExplainState *own = state;
    (void)scene;
    int most = terms_height(look, body, own) - (body.height - 2);
    own->scroll = smaller(own->scroll, larger(most, 0));
}

static void explain_draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const ExplainState *own = state;
    char title[SEARCH_SIZE + 32] = "What the words here mean";
    int height = smaller(terms_height(&canvas->look, body, own) + 2, body.height);
    (void)scene;
    if (own->what[0] != '\0')
        snprintf(title, sizeof title, "What it means: %s", own->what);
    Page page = terms_page(canvas, box_draw(canvas, body, page_width(body), height, title), own);
    put_terms(&page, own);
    page_end(&page);
}

static Reply explain_act(void *state, const Scene *scene, Action action)
{
    ExplainState *own = state;
    (void)scene;
    if (action == ACTION_BACK)
        return (Reply){.kind = REPLY_CLOSE};
    own->scroll = list_move(own->scroll, 1000, action);
    return (Reply){.kind = REPLY_NONE};
}

/* A word, or "" for all of the view in front. */
static Reply explain_typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    ExplainState *own = state;
    (void)asking;
    own->place = view_place(scene->front);
    snprintf(own->what, sizeof own->what, "%.63s", text);
    return (Reply){.kind = REPLY_NONE};
}

const View view_explain = {.name = "Explain",
                           .place = PLACE_EXPLAIN,
                           .state_size = sizeof(ExplainState),
                           .update = explain_update,
                           .draw = explain_draw,
                           .act = explain_act,
                           .typed = explain_typed};
