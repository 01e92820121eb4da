/* Owns the script's loop. See script.h. */
#include "app/workbench/script.h"

#include "app/terminal/term.h"
#include "app/workbench/dump.h"
#include "app/workbench/file_names.h"
#include "app/workbench/launch.h"
#include "app/workbench/shown.h"
#include "engine/base/clock.h"
#include "engine/base/number.h"
#include "engine/engine.h"
#include "views/model/filter.h"
#include "views/model/keys.h"
#include "views/screen.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 1024, PATIENCE = 1000000 };

typedef struct Script {
    const char *path;
    int line;
    Engine *engine;
    const Snapshot *snapshot;
    Screen *screen;
    Canvas canvas;
    CanvasLook look;
    Term *term; /* NULL: nobody watches */
    double now; /* the screen's clock: goes on a little after every line */
    bool over;  /* :quit */
} Script;

static Status at_line(const Script *script, Status status, const char *what, const char *text,
                      Error *error)
{
    return fail(error, status, "%s:%d: %s%.300s", script->path, script->line, what, text);
}

/* ---- The stage ---- */

static void look(Script *script)
{
    engine_drop(script->engine, script->snapshot);
    script->snapshot = engine_look(script->engine);
}

static void draw(Script *script)
{
    screen_draw(script->screen, script->snapshot, &script->canvas);
    Reply want = screen_want(script->screen, script->snapshot);
    if (want.kind == REPLY_SEND) {
        engine_send(script->engine, &want.command);
        engine_advance(script->engine, 0);
        look(script);
        screen_draw(script->screen, script->snapshot, &script->canvas);
    }
    if (script->term)
        term_show(script->term, &script->canvas);
}

/* Lets the terminal take its pictures, and time pass. */
static void linger(Script *script, double seconds)
{
    int press[256];
    bool changed;
    for (double end = clock_s() + seconds; script->term && clock_s() < end;) {
        poll(NULL, 0, 5);
        term_read(script->term, press, 256, &changed);
        if (term_tick(script->term) || changed) {
            script->canvas.look = term_look(script->term);
            draw(script);
        }
    }
}

static void resize(Script *script, int width, int height)
{
    canvas_done(&script->canvas);
    canvas_init(&script->canvas, width, height, &script->look);
}

/* Work without showing it: n quanta at most. */
static int advance(Script *script, int n)
{
    int done = engine_advance(script->engine, n);
    look(script);
    return done;
}

/* The cursor rests after a line: the engine hears what is looked at. */
static void rest(Script *script)
{
    enum { TICKS = 2 };
    for (int i = 0; i < TICKS; i++) {
        Reply reply = screen_tick(script->screen, script->snapshot, script->now);
        script->now += 0.2;
        if (reply.kind == REPLY_SEND) {
            engine_send(script->engine, &reply.command);
            advance(script, 0);
        }
        if (reply.kind != REPLY_UNKNOWN)
            draw(script);
    }
}

/* ---- Waiting ---- */

static const RunView *chosen(const Script *script)
{
    int id = screen_run(script->screen);
    for (int i = 0; i < script->snapshot->runs; i++)
        if (script->snapshot->run[i]->id == id)
            return script->snapshot->run[i];
    return NULL;
}

/* Besides the values of the chosen run: runs, how many there are. */
static bool value_of(const void *context, const char *name, FilterValue *value)
{
    const Script *script = context;
    const RunView *run = chosen(script);
    if (strcmp(name, "runs") == 0) {
        filter_number(value, script->snapshot->runs);
        return true;
    }
    if (run)
        return filter_run(run, name, value);
    filter_text(value, "");
    return true;
}

static int holds(const Script *script, const char *condition, char *why, size_t size)
{
    return filter_holds(condition, value_of, script, why, size);
}

static Status wait_for(Script *script, const char *text, Error *error)
{
    bool idle = strcmp(text, "idle") == 0;
    char why[200] = "";
    double shown = clock_s();
    for (long n = 0;; n++) {
        int held = idle ? 0 : holds(script, text, why, sizeof why);
        if (held != 0) {
            draw(script);
            return held > 0 ? STATUS_OK
                            : at_line(script, STATUS_BAD_INPUT, "wait for what? ", why, error);
        }
        int done = advance(script, 1);
        if (done == 0 && idle) {
            draw(script);
            return STATUS_OK;
        }
        if (n > PATIENCE || (done == 0 && holds(script, text, why, sizeof why) == 0))
            return at_line(script, STATUS_FAILED, "never came: ", text, error);
        if (script->term && clock_s() - shown > 0.1) {
            draw(script);
            linger(script, 0.01);
            shown = clock_s();
        }
    }
}

/* ---- What a line does ---- */

static bool on_screen(const Script *script, const char *text)
{
    char *screen = NULL;
    size_t size;
    FILE *out = open_memstream(&screen, &size);
    need(out);
    dump_text(&script->canvas, out);
    fclose(out);
    bool found = strstr(need(screen), text);
    free(screen);
    return found;
}

/* The answer to a command sent, should it be a refusal. */
static Status answer(Script *script, long ticket, Error *error)
{
    engine_advance(script->engine, 0);
    look(script);
    for (int i = 0; i < script->snapshot->notes; i++) {
        const NoteView *note = &script->snapshot->note[i];
        if (note->ticket == ticket && note->status != STATUS_OK)
            return at_line(script, STATUS_FAILED, "", note->text, error);
    }
    return STATUS_OK;
}

static Status send_all(Script *script, const Reply *reply, Error *error)
{
    Command command = reply->command;
    Status status = answer(script, engine_send(script->engine, &command), error);
    for (int i = 0; i < reply->others && !status; i++) {
        command.run = reply->other[i];
        status = answer(script, engine_send(script->engine, &command), error);
    }
    return status;
}

static Status carry_out(Script *script, const Reply *reply, Error *error)
{
    Error why;
    Status status = STATUS_OK;
    switch (reply->kind) {
    case REPLY_SEND: return send_all(script, reply, error);
    case REPLY_UNKNOWN:
        return at_line(script, STATUS_FAILED, "a key that means nothing here", "", error);
    case REPLY_DISPLAY:
    case REPLY_PICTURE:
    case REPLY_SHARE_FILE:
    case REPLY_FIGURE:
        draw(script);
        status = shown_write(reply, &script->canvas, script->snapshot, &why);
        return status == STATUS_OK ? status : at_line(script, status, "", why.text, error);
    case REPLY_SHARE: screen_say(script->screen, reply->line); break;
    case REPLY_LEAVE_SAVING:
    case REPLY_LEAVE_DROPPING: script->over = true; break;
    default: break;
    }
    return STATUS_OK;
}

static Status press(Script *script, int key, Error *error)
{
    Reply reply = screen_press(script->screen, script->snapshot, key);
    Status status = carry_out(script, &reply, error);
    draw(script);
    linger(script, 0.15);
    return status;
}

/* "<Enter>" at *text, moving on; or the character there. */
static int next_key(const char **text)
{
    static const struct {
        const char *name;
        int press;
        /* clang-format off */
    } names[] = {
        {"<Enter>",     PRESS_ENTER    },
        {"<Esc>",       PRESS_ESCAPE   },
        {"<Tab>",       PRESS_TAB      },
        {"<BackTab>",   PRESS_BACK_TAB },
        {"<Space>",     ' '            },
        {"<Up>",        PRESS_UP       },
        {"<Down>",      PRESS_DOWN     },
        {"<Left>",      PRESS_LEFT     },
        {"<Right>",     PRESS_RIGHT    },
        {"<Home>",      PRESS_HOME     },
        {"<End>",       PRESS_END      },
        {"<PgUp>",      PRESS_PAGE_UP  },
        {"<PgDn>",      PRESS_PAGE_DOWN},
        {"<lt>",        '<'            },
        {"<Backspace>", PRESS_BACKSPACE},
    };
    /* clang-format on */
    for (size_t i = 0; **text == '<' && i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i].name);
        if (strncmp(*text, names[i].name, n) == 0) {
            *text += n;
            return names[i].press;
        }
    }
    return (unsigned char)*(*text)++;
}

static Status type(Script *script, const char *text, Error *error)
{
    Status status = STATUS_OK;
    while (*text != '\0' && status == STATUS_OK && !script->over)
        status = press(script, next_key(&text), error);
    return status;
}

/* ":word ..." that only scripts know; *known tells whether it was one. */
static Status own_word(Script *script, char *line, bool *known, Error *error)
{
    char *text = line + strcspn(line, " ");
    int width, height, count;
    double seconds;
    *known = true;
    if (*text != '\0')
        *text++ = '\0';
    if (strcmp(line, ":wait") == 0)
        return wait_for(script, text, error);
    if (strcmp(line, ":advance") == 0) {
        advance(script, number_int(text, 0, INT_MAX, &count) ? count : 0);
        draw(script);
        return STATUS_OK;
    }
    if (strcmp(line, ":expect") == 0 || strcmp(line, ":reject") == 0) {
        bool wanted = line[1] == 'e';
        return on_screen(script, text) == wanted
                   ? STATUS_OK
                   : at_line(script, STATUS_FAILED,
                             wanted ? "not on screen: " : "on screen: ", text, error);
    }
    if (strcmp(line, ":try") == 0) {
        for (const char *keys = text; *keys != '\0' && !script->over;)
            press(script, next_key(&keys), NULL);
        return STATUS_OK;
    }
    if (strcmp(line, ":sleep") == 0) {
        seconds = number_real(text, &seconds) ? seconds : 0;
        script->now += seconds;
        linger(script, seconds);
        return STATUS_OK;
    }
    if (strcmp(line, ":resize") == 0 && number_pair(text, 1000, &width, &height)) {
        resize(script, width, height);
        draw(script);
        return STATUS_OK;
    }
    *known = false;
    if (text > line && text[-1] == '\0')
        text[-1] = ' ';
    return STATUS_OK;
}

static Status do_line(Script *script, char *line, Error *error)
{
    bool known;
    char whole[LINE];
    line[strcspn(line, "\r\n")] = '\0';
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return STATUS_OK;
    if (*line != ':' || line[1] == ':') /* "::word" types the colon itself */
        return type(script, line + (*line == ':'), error);
    snprintf(whole, sizeof whole, "%s", line);
    Status status = own_word(script, line, &known, error);
    if (known)
        return status;
    Reply reply = screen_command(script->screen, script->snapshot, whole + 1);
    if (reply.kind == REPLY_REFUSED)
        return at_line(script, STATUS_FAILED, "", reply.say, error);
    status = carry_out(script, &reply, error);
    draw(script);
    linger(script, 0.3);
    return status;
}

static Status play(Script *script, FILE *file, Error *error)
{
    char line[LINE];
    Status status = STATUS_OK;
    while (status == STATUS_OK && !script->over && fgets(line, sizeof line, file)) {
        script->line++;
        if (!strchr(line, '\n') && !feof(file))
            return at_line(script, STATUS_BAD_INPUT, "a line of over 1,000 characters", "", error);
        status = do_line(script, line, error);
        if (status == STATUS_OK && !script->over)
            rest(script);
    }
    if (status == STATUS_OK && ferror(file))
        return fail(error, status_of(errno), "--script %s: %s", script->path, strerror(errno));
    return status;
}

/* ---- Opening ---- */

static CanvasLook look_without_terminal(const Options *options)
{
    static const char *const names[] = {"sixel", "blocks", "ascii", "off"};
    CanvasLook look = {.colours = options->mono ? COLOURS_NONE : COLOURS_256,
                       .graphics = GRAPHICS_BLOCKS,
                       .cell_width = 10,
                       .cell_height = 20,
                       .remark = "script"};
    for (int i = 0; i < 4 && options->graphics; i++)
        look.graphics = strcmp(options->graphics, names[i]) == 0 ? (Graphics)i : look.graphics;
    if (options->graphics && strcmp(options->graphics, "kitty") == 0)
        look.graphics = GRAPHICS_SIXEL; /* pixels either way */
    look.ascii = look.graphics == GRAPHICS_ASCII;
    return look;
}

static Status open_stage(Script *script, const Options *options, Error *error)
{
    TermOptions wanted;
    Status status = launch_terminal(options, &wanted, error);
    if (status != STATUS_OK)
        return status;
    bool watched = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    script->look = look_without_terminal(options);
    int width = wanted.width > 0 ? wanted.width : 80,
        height = wanted.height > 0 ? wanted.height : 24;
    if (watched) {
        status = term_open(&script->term, &wanted, error);
        if (status != STATUS_OK)
            return status;
        width = term_width(script->term);
        height = term_height(script->term);
        script->look = term_look(script->term);
    }
    canvas_init(&script->canvas, width, height, &script->look);
    linger(script, 0.4); /* the terminal says what it can do */
    return STATUS_OK;
}

static Status perform(Script *script, const Options *options, FILE *file, Error *error)
{
    script->screen = screen_new(
        &(ScreenOptions){.look = options->look,
                         .files = file_name,
                         .readonly = options->readonly,
                         .fixed_clock = !options->clock || strcmp(options->clock, "fixed") == 0});
    screen_tour(script->screen, options->lessons, options->lesson_count, options->lesson_first);
    script->snapshot = engine_look(script->engine);
    Status status = open_stage(script, options, error);
    if (status == STATUS_OK) {
        status = launch_presets(script->engine, options, error);
        advance(script, 0);
        draw(script);
        status = status == STATUS_OK ? play(script, file, error) : status;
        if (script->term)
            term_close(script->term);
        canvas_done(&script->canvas);
    }
    engine_drop(script->engine, script->snapshot);
    screen_free(script->screen);
    return status;
}

Status script_main(const Options *options, Error *error)
{
    Script script = {.path = options->script};
    FILE *file = fopen(options->script, "r");
    if (!file)
        return fail(error, status_of(errno), "--script %s: %s", options->script, strerror(errno));
    EngineOptions engine = {.runs = options->runs,
                            .threads = options->threads > 0 ? (int)options->threads : 0,
                            .readonly = options->readonly,
                            .stepped = true};
    Status status = engine_open(&script.engine, &engine, error);
    if (status == STATUS_OK) {
        status = perform(&script, options, file, error);
        Error unsaved;
        if (engine_close(script.engine, LEAVE_SAVE, &unsaved) != STATUS_OK && status == STATUS_OK)
            status = fail(error, STATUS_FAILED, "%s", unsaved.text);
    }
    fclose(file);
    return status;
}
