/* A density drawn with mouse or keys, and a run on it: data.drawn of the preset drawn-pd-ddil. */
#include "views/draw/box.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/view.h"
#include <stdio.h>

/* A cell is two characters wide: about a square. All of it is one parameter's text. */
enum { WIDTH = 16, HEIGHT = 10, CELL = 2, MOST = 9 };
enum { BOX_WIDTH = WIDTH * CELL + 4, BOX_HEIGHT = HEIGHT + 2 };

typedef struct DrawingState {
    unsigned char level[HEIGHT][WIDTH]; /* 0 .. MOST */
    int x, y;
    bool begun; /* else the pen is in the middle */
} DrawingState;

static void begin(DrawingState *own)
{
    if (own->begun)
        return;
    own->x = WIDTH / 2;
    own->y = HEIGHT / 2;
    own->begun = true;
}

static Rect box_of(Rect body)
{
    Rect inside = box_inside(body, BOX_WIDTH, BOX_HEIGHT);
    return (Rect){inside.x, inside.y, WIDTH * CELL, HEIGHT};
}

/* ---- Drawing ---- */

static const char *shade(int level)
{
    static const char *const shades[] = {"·", "░", "▒", "▓", "█"};
    return shades[(4 * level + MOST - 1) / MOST];
}

static void draw_cell(Canvas *canvas, const DrawingState *own, Rect rect, int x, int y)
{
    int level = own->level[y][x], at = rect.x + CELL * x;
    Style style = theme_style(canvas, level ? ROLE_LINE : ROLE_FAINT);
    canvas_text(canvas, at, rect.y + y, 1, style, shade(level));
    canvas_text(canvas, at + 1, rect.y + y, 1, style, level ? shade(level) : " ");
    if (x == own->x && y == own->y)
        canvas_text(canvas, at, rect.y + y, 1, theme_style(canvas, ROLE_CURSOR), "▸");
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)scene;
    DrawingState own = *(const DrawingState *)state;
    begin(&own);
    Rect inside = box_draw(canvas, body, BOX_WIDTH, BOX_HEIGHT, "Draw where data are"),
         rect = box_of(body);
    for (int y = 0; y < HEIGHT && y < inside.height; y++)
        for (int x = 0; x < WIDTH; x++)
            draw_cell(canvas, &own, rect, x, y);
}

/* ---- Keys and mouse ---- */

/* More, or less, at a cell and half as much beside it. */
static void dab(DrawingState *own, int by)
{
    for (int y = own->y - 1; y <= own->y + 1; y++)
        for (int x = own->x - 1; x <= own->x + 1; x++) {
            if (x < 0 || x >= WIDTH || y < 0 || y >= HEIGHT || (x != own->x && y != own->y))
                continue;
            int more = x == own->x && y == own->y ? by : by / 2;
            own->level[y][x] = (unsigned char)clamp(own->level[y][x] + more, 0, MOST);
        }
}

static void move(DrawingState *own, int dx, int dy)
{
    own->x = clamp(own->x + dx, 0, WIDTH - 1);
    own->y = clamp(own->y + dy, 0, HEIGHT - 1);
}

static bool is_empty(const DrawingState *own)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            if (own->level[y][x])
                return false;
    return true;
}

static Reply start(const DrawingState *own)
{
    Reply reply = {.kind = REPLY_SEND, .command = {.kind = COMMAND_NEW}};
    char *text = reply.command.text;
    if (is_empty(own))
        return reply_say(REPLY_NONE, "nothing is drawn yet: Space, or the mouse");
    int used = snprintf(text, sizeof reply.command.text, "drawn-pd-ddil\ndata.drawn=");
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++)
            text[used++] = (char)('0' + own->level[y][x]);
        text[used++] = y < HEIGHT - 1 ? '/' : '\0';
    }
    return reply;
}

static Reply act(void *state, const Scene *scene, Action action)
{
    enum { BY = 4 };
    (void)scene;
    DrawingState *own = state;
    begin(own);
    switch (action) {
    case ACTION_UP: move(own, 0, -1); break;
    case ACTION_DOWN: move(own, 0, 1); break;
    case ACTION_LEFT: move(own, -1, 0); break;
    case ACTION_RIGHT: move(own, 1, 0); break;
    case ACTION_DAB: dab(own, BY); break;
    case ACTION_RUB: dab(own, -BY); break;
    case ACTION_CLEAR: *own = (DrawingState){0}; break;
    case ACTION_OPEN: return start(own);
    case ACTION_BACK: return (Reply){.kind = REPLY_CLOSE};
    default: return (Reply){.kind = REPLY_UNKNOWN};
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply mouse(void *state, const Scene *scene, Rect body, int press)
{
    enum { BY = 2 };
    (void)scene;
    DrawingState *own = state;
    Rect rect = box_of(body);
    int x = mouse_x(press) - rect.x, y = mouse_y(press) - rect.y;
    MouseKind kind = mouse_kind(press);
    if (x < 0 || x >= rect.width || y < 0 || y >= rect.height)
        return (Reply){.kind = REPLY_NONE};
    own->begun = true;
    own->x = x / CELL;
    own->y = y;
    dab(own, kind == MOUSE_WHEEL_DOWN ? -BY : BY);
    return (Reply){.kind = REPLY_NONE};
}

const View view_drawing = {.name = "Draw",
                           .place = PLACE_DRAWING,
                           .state_size = sizeof(DrawingState),
                           .draw = draw,
                           .act = act,
                           .mouse = mouse};
