/* The list of presets: type to find one, groups by data set, the whole comment of the chosen one.
 */
#include "views/draw/box.h"
#include "views/draw/layout.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/filter.h"
#include "views/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SEARCH_SIZE = 48, NAME_WIDTH = 30 };

typedef struct PickerState {
    int chosen; /* among those that fit */
    bool moved; /* else the likeliest is chosen */
    char search[SEARCH_SIZE];
} PickerState;

/* What is listed. */
typedef struct Listing {
    PresetInfo *presets; /* allocated */
    int *fitting;        /* allocated: their indices, in order */
    int n;
} Listing;

static Listing listing_new(const PickerState *own)
{
    Listing listing = {0};
    int all = engine_presets(&listing.presets);
    listing.fitting = malloc(sizeof *listing.fitting * (size_t)(all + 1));
    must(listing.fitting);
    for (int i = 0; i < all; i++) {
        const PresetInfo *preset = &listing.presets[i];
        char whole[sizeof preset->name + sizeof preset->title + sizeof preset->comment];
        snprintf(whole, sizeof whole, "%s %s %s", preset->name, preset->title, preset->comment);
        if (filter_text_holds(whole, own->search))
            listing.fitting[listing.n++] = i;
    }
    return listing;
}

static void listing_free(Listing *listing)
{
    free(listing->presets);
    free(listing->fitting);
}

static const PresetInfo *listed(const Listing *listing, int k)
{
    return &listing->presets[listing->fitting[k]];
}

/* How likely a preset is meant: by its name, by a name that begins so, as the one for newcomers. */
static int likely(const char *name, const char *search)
{
    size_t typed = strlen(search);
    if (typed && strncasecmp(name, search, typed) == 0)
        return name[typed] ? 2 : 3;
    return strcmp(name, "quickstart") == 0;
}

static int chosen_of(const PickerState *own, const Listing *listing)
{
    int best = 0;
    for (int k = 1; k < listing->n; k++)
        if (likely(listed(listing, k)->name, own->search) >
            likely(listed(listing, best)->name, own->search))
            best = k;
    return clamp(own->moved ? own->chosen : best, 0, listing->n - 1);
}

/* ---- Drawing ---- */

/* "ring" of "ring-pd-ddil". */
static int group_length(const char *name) { return (int)strcspn(name, "-"); }

static bool begins_group(const Listing *listing, int k)
{
    const char *name = listed(listing, k)->name;
    int n = group_length(name);
    return k == 0 || group_length(listed(listing, k - 1)->name) != n ||
           strncmp(listed(listing, k - 1)->name, name, (size_t)n) != 0;
}

/* The line a preset stands on: every group has a heading. */
static int line_of(const Listing *listing, int k)
{
    int line = k;
    for (int i = 0; i <= k; i++)
        line += begins_group(listing, i);
    return line;
}

static void draw_preset(Canvas *canvas, Rect row, const PresetInfo *preset, bool chosen)
{
    int name = smaller(NAME_WIDTH, row.width / 3 + 4);
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_CURSOR), chosen ? "▸ " : "  ");
    text_cut(canvas, row.x + 2, row.y, name - 1,
             theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), preset->name);
    text_cut(canvas, row.x + 2 + name, row.y, row.width - name - 2,
             theme_style(canvas, chosen ? ROLE_TEXT : ROLE_FAINT), preset->title);
}

static void draw_list(Canvas *canvas, Rect rect, const Listing *listing, int chosen)
{
    int first = larger(line_of(listing, chosen) - rect.height + 1, 0);
    for (int k = 0; k < listing->n; k++) {
        const PresetInfo *preset = listed(listing, k);
        int row = line_of(listing, k) - first;
        if (begins_group(listing, k) && row - 1 >= 0 && row - 1 < rect.height) {
            canvas_print(canvas, rect.x, rect.y + row - 1, rect.width,
                         theme_style(canvas, ROLE_TITLE), "%.*s", group_length(preset->name),
                         preset->name);
        }
        if (row >= 0 && row < rect.height)
            draw_preset(canvas, (Rect){rect.x, rect.y + row, rect.width, 1}, preset, k == chosen);
    }
}

/* Paragraphs, below a rule with the preset's name. Returns the rows it takes; canvas NULL: only
 * counts. */
static int put_comment(Canvas *canvas, Rect rect, const PresetInfo *preset)
{
    Canvas none = {.look = {0}}, *styled = canvas ? canvas : &none;
    char text[sizeof preset->comment], *rest = text;
    int row = 0;
    if (canvas)
        text_title(canvas, &rect, preset->name, "");
    row += text_wrap(canvas, rect, row, theme_style(styled, ROLE_STRONG), preset->title);
    snprintf(text, sizeof text, "%s", preset->comment);
    for (char *paragraph; (paragraph = strsep(&rest, "\n"));)
        row += text_wrap(canvas, rect, row, theme_style(styled, ROLE_TEXT), paragraph);
    return row + 1;
}

/* The whole comment, as long as the list keeps some rows. */
static void draw_comment(Canvas *canvas, Rect *inside, const PresetInfo *preset)
{
    enum { LIST_LEAST = 5 };
    int rows = smaller(put_comment(NULL, *inside, preset), inside->height - LIST_LEAST);
    if (rows >= 3)
        put_comment(canvas, layout_take_bottom(inside, rows), preset);
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)scene;
    const PickerState *own = state;
    Listing listing = listing_new(own);
    char title[SEARCH_SIZE + 48] = "Start a preset · type to find one";
    if (own->search[0] != '\0')
        snprintf(title, sizeof title, "Start a preset · %s▏ · %d fit", own->search, listing.n);
    Rect inside = box_draw(canvas, body, smaller(body.width, 104), body.height, title);
    if (listing.n == 0) {
        text_alone(canvas, inside,
                   own->search[0] != '\0'
                       ? "no preset fits: Backspace takes letters back"
                       : "No presets found: they lie in presets/ beside the program.");
    } else {
        int chosen = chosen_of(own, &listing);
        draw_comment(canvas, &inside, listed(&listing, chosen));
        draw_list(canvas, inside, &listing, chosen);
    }
    listing_free(&listing);
}

/* ---- Keys ---- */

static Reply start(const PresetInfo *preset, bool seeds)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
    snprintf(reply.command.text, sizeof reply.command.text, "%s%s", preset->name,
             seeds ? "\nseeds=1-5" : "");
    return reply;
}

static Reply act(void *state, const Scene *scene, Action action)
{
    (void)scene;
    PickerState *own = state;
    Reply reply = {.kind = REPLY_NONE};
    if (action == ACTION_BACK && own->search[0] == '\0')
        return (Reply){.kind = REPLY_CLOSE};
    if (action == ACTION_BACK) {
        *own = (PickerState){0};
        return reply;
    }
    Listing listing = listing_new(own);
    if (listing.n == 0) {
        reply.kind = REPLY_UNKNOWN;
    } else if (action == ACTION_FORM) {
        reply = reply_text(REPLY_FORM, listed(&listing, chosen_of(own, &listing))->name);
    } else if (action == ACTION_OPEN || action == ACTION_SEEDS) {
        reply = start(listed(&listing, chosen_of(own, &listing)), action == ACTION_SEEDS);
    } else {
        own->chosen = list_move(chosen_of(own, &listing), listing.n, action);
        own->moved = true;
    }
    listing_free(&listing);
    return reply;
}

/* Letters and the like find presets; a "/" before them, as elsewhere, begins the search. */
static Reply type(void *state, const Scene *scene, int press)
{
    (void)scene;
    PickerState *own = state;
    size_t n = strlen(own->search);
    if (press == PRESS_BACKSPACE && n > 0)
        own->search[n - 1] = '\0';
    else if (press >= ' ' && press < 127 && n + 1 < sizeof own->search)
        own->search[n] = (char)(press == '/' && n == 0 ? '\0' : press);
    else
        return (Reply){.kind = REPLY_UNKNOWN};
    own->moved = false;
    return (Reply){.kind = REPLY_NONE};
}

const View view_picker = {.name = "Presets",
                          .place = PLACE_PICKER,
                          .state_size = sizeof(PickerState),
                          .draw = draw,
                          .act = act,
                          .type = type};
