/* Owns the event loop. Draws when a key was answered, and at the pace of tempo.h when data
 * moved; sleeps otherwise. Everything on screen comes from views/, everything
 * numerical from engine/engine.h. */
#include "app/workbench/workbench.h"
#include "app/base/say.h"

#include "app/base/signals.h"
#include "app/terminal/clipboard.h"
#include "app/terminal/tempo.h"
#include "app/terminal/term.h"
#include "app/workbench/detach.h"
#include "app/workbench/file_names.h"
#include "app/workbench/launch.h"
#include "app/workbench/live.h"
#include "app/workbench/script.h"
#include "app/workbench/shown.h"
#include "engine/base/clock.h"
#include "engine/engine.h"
#include "views/screen.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double flash_s = 0.15;

enum { PRESSES = 1024 };

typedef struct Bench {
    const char *runs;
    Engine *engine;
    Term *term;
    Screen *screen;
    Canvas canvas;
    const Snapshot *snapshot;
    int signals; /* descriptor */
    Tempo tempo;
    double flash_until; /* 0: no flash */
    bool leaving, detaching;
    bool stops_with_terminal, saves_first; /* what a hang-up does */
    Leave leave;
    Status status;
} Bench;

/* ---- Drawing ---- */

/* All of it; or its text, and the pictures as they were drawn last. */
static void draw_due(Bench *bench, Due what)
{
    CanvasLook look = term_look(bench->term);
    if (bench->canvas.width != term_width(bench->term) ||
        bench->canvas.height != term_height(bench->term)) {
        canvas_done(&bench->canvas);
        canvas_init(&bench->canvas, term_width(bench->term), term_height(bench->term), &look);
    }
    bench->canvas.look = look;
    bench->canvas.calm = what == DUE_TEXT;
    screen_draw(bench->screen, bench->snapshot, &bench->canvas);
    term_show(bench->term, &bench->canvas);
    engine_watch(bench->engine, screen_run(bench->screen));
    Reply want = screen_want(bench->screen, bench->snapshot);
    if (want.kind == REPLY_SEND)
        engine_send(bench->engine, &want.command);
    else if (want.kind == REPLY_BELL)
        term_send(bench->term, "\a", 1);
    tempo_drawn(&bench->tempo, clock_s(), what);
}

static void draw(Bench *bench) { draw_due(bench, DUE_ALL); }

static void look(Bench *bench)
{
    if (bench->snapshot)
        engine_drop(bench->engine, bench->snapshot);
    bench->snapshot = engine_look(bench->engine);
    tempo_data(&bench->tempo);
}

static void leave(Bench *bench, Leave how, Status status)
{
    bench->leaving = true;
    bench->leave = how;
    bench->status = status;
}

/* The engine is to go on without us, if it is ours and has something to do. */
static void detach(Bench *bench, Leave otherwise, Status status)
{
    leave(bench, otherwise, status);
    bench->detaching = engine_owns(bench->engine) && live_any(bench->snapshot);
}

/* The terminal is lost. */
static void hang_up(Bench *bench)
{
    if (bench->stops_with_terminal)
        leave(bench, LEAVE_SAVE, STATUS_INTERRUPTED);
    else
        detach(bench, LEAVE_SAVE, STATUS_INTERRUPTED);
}

/* ---- Events ---- */

/* What is on screen, as a file. */
static void write_file(Bench *bench, const Reply *reply)
{
    char said[160];
    Error error;
    const char *path = reply->text;
    draw(bench); /* without the line that asked for it */
    Status status = shown_write(reply, &bench->canvas, bench->snapshot, &error);
    snprintf(said, sizeof said, "%.150s%s", status == STATUS_OK ? path : error.text,
             status == STATUS_OK ? " written" : "");
    screen_say(bench->screen, said);
}

/* On the clipboard, as far as the terminal has one and takes it: no terminal says whether it did.
 */
static void share(Bench *bench, const char *line)
{
    char sequence[CLIPBOARD_SIZE], said[160];
    bool fits = strlen(line) <= CLIPBOARD_TEXT;
    if (fits)
        term_send(bench->term, sequence, clipboard_sequence(line, sequence));
    snprintf(said, sizeof said,
             fits ? "copied, if this terminal lets programs copy; else :share FILE"
                  : "too long for a clipboard: :share FILE writes it");
    screen_say(bench->screen, said);
}

static void send(Bench *bench, const Reply *reply)
{
    Command command = reply->command;
    bool taken = engine_send(bench->engine, &command) != 0;
    for (int i = 0; i < reply->others && taken; i++) {
        command.run = reply->other[i];
        taken = engine_send(bench->engine, &command) != 0;
    }
    if (!taken)
        screen_say(bench->screen, "the engine is busy: press it again in a moment");
}

static void carry_out(Bench *bench, const Reply *reply)
{
    switch (reply->kind) {
    case REPLY_SEND: send(bench, reply); break;
    case REPLY_UNKNOWN:
        screen_flash(bench->screen, true);
        bench->flash_until = clock_s() + flash_s;
        break;
    case REPLY_LEAVE_SAVING: leave(bench, LEAVE_SAVE, STATUS_OK); break;
    case REPLY_LEAVE_DETACHING:
        bench->saves_first = true;
        detach(bench, LEAVE_SAVE, STATUS_OK);
        break;
    case REPLY_LEAVE_DROPPING: leave(bench, LEAVE_DROP, STATUS_OK); break;
    case REPLY_SUSPEND: term_suspend(bench->term); break;
    case REPLY_REPAINT: term_repaint(bench->term); break;
    case REPLY_GRAPHICS: term_next_graphics(bench->term); break;
    case REPLY_MOUSE:
        screen_say(bench->screen, term_toggle_mouse(bench->term)
                                      ? "mouse: click and scroll here; M gives it back"
                                      : "mouse: the terminal's own again");
        break;
    case REPLY_DISPLAY:
    case REPLY_PICTURE:
    case REPLY_SHARE_FILE:
    case REPLY_FIGURE: write_file(bench, reply); break;
    case REPLY_SHARE: share(bench, reply->line); break;
    default: break;
    }
}

static void read_keys(Bench *bench)
{
    int press[PRESSES];
    bool changed = false;
    int n = term_read(bench->term, press, PRESSES, &changed);
    if (n < 0) {
        hang_up(bench);
        return;
    }
    if (n > 0)
        tempo_key(&bench->tempo, clock_s());
    for (int i = 0; i < n && !bench->leaving; i++) {
        Reply reply = screen_press(bench->screen, bench->snapshot, press[i]);
        carry_out(bench, &reply);
    }
    if ((n > 0 || changed) && !bench->leaving)
        draw(bench);
}

/* What a scheduler sends. */
static void obey(Bench *bench, SignalSense sense)
{
    if (sense == SENSE_STOP)
        leave(bench, LEAVE_SAVE, STATUS_INTERRUPTED);
    else if (sense == SENSE_SAVE && engine_owns(bench->engine))
        live_save(bench->engine);
}

static void read_signals(Bench *bench)
{
    unsigned char number[64];
    ssize_t n = read(bench->signals, number, sizeof number);
    bool resized = false;
    for (ssize_t i = 0; i < n; i++) {
        switch (number[i]) {
        case SIGWINCH: resized = true; break;
        case SIGTSTP: term_suspend(bench->term); break;
        case SIGHUP: hang_up(bench); break;
        case SIGINT: {
            Reply reply = screen_press(bench->screen, bench->snapshot, 3);
            carry_out(bench, &reply);
            break;
        }
        default: obey(bench, signals_sense(number[i])); break;
        }
    }
    if (resized)
        term_resized(bench->term);
    if (n > 0 && !bench->leaving)
        draw(bench);
}

static int milliseconds(double seconds)
{
    return seconds <= 0 ? 0 : seconds > 60 ? 60000 : (int)(seconds * 1000) + 1;
}

static double sooner(double a, double b) { return a < 0 || (b >= 0 && b < a) ? b : a; }

/* Milliseconds; -1: for ever. While a picture is on its way data wait for it. */
static int patience(const Bench *bench)
{
    double now = clock_s(), wait = term_wait(bench->term);
    wait = sooner(wait, screen_wait(bench->screen, bench->snapshot, now));
    if (term_output(bench->term) < 0)
        wait = sooner(wait, tempo_wait(&bench->tempo, now));
    if (bench->flash_until > 0)
        wait = sooner(wait, bench->flash_until > now ? bench->flash_until - now : 0);
    return wait < 0 ? -1 : milliseconds(wait);
}

static void work_once(Bench *bench)
{
    /* clang-format off */
    struct pollfd wait[] = {
        {STDIN_FILENO,                 POLLIN,  0},
        {engine_wakeup(bench->engine), POLLIN,  0},
        {bench->signals,               POLLIN,  0},
        {term_output(bench->term),     POLLOUT, 0}
    };
    /* clang-format on */
    poll(wait, 4, patience(bench));
    if (wait[2].revents != 0)
        read_signals(bench);
    if (!bench->leaving)
        read_keys(bench); /* also when only time has passed: a lone Escape becomes a key */
    if (bench->leaving)
        return;
    if (wait[1].revents != 0)
        look(bench);
    double now = clock_s();
    bool unflash = bench->flash_until > 0 && now >= bench->flash_until;
    if (unflash) {
        bench->flash_until = 0;
        screen_flash(bench->screen, false);
    }
    Reply reply = screen_tick(bench->screen, bench->snapshot, now);
    if (reply.kind == REPLY_SEND)
        carry_out(bench, &reply);
    bool again = term_tick(bench->term) || reply.kind == REPLY_NONE;
    Due due = term_output(bench->term) < 0 ? tempo_due(&bench->tempo, now) : DUE_NOTHING;
    if (unflash || again)
        draw(bench);
    else if (due != DUE_NOTHING)
        draw_due(bench, due);
}

/* ---- Opening and leaving ---- */

/* The engine's threads must not catch the signals meant for the loop. */
static Status open_engine(Bench *bench, const Options *options, Error *error)
{
    EngineOptions engine = {.runs = options->runs,
                            .threads = options->threads > 0 ? (int)options->threads : 0,
                            .readonly = options->readonly};
    sigset_t loop = signals_caught(), before;
    pthread_sigmask(SIG_BLOCK, &loop, &before);
    Status status = engine_open(&bench->engine, &engine, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* A viewer says so at once, and what leaving means. */
static void say_owner(Bench *bench)
{
    char text[160];
    const OwnerView *owner = &bench->snapshot->owner;
    if (owner->here || owner->kind == OWNER_NONE)
        return;
    snprintf(text, sizeof text, "attached to process %ld, which goes on when you leave",
             owner->process);
    screen_say(bench->screen, text);
}

static void run(Bench *bench, const Options *options)
{
    ScreenOptions screen = {.readonly = options->readonly,
                            .files = file_name,
                            .look = options->look,
                            .fixed_clock = options->clock && strcmp(options->clock, "fixed") == 0};
    bench->screen = screen_new(&screen);
    screen_tour(bench->screen, options->lessons, options->lesson_count, options->lesson_first);
    look(bench);
    say_owner(bench);
    draw(bench);
    Error error;
    if (launch_presets(bench->engine, options, &error) != STATUS_OK)
        screen_say(bench->screen, error.text);
    while (!bench->leaving)
        work_once(bench);
    screen_free(bench->screen);
    canvas_done(&bench->canvas);
}

/* After the terminal is given back: what goes on, and how to come back to it. */
static void say_goodbye(const Bench *bench)
{
    if (!engine_owns(bench->engine)) {
        if (bench->snapshot->owner.kind != OWNER_NONE) {
            say(stderr, "process %ld goes on; come back with: ddil --runs %s\n",
                bench->snapshot->owner.process, bench->runs);
        }
        return;
    }
    for (int i = 0; i < bench->snapshot->runs; i++) {
        const RunView *view = bench->snapshot->run[i];
        if (live_is(view)) {
            say(stderr, "%s run %d %s at step %ld of %ld; go on with: ddil resume %d\n",
                bench->leave == LEAVE_SAVE ? "saving" : "leaving", view->id, view->name,
                bench->leave == LEAVE_SAVE ? view->step : view->checkpoint, view->steps, view->id);
        }
    }
}

Status workbench_main(const Options *options, Error *error)
{
    const char *hangup = options->hangup ? options->hangup : "checkpoint";
    Bench bench = {.runs = options->runs,
                   .signals = -1,
                   .stops_with_terminal = strcmp(hangup, "stop") == 0,
                   .saves_first = strcmp(hangup, "checkpoint") == 0};
    TermOptions wanted;
    if (options->script)
        return script_main(options, error);
    Status status = launch_terminal(options, &wanted, error);
    if (status == STATUS_OK)
        status = term_check(&wanted, error);
    if (status == STATUS_OK)
        status = open_engine(&bench, options, error);
    if (status != STATUS_OK)
        return status;
    status = signals_open(&bench.signals, error);
    if (status == STATUS_OK) {
        status = term_open(&bench.term, &wanted, error);
        if (status == STATUS_OK) {
            run(&bench, options);
            status = bench.status;
            term_close(bench.term);
            if (!bench.detaching)
                say_goodbye(&bench);
        }
    }
    if (bench.snapshot)
        engine_drop(bench.engine, bench.snapshot);
    Error stuck;
    if (bench.detaching && detach_engine(bench.engine, bench.runs, bench.saves_first, bench.status,
                                         &stuck) != STATUS_OK)
        fprintf(stderr, "ddil: %s; saving and leaving instead\n", stuck.text);
    if (bench.signals >= 0)
        signals_close();
    Error unsaved;
    if (engine_close(bench.engine, bench.leave, &unsaved) != STATUS_OK)
        status = fail(error, STATUS_FAILED, "%s", unsaved.text);
    return status;
}
