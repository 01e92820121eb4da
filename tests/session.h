/* The whole program at the far end of a line, for tests: what is typed to it, what it shows, how it
 * ends. $DDIL names the program. Call from tests only: it asserts. */
#ifndef DDIL_TESTS_SESSION_H
#define DDIL_TESTS_SESSION_H

#include "app/terminal/sixel.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <vterm.h>

/* Bytes under way, in the order they arrive. */
typedef struct Way {
    Bytes bytes;
    size_t taken;
    double due; /* when the first that have not arrived do, and those behind them by their rate */
    double last;
} Way;

typedef struct Session {
    int master, slave;
    pid_t process; /* 0: ended */
    int code;
    VTerm *terminal;
    VTermScreen *screen;
    char runs[256]; /* a folder of its own */
    double lag_s;   /* each way */
    double bytes_per_s;
    Way out, back;
    size_t shown; /* bytes that arrived at the screen */
} Session;

/* A fast line, and a runs folder that does not exist yet. */
void session_begin(Session *session);
/* ddil with arguments (NULL last) and --runs, on 100 x 30 cells. */
void session_start(Session *session, const char *const *arguments);
/* In one write. */
void session_type(Session *session, const char *bytes);
/* Waits until the screen holds `text`, at most a minute. */
bool session_shows(Session *session, const char *text);
/* Waits until so many bytes have arrived at the screen, or its end. */
void session_wait_for_bytes(Session *session, size_t n);
/* Waits for its end, at most a minute: the exit code, 128 and the signal, or -1. */
int session_ends(Session *session);
/* What lies unread in the terminal's input once the line is quiet: what a shell would read next. */
size_t session_left(Session *session, char *text, size_t size);
/* Does a file below the folder hold the text? */
bool session_file_holds(const Session *session, const char *file, const char *text);
void session_finish(Session *session);

#endif
