/* Owns the line and the far end of it. */
#define _GNU_SOURCE
#include "tests/session.h"

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail

enum { COLUMNS = 100, ROWS = 30, UNDER_WAY = 64 * 1024, ARGUMENTS = 24 };
static const double limit_s = 60;

/* ---- The line ---- */

static void send_on(Way *way, const char *bytes, size_t n, double lag)
{
    if (way->taken == way->bytes.n)
        way->due = clock_s() + lag > way->last ? clock_s() + lag : way->last;
    bytes_add(&way->bytes, bytes, n);
}

/* How many have arrived by now. */
static size_t arrived(const Way *way, double bytes_per_s)
{
    double late = clock_s() - way->due;
    size_t left = way->bytes.n - way->taken;
    if (late < 0 || left == 0)
        return 0;
    double n = bytes_per_s > 0 ? late * bytes_per_s + 1 : (double)left;
    return n < (double)left ? (size_t)n : left;
}

static void take(Way *way, size_t n, double bytes_per_s)
{
    way->taken += n;
    way->due += bytes_per_s > 0 ? (double)n / bytes_per_s : 0;
    way->last = way->due;
    if (way->taken == way->bytes.n)
        way->bytes.n = way->taken = 0;
}

/* One turn: what has arrived is taken, at either end. */
static void carry(Session *session)
{
    char bytes[4096];
    struct pollfd from = {session->master, POLLIN, 0};
    poll(&from, 1, 2);
    while (session->out.bytes.n - session->out.taken < UNDER_WAY && poll(&from, 1, 0) > 0) {
        ssize_t n = read(session->master, bytes, sizeof bytes);
        if (n <= 0)
            break;
        send_on(&session->out, bytes, (size_t)n, session->lag_s);
    }
    size_t n = arrived(&session->out, session->bytes_per_s);
    vterm_input_write(session->terminal, session->out.bytes.data + session->out.taken, n);
    take(&session->out, n, session->bytes_per_s);
    session->shown += n;
    n = arrived(&session->back, 0);
    if (n > 0 && write(session->master, session->back.bytes.data + session->back.taken, n) > 0)
        take(&session->back, n, 0);
}

static void answer(const char *bytes, size_t n, void *context)
{
    Session *session = context;
    send_on(&session->back, bytes, n, session->lag_s);
}

/* ---- The program ---- */

void session_begin(Session *session)
{
    *session = (Session){.master = -1, .slave = -1};
    const char *folder = getenv("TMPDIR");
    snprintf(session->runs, sizeof session->runs, "%s/session.XXXXXX", folder ? folder : "/tmp");
    assert_non_null(mkdtemp(session->runs));
}

static void become(const Session *session, const char *const *arguments)
{
    const char *word[ARGUMENTS + 4] = {getenv("DDIL") ? getenv("DDIL") : "./ddil"};
    int n = 1;
    while (*arguments && n < ARGUMENTS)
        word[n++] = *arguments++;
    word[n++] = "--runs";
    word[n++] = session->runs;
    setsid();
    ioctl(session->slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(session->slave, fd);
    close(session->master);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("TMUX");
    unsetenv("NO_COLOR");
    execv(word[0], (char *const *)word);
    _exit(127);
}

void session_start(Session *session, const char *const *arguments)
{
    struct winsize size = {.ws_col = COLUMNS, .ws_row = ROWS};
    if (session->master < 0) {
        assert_int_equal(openpty(&session->master, &session->slave, NULL, NULL, &size), 0);
        session->terminal = vterm_new(ROWS, COLUMNS);
        vterm_set_utf8(session->terminal, 1);
        vterm_output_set_callback(session->terminal, answer, session);
        session->screen = vterm_obtain_screen(session->terminal);
        vterm_screen_enable_altscreen(session->screen, 1);
        vterm_screen_reset(session->screen, 1);
    }
    fflush(NULL);
    session->process = fork();
    assert_true(session->process >= 0);
    if (session->process == 0)
        become(session, arguments);
}

void session_type(Session *session, const char *bytes)
{
    send_on(&session->back, bytes, strlen(bytes), session->lag_s);
    carry(session);
}

static bool on_screen(const Session *session, const char *text)
{
    char row[4 * COLUMNS + 1];
    for (int y = 0; y < ROWS; y++) {
        VTermRect rect = {.start_row = y, .end_row = y + 1, .start_col = 0, .end_col = COLUMNS};
        size_t n = vterm_screen_get_text(session->screen, row, sizeof row - 1, rect);
        row[n] = '\0';
        if (strstr(row, text))
            return true;
    }
    return false;
}

bool session_shows(Session *session, const char *text)
{
    double until = clock_s() + limit_s;
    while (!on_screen(session, text) && clock_s() < until)
        carry(session);
    return on_screen(session, text);
}

static bool has_ended(Session *session)
{
    int status;
    if (session->process == 0 || waitpid(session->process, &status, WNOHANG) != session->process)
        return session->process == 0;
    session->process = 0;
    session->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

void session_wait_for_bytes(Session *session, size_t n)
{
    double until = clock_s() + limit_s;
    while (session->shown < n && !has_ended(session) && clock_s() < until)
        carry(session);
}

int session_ends(Session *session)
{
    double until = clock_s() + limit_s;
    while (!has_ended(session) && clock_s() < until)
        carry(session);
    return session->process == 0 ? session->code : -1;
}

static bool under_way(const Session *session)
{
    struct pollfd from = {session->master, POLLIN, 0};
    return session->out.bytes.n > 0 || session->back.bytes.n > 0 || poll(&from, 1, 0) > 0;
}

size_t session_left(Session *session, char *text, size_t size)
{
    struct termios raw;
    while (under_way(session))
        carry(session);
    tcgetattr(session->slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(session->slave, TCSANOW, &raw);
    fcntl(session->slave, F_SETFL, O_NONBLOCK);
    ssize_t n = read(session->slave, text, size - 1);
    n = n > 0 ? n : 0;
    text[n] = '\0';
    return (size_t)n;
}

bool session_file_holds(const Session *session, const char *file, const char *text)
{
    char path[512], *data = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", session->runs, file);
    bool found =
        file_read(path, (size_t)1 << 24, &data, &size, NULL) == STATUS_OK && strstr(data, text);
    free(data);
    return found;
}

void session_finish(Session *session)
{
    char command[512];
    if (!has_ended(session)) {
        kill(session->process, SIGKILL);
        waitpid(session->process, NULL, 0);
    }
    if (session->terminal)
        vterm_free(session->terminal);
    if (session->master >= 0) {
        close(session->master);
        close(session->slave);
    }
    bytes_done(&session->out.bytes);
    bytes_done(&session->back.bytes);
    snprintf(command, sizeof command, "rm -rf '%s'", session->runs);
    assert_int_equal(system(command), 0);
}
