/* The whole screen: tabs, rails, the view in front, a layer over it, timeline, status,
 * hints. Everything a person sees and presses, without a terminal, a clock or an engine,
 * so that tests can drive it. */
#ifndef DDIL_SCREEN_H
#define DDIL_SCREEN_H

#include "views/draw/canvas.h"
#include "views/model/keys.h"
#include "views/model/reply.h"
#include "views/model/session.h"

typedef struct Screen Screen;

typedef struct ScreenOptions {
    bool readonly;    /* keys that steer are refused */
    bool fixed_clock; /* leave out what depends on the clock */
    FileNames *files; /* completes names of files; NULL: nobody does */
    const char *look; /* commands divided by ';' for the first run that appears; NULL: none */
} ScreenOptions;

/* Heap; free gives it back. */
Screen *screen_new(const ScreenOptions *options);
void screen_free(Screen *screen);

/* Everything, on a canvas of any size. */
void screen_draw(Screen *screen, const Snapshot *snapshot, Canvas *canvas);

/* Answers a key press. REPLY_NONE, REPLY_UNKNOWN and REPLY_SEND leave only drawing and
 * sending to the caller; the REPLY_LEAVE kinds, REPLY_SUSPEND, REPLY_REPAINT and
 * REPLY_GRAPHICS are the caller's to carry out. */
Reply screen_press(Screen *screen, const Snapshot *snapshot, int press);

/* Carries out a line as typed behind ':'. REPLY_REFUSED says what is wrong. */
Reply screen_command(Screen *screen, const Snapshot *snapshot, const char *line);
/* RunView.id of the chosen run, 0: none. */
int screen_run(const Screen *screen);
/* What time does; `now` is any clock that only goes on, in seconds. REPLY_SEND: send it;
 * REPLY_NONE: draw again; REPLY_UNKNOWN: nothing changed. */
Reply screen_tick(Screen *screen, const Snapshot *snapshot, double now);
/* Seconds until screen_tick has something to do; negative: nothing to wait for. */
double screen_wait(Screen *screen, const Snapshot *snapshot, double now);

/* Begins with lesson `first` of `n` (borrowed). */
struct Lesson;
void screen_tour(Screen *screen, const struct Lesson *lessons, int n, int first);
/* What the screen wants done of itself: a lesson's run sent, the bell rung (REPLY_BELL). Ask after
 * each drawing. */
Reply screen_want(Screen *screen, const Snapshot *snapshot);

/* A key meant nothing: the hints bar shows it until switched off. */
void screen_flash(Screen *screen, bool on);
/* A remark of the program itself for the status row ("" for none). */
void screen_say(Screen *screen, const char *text);

#endif
