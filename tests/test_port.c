/* The port: its hostile guests, its versions, and a viewer that steers through it. */
#include "engine/base/clock.h"
#include "engine/base/rng.h"
#include "engine/port/port_lines.h"
#include "engine/port/port_socket.h"
#include "tests/child.h"
#include "tests/engines.h"
#include "tests/near.h"
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Guests ---- */

static int visit(const Place *place)
{
    int guest = -1;
    for (int i = 0; i < 400 && guest < 0; i++) { /* many at once may have to queue */
        guest = socket_connect(place->runs);
        if (guest < 0)
            wait_a_while(0.01);
    }
    assert_true(guest >= 0);
    return guest;
}

/* Reads until `word` came or the connection ended; what was read. */
static const char *hear(int guest, char *text, size_t size, const char *word)
{
    size_t used = 0;
    text[0] = 0;
    while (!strstr(text, word) && used + 1 < size) {
        struct pollfd wait = {.fd = guest, .events = POLLIN};
        if (poll(&wait, 1, 20000) != 1)
            fail_msg("no answer with \"%s\" but \"%s\"", word, text);
        ssize_t n = recv(guest, text + used, size - 1 - used, 0);
        if (n <= 0)
            break;
        used += (size_t)n;
        text[used] = 0;
    }
    return text;
}

static void say(int guest, const char *text)
{
    assert_int_equal(send(guest, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void test_the_socket_is_private_and_leaves_with_its_owner(void **state)
{
    Place *place = *state;
    char path[PATH_SIZE], text[4096];
    struct stat info;
    Engine *engine = place_open(place, false, false);
    assert_int_equal(stat(file_join(path, place->runs, ".socket"), &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0600);
    int guest = visit(place);
    say(guest, "hello steer\n");
    assert_non_null(strstr(hear(guest, text, sizeof text, "\n"), "workbench"));
    engine_close(engine, LEAVE_DROP, NULL);
    assert_false(file_exists(path));
    assert_int_equal(recv(guest, text, sizeof text, 0), 0);
    close(guest);
}

/* A socket's address holds 108 bytes; folders may lie deeper. */
static void test_a_deep_folder_has_a_port_too(void **state)
{
    Place *place = *state, deep = *place;
    char text[4096];
    for (int i = 0; i < 8; i++)
        strcat(deep.runs, "/a-folder-with-a-long-name");
    Engine *engine = place_open(&deep, false, false);
    int guest = visit(&deep);
    say(guest, "status\n");
    hear(guest, text, sizeof text, "end ");
    close(guest);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_nonsense_is_answered_and_survived(void **state)
{
    Place *place = *state;
    char text[4096], junk[LINE_SIZE + 200];
    Engine *engine = place_open(place, false, false);
    int guest = visit(place);
    say(guest, "what is this\n");
    assert_non_null(strstr(hear(guest, text, sizeof text, "\n"), "error"));
    assert_int_equal(send(guest, "stat\0us\n", 8, MSG_NOSIGNAL), 8);
    assert_non_null(strstr(hear(guest, text, sizeof text, "\n"), "error"));
    say(guest, "do 5 pause 99 0 \n");
    assert_non_null(strstr(hear(guest, text, sizeof text, "\n"), "note 5 2 99"));
    memset(junk, 'x', sizeof junk); /* no end in sight: the connection ends */
    send(guest, junk, sizeof junk, MSG_NOSIGNAL);
    assert_non_null(strstr(hear(guest, text, sizeof text, "too long"), "too long"));
    while (recv(guest, text, sizeof text, MSG_DONTWAIT) > 0 ||
           poll(&(struct pollfd){guest, POLLIN, 0}, 1, 0) == 0)
        continue;
    close(guest);
    guest = visit(place); /* the next guest is served */
    say(guest, "status\n");
    hear(guest, text, sizeof text, "end ");
    close(guest);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_random_bytes_are_survived(void **state)
{
    Place *place = *state;
    char bytes[512], text[4096];
    Engine *engine = place_open(place, false, false);
    for (int round = 0; round < 200; round++) {
        Rng rng = rng_at(11, STREAM_SAMPLE, (uint64_t)round);
        int guest = visit(place);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = rng_below(&rng, 20) ? (char)rng_below(&rng, 256) : '\n';
        send(guest, bytes, sizeof bytes, MSG_NOSIGNAL);
        close(guest);
    }
    int guest = visit(place);
    say(guest, "status\n");
    hear(guest, text, sizeof text, "end ");
    close(guest);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* More than there is room for: the last are told, nobody else is hurt. */
static void test_a_crowd_is_bounded(void **state)
{
    Place *place = *state;
    enum { CROWD = 40 };
    int guest[CROWD], refused = 0;
    char text[4096];
    Engine *engine = place_open(place, false, false);
    for (int i = 0; i < CROWD; i++) {
        guest[i] = visit(place);
        send(guest[i], "hello look\n", 11, MSG_NOSIGNAL);
    }
    for (int i = 0; i < CROWD; i++)
        refused += !!strstr(hear(guest[i], text, sizeof text, "\n"), "full");
    assert_int_equal(refused, CROWD - 32);
    assert_int_equal(engine_viewers(engine), 32);
    for (int i = 0; i < CROWD; i++)
        close(guest[i]);
    for (int i = 0; engine_viewers(engine) > 0; i++) {
        assert_true(i < 200);
        wait_a_while(0.05);
    }
    engine_close(engine, LEAVE_DROP, NULL);
}

/* Somebody who asks and never listens fills his own ears only: the run goes on. */
static void test_a_deaf_guest_stops_nobody(void **state)
{
    Place *place = *state;
    char command[COMMAND_TEXT_SIZE];
    Engine *engine = place_open(place, false, false);
    int deaf = visit(place);
    for (int i = 0; i < 20000; i++)
        if (send(deaf, "bla\nstatus\n", 11, MSG_NOSIGNAL) < 0)
            break; /* no room left: as deaf as can be */
    snprintf(command, sizeof command, "%.900s\nrun.steps=1000000", place->pd);
    tell(engine, COMMAND_NEW, 0, 0, command);
    for (int i = 0;; i++) {
        const Snapshot *snapshot = engine_look(engine);
        bool going = snapshot->runs > 0 && snapshot->run[0]->step > 20;
        engine_drop(engine, snapshot);
        if (going)
            break;
        assert_true(i < 600);
        wait_a_while(0.05);
    }
    close(deaf);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* ---- Viewers ---- */

/* The owner's newest snapshot when `holds`; the test fails after a minute. */
static const Snapshot *viewer_until(Engine *viewer, bool (*holds)(const Snapshot *, long),
                                    long number)
{
    double limit = clock_s() + 60;
    for (;;) {
        engine_advance(viewer, 0);
        const Snapshot *snapshot = engine_look(viewer);
        if (holds(snapshot, number))
            return snapshot;
        engine_drop(viewer, snapshot);
        assert_true(clock_s() < limit);
        wait_a_while(0.02);
    }
}

static bool has_answer(const Snapshot *snapshot, long ticket) { return answer(snapshot, ticket); }

static bool has_runs(const Snapshot *snapshot, long n) { return snapshot->runs == n; }

static bool first_is(const Snapshot *snapshot, long state)
{
    return snapshot->runs > 0 && (long)snapshot->run[0]->state == state;
}

static bool first_passed(const Snapshot *snapshot, long step)
{
    return snapshot->runs > 0 && snapshot->run[0]->step > step;
}

static Status ask_owner(Engine *viewer, CommandKind kind, int run, long number, const char *text)
{
    long ticket = tell(viewer, kind, run, number, text);
    const Snapshot *snapshot = viewer_until(viewer, has_answer, ticket);
    Status status = answer(snapshot, ticket)->status;
    engine_drop(viewer, snapshot);
    return status;
}

static void assert_same_views(const RunView *a, const RunView *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->checkpoint, b->checkpoint);
    assert_int_equal(a->loss_terms, b->loss_terms);
    for (int i = 0; i < a->loss_terms; i++) {
        assert_string_equal(a->term[i].name, b->term[i].name);
        assert_same_series(a->term[i].series, b->term[i].series);
    }
    assert_int_equal(a->shift_view.columns, b->shift_view.columns);
    size_t cells = (size_t)a->shift_view.columns * (size_t)a->shift_view.rows;
    assert_memory_equal(a->shift_view.own, b->shift_view.own, cells * sizeof(float));
    assert_int_equal(a->marks, b->marks);
    for (int i = 0; i < a->marks; i++)
        assert_string_equal(a->mark[i].text, b->mark[i].text);
    assert_int_equal(a->params, b->params);
    for (int i = 0; i < a->params; i++)
        assert_string_equal(a->param[i], b->param[i]);
    assert_string_equal(a->note, b->note);
}

static void test_a_viewer_steers_everything(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *owner = place_open(place, false, false);
    Engine *viewer = place_open(place, true, false);
    assert_true(engine_owns(owner));
    assert_false(engine_owns(viewer));
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000000\nrun.log_every=1", place->pd);
    assert_int_equal(ask_owner(viewer, COMMAND_NEW, 0, 0, text), STATUS_OK);
    const Snapshot *snapshot = viewer_until(viewer, first_passed, 5);
    assert_int_equal(snapshot->owner.kind, OWNER_WORKBENCH);
    assert_int_equal(snapshot->owner.process, getpid());
    assert_int_equal(snapshot->owner.viewers, 1);
    assert_false(snapshot->owner.here);
    assert_true(isfinite(snapshot->run[0]->loss));
    engine_drop(viewer, snapshot);
    assert_int_equal(ask_owner(viewer, COMMAND_PAUSE, 1, 0, ""), STATUS_OK);
    snapshot = viewer_until(viewer, first_is, RUN_PAUSED);
    long step = snapshot->run[0]->step;
    engine_drop(viewer, snapshot);
    assert_int_equal(ask_owner(viewer, COMMAND_STEP, 1, 3, ""), STATUS_OK);
    engine_drop(viewer, viewer_until(viewer, first_passed, step + 2));
    engine_drop(viewer, viewer_until(viewer, first_is, RUN_PAUSED));
    assert_int_equal(ask_owner(viewer, COMMAND_SET, 1, 0, "optimizer.lr=0.002"), STATUS_OK);
    assert_int_equal(ask_owner(viewer, COMMAND_SET, 1, 0, "optimizer.lr=mad"), STATUS_BAD_INPUT);
    assert_int_equal(ask_owner(viewer, COMMAND_NOTE, 1, 0, "a, \"note\" of \\ mine"), STATUS_OK);
    assert_int_equal(ask_owner(viewer, COMMAND_SAVE, 1, 0, ""), STATUS_OK);
    assert_int_equal(ask_owner(viewer, COMMAND_FORK, 1, -1, "name=child\noptimizer.lr=0.003"),
                     STATUS_OK);
    engine_drop(viewer, viewer_until(viewer, has_runs, 2));
    assert_int_equal(ask_owner(viewer, COMMAND_PAUSE, 2, 0, ""), STATUS_OK);
    assert_int_equal(ask_owner(viewer, COMMAND_DELETE, 2, 0, ""), STATUS_OK);
    snapshot = viewer_until(viewer, has_runs, 1);
    const Snapshot *truth = engine_look(owner);
    assert_same_views(truth->run[0], snapshot->run[0]);
    engine_drop(owner, truth);
    engine_drop(viewer, snapshot);
    assert_int_equal(ask_owner(viewer, COMMAND_START, 1, 0, ""), STATUS_OK);
    engine_drop(viewer, viewer_until(viewer, first_is, RUN_LIVE));
    engine_close(viewer, LEAVE_SAVE, NULL);
    engine_close(owner, LEAVE_DROP, NULL);
}

static void test_who_looks_sends_nothing(void **state)
{
    Place *place = *state;
    char text[4096];
    Engine *owner = place_open(place, false, false);
    Engine *viewer = place_open(place, true, true);
    assert_int_equal(ask_owner(viewer, COMMAND_NEW, 0, 0, place->pd), STATUS_BAD_INPUT);
    int guest = visit(place); /* nor does one that only says it will not */
    say(guest, "hello look\ndo 3 new 0 0 ring-pd\n");
    assert_non_null(strstr(hear(guest, text, sizeof text, "note 3"), "note 3 2"));
    const Snapshot *snapshot = engine_look(owner);
    assert_int_equal(snapshot->runs, 0);
    engine_drop(owner, snapshot);
    close(guest);
    engine_close(viewer, LEAVE_SAVE, NULL);
    engine_close(owner, LEAVE_DROP, NULL);
}

static void test_versions_are_told(void **state)
{
    Place *place = *state;
    char text[4096];
    Engine *owner = place_open(place, false, false);
    int guest = visit(place);
    say(guest, "hello look 99\n"); /* newer: refused, and may say it again */
    assert_non_null(strstr(hear(guest, text, sizeof text, "\n"), "up to version"));
    assert_int_equal(engine_viewers(owner), 0);
    say(guest, "hello look\n"); /* of ddil 0.1 */
    hear(guest, text, sizeof text, "workbench");
    assert_int_equal(engine_viewers(owner), 1);
    close(guest);
    engine_close(owner, LEAVE_DROP, NULL);
}

/* Answers as ddil 0.1 does, and more than that. */
static void *old_owner(void *context)
{
    int guest, door = *(const int *)context;
    char line[LINE_SIZE];
    size_t used = 0;
    poll(&(struct pollfd){door, POLLIN, 0}, 1, 20000);
    guest = accept(door, NULL, NULL);
    while (guest >= 0 && used < sizeof line && recv(guest, line + used, 1, 0) == 1) {
        if (line[used++] != '\n')
            continue;
        line[used - 1] = 0;
        used = 0;
        if (strcmp(line, "hello look") == 0)
            say(guest, "owner 4711 headless 1\n");
        else if (strncmp(line, "hello", 5) == 0)
            say(guest, "error \"hello\" is not of the form: hello steer|look\n");
        else
            say(guest, "sparkle 1\nowner 4711 headless 1\nsparkle 2\nend 1 0 0\n");
    }
    close(guest);
    return NULL;
}

static void test_an_older_owner_is_understood(void **state)
{
    Place *place = *state;
    pthread_t thread;
    int door, wondered = 0;
    Error error = {{0}};
    assert_int_equal(file_make_folder(place->runs, &error), STATUS_OK);
    assert_int_equal(socket_listen(place->runs, &door, &error), STATUS_OK);
    assert_int_equal(pthread_create(&thread, NULL, old_owner, &door), 0);
    Engine *viewer = place_open(place, true, true);
    engine_advance(viewer, 1);
    const Snapshot *snapshot = engine_look(viewer);
    assert_int_equal(snapshot->owner.kind, OWNER_HEADLESS);
    assert_int_equal(snapshot->owner.process, 4711);
    for (int i = 0; i < snapshot->notes; i++)
        wondered += !!strstr(snapshot->note[i].text, "sparkle");
    assert_int_equal(wondered, 1);
    assert_int_equal(snapshot->notes, 1);
    engine_drop(viewer, snapshot);
    engine_close(viewer, LEAVE_SAVE, NULL);
    pthread_join(thread, NULL);
    close(door);
}

/* The owner leaves: who only looks says so, keeps showing, and finds the next owner. */
static bool owner_is(const Snapshot *snapshot, long kind)
{
    return (long)snapshot->owner.kind == kind;
}

static void test_owners_come_and_go(void **state)
{
    Place *place = *state;
    Engine *owner = place_open(place, false, false);
    tell(owner, COMMAND_NEW, 0, 0, place->pd);
    Engine *viewer = place_open(place, true, true);
    engine_drop(viewer, viewer_until(viewer, has_runs, 1));
    engine_close(owner, LEAVE_SAVE, NULL);
    const Snapshot *snapshot = viewer_until(viewer, owner_is, OWNER_NONE);
    assert_int_equal(snapshot->runs, 1);
    engine_drop(viewer, snapshot);
    assert_int_equal(ask_owner(viewer, COMMAND_START, 1, 0, ""), STATUS_BAD_INPUT);
    owner = place_open(place, false, false);
    engine_headless(owner);
    engine_drop(viewer, viewer_until(viewer, owner_is, OWNER_HEADLESS));
    assert_false(engine_owns(viewer));
    engine_close(viewer, LEAVE_SAVE, NULL);
    engine_close(owner, LEAVE_DROP, NULL);
}

/* Who may steer takes the folder over, in lock-step and with a worker. */
static bool owner_is_here(const Snapshot *snapshot, long here)
{
    return snapshot->owner.here == here;
}

static void until_it_owns(Engine *engine)
{
    double limit = clock_s() + 60;
    while (!engine_owns(engine)) {
        assert_true(clock_s() < limit);
        wait_a_while(0.02);
    }
}

static void test_a_viewer_inherits(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *first = place_open(place, false, false);
    Engine *second = place_open(place, false, false);
    assert_false(engine_owns(second));
    engine_close(first, LEAVE_SAVE, NULL);
    until_it_owns(second);
    Engine *third = place_open(place, true, false); /* finds the new owner, steers, inherits */
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000000", place->pd);
    assert_int_equal(ask_owner(third, COMMAND_NEW, 0, 0, text), STATUS_OK);
    engine_drop(third, viewer_until(third, first_passed, 5));
    engine_close(second, LEAVE_SAVE, NULL);
    engine_drop(third, viewer_until(third, owner_is_here, true));
    assert_int_equal(ask(third, COMMAND_START, 1, 0, ""), STATUS_OK);
    const Snapshot *snapshot = engine_look(third);
    long step = snapshot->run[0]->step;
    engine_drop(third, snapshot);
    engine_advance(third, 20);
    snapshot = engine_look(third);
    assert_true(snapshot->run[0]->step > step);
    engine_drop(third, snapshot);
    engine_close(third, LEAVE_SAVE, NULL);
}

static void test_a_flood_of_notes_is_dammed(void **state)
{
    Place *place = *state;
    static char text[1 << 16];
    int refused = 0, tag = 1;
    Engine *owner = place_open(place, false, false);
    int guest = visit(place);
    for (; tag <= 100; tag++) {
        snprintf(text, sizeof text, "do %d note 7 -1 again\n", tag);
        say(guest, text);
        snprintf(text + 1000, 100, "note %d 2", tag);
        hear(guest, text, 900, text + 1000);
        refused += !!strstr(text, "too many notes");
    }
    assert_true(refused >= 60); /* a slow machine may take a few seconds for it */
    close(guest);
    engine_close(owner, LEAVE_DROP, NULL);
}

/* Parked and unparked, as when a process forks: nothing is lost. */
static void test_an_engine_can_be_parked(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *owner = place_open(place, false, false);
    Engine *viewer = place_open(place, true, false);
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000000", place->pd);
    assert_int_equal(ask_owner(viewer, COMMAND_NEW, 0, 0, text), STATUS_OK);
    engine_park(owner);
    const Snapshot *snapshot = engine_look(owner);
    engine_drop(owner, snapshot);
    assert_int_equal(engine_unpark(owner, NULL), STATUS_OK);
    engine_drop(viewer, viewer_until(viewer, first_passed, 50));
    engine_close(viewer, LEAVE_SAVE, NULL);
    engine_close(owner, LEAVE_DROP, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_the_socket_is_private_and_leaves_with_its_owner),
        TEST(test_a_deep_folder_has_a_port_too),
        TEST(test_nonsense_is_answered_and_survived),
        TEST(test_random_bytes_are_survived),
        TEST(test_a_crowd_is_bounded),
        TEST(test_a_deaf_guest_stops_nobody),
        TEST(test_a_viewer_steers_everything),
        TEST(test_who_looks_sends_nothing),
        TEST(test_versions_are_told),
        TEST(test_an_older_owner_is_understood),
        TEST(test_owners_come_and_go),
        TEST(test_a_viewer_inherits),
        TEST(test_a_flood_of_notes_is_dammed),
        TEST(test_an_engine_can_be_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
