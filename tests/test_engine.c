/* The engine: commands and their notes, snapshots that never change, several runs at
 * once, one owner of a folder; in lock-step and with the worker thread. */
#include "engine/engine.h"
#include "tests/child.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct World {
    char runs[PATH_SIZE], pd[PATH_SIZE], lcm[PATH_SIZE]; /* folder, presets */
} World;

static int enter(void **state)
{
    World *world = calloc(1, sizeof *world);
    folder_new(world->runs);
    file_join(world->pd, world->runs, "one.ini");
    file_join(world->lcm, world->runs, "two.ini");
    tiny_preset("pd", world->pd);
    tiny_preset("lcm", world->lcm);
    *state = world;
    return 0;
}

static int leave(void **state)
{
    World *world = *state;
    folder_gone(world->runs);
    free(world);
    return 0;
}

static Engine *open_engine(const World *world, bool stepped, bool readonly)
{
    Engine *engine;
    Error error = {{0}};
    EngineOptions options = {
        .runs = world->runs, .threads = 2, .stepped = stepped, .readonly = readonly};
    if (engine_open(&engine, &options, &error))
        fail_msg("%s", error.text);
    return engine;
}

static long send(Engine *engine, CommandKind kind, int run, long number, const char *text)
{
    Command command = {.kind = kind, .run = run, .number = number};
    snprintf(command.text, sizeof command.text, "%s", text);
    return engine_send(engine, &command);
}

static const NoteView *answer(const Snapshot *snapshot, long ticket)
{
    for (int i = 0; i < snapshot->notes; i++) {
        if (snapshot->note[i].ticket == ticket)
            return &snapshot->note[i];
    }
    return NULL;
}

/* Sends in lock-step and returns the answer's status. */
static Status ask(Engine *engine, CommandKind kind, int run, long number,
                  const char *text)
{
    long ticket = send(engine, kind, run, number, text);
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    const NoteView *note = answer(snapshot, ticket);
    assert_non_null(note);
    assert_true(strlen(note->text) > 0);
    Status status = note->status;
    engine_drop(engine, snapshot);
    return status;
}

static void assert_answer(Engine *engine, long ticket, const char *word)
{
    const Snapshot *snapshot = engine_look(engine);
    const NoteView *note = answer(snapshot, ticket);
    assert_non_null(note);
    if (!strstr(note->text, word))
        fail_msg("\"%s\" lacks \"%s\"", note->text, word);
    engine_drop(engine, snapshot);
}

/* Waits for a snapshot in which `holds` is true, 60 s at most. */
static const Snapshot *wait_until(Engine *engine,
                                  bool (*holds)(const Snapshot *snapshot, long number),
                                  long number)
{
    for (int tries = 0; tries < 600; tries++) {
        const Snapshot *snapshot = engine_look(engine);
        if (holds(snapshot, number))
            return snapshot;
        engine_drop(engine, snapshot);
        struct pollfd wait = {.fd = engine_wakeup(engine), .events = POLLIN};
        poll(&wait, 1, 100);
    }
    fail_msg("waited in vain");
    return NULL;
}

static bool answered(const Snapshot *snapshot, long ticket)
{
    return answer(snapshot, ticket) != NULL;
}

static bool all_reach(const Snapshot *snapshot, long step)
{
    for (int i = 0; i < snapshot->runs; i++) {
        if (snapshot->run[i]->step < step)
            return false;
    }
    return snapshot->runs > 0;
}

static bool first_has_state(const Snapshot *snapshot, long wanted)
{
    return snapshot->runs > 0 && (long)snapshot->run[0]->state == wanted;
}

/* ---- Lock-step
 * --------------------------------------------------------------------------------------------------
 */

static void test_an_empty_folder_is_an_empty_snapshot(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 0);
    assert_int_equal(snapshot->notes, 0);
    assert_int_equal(engine_advance(engine, 10), 0);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE);
}

static void test_runs_take_turns(void **state)
{
    World *world = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = open_engine(world, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, world->pd), STATUS_OK);
    snprintf(text, sizeof text,
             "%.900s\nname=second\nrun.seed=3\n\n optimizer.lr = 0.002 \n", world->lcm);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    assert_int_equal(engine_advance(engine, 40), 40);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 2);
    const RunView *one = snapshot->run[0], *two = snapshot->run[1];
    assert_string_equal(one->name, "one");
    assert_string_equal(two->name, "second");
    assert_int_equal(one->state, RUN_LIVE);
    assert_true(one->step > 5 && two->step > 5 && labs(one->step - two->step) <= 2);
    assert_true(one->loss_terms >= 5 && isfinite(one->loss) && isfinite(one->shift));
    assert_string_equal(two->method, "lcm");
    assert_int_equal(two->samples.n, 512);
    assert_non_null(two->samples.teacher);
    const ParamInfoView *param;
    int n = engine_params(&param), seen = 0;
    assert_int_equal(n, two->params);
    for (int i = 0; i < n; i++) {
        if (strcmp(param[i].section, "run") == 0 && strcmp(param[i].key, "seed") == 0)
            seen += strcmp(two->param[i], "3") == 0;
        if (strcmp(param[i].section, "optimizer") == 0 && strcmp(param[i].key, "lr") == 0)
            seen += strcmp(two->param[i], "0.002") == 0;
    }
    assert_int_equal(seen, 2);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP);
}

/* What a run computes does not depend on who else is running. */
static void test_company_changes_nothing(void **state)
{
    World *world = *state;
    char text[COMMAND_TEXT_SIZE], alone[PATH_SIZE], together[PATH_SIZE];
    Engine *engine = open_engine(world, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, world->pd), STATUS_OK);
    assert_int_equal(engine_advance(engine, 30), 30);
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    snprintf(text, sizeof text, "%.900s\nname=again", world->pd);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, world->lcm), STATUS_OK);
    assert_int_equal(engine_advance(engine, 60), 60);
    engine_close(engine, LEAVE_DROP);
    assert_same_logs(file_join(alone, world->runs, "0001-one"),
                     file_join(together, world->runs, "0002-again"));
}

static void test_pause_step_start(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, world->pd), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 4, ""), STATUS_OK);
    while (engine_advance(engine, 1))
        continue;
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->step, 4);
    assert_int_equal(snapshot->run[0]->state, RUN_PAUSED);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_OK);
    assert_int_equal(engine_advance(engine, 2), 2);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 1, 0, ""), STATUS_OK);
    assert_int_equal(engine_advance(engine, 2), 0);
    assert_int_equal(ask(engine, COMMAND_START, 7, 0, ""), STATUS_BAD_INPUT);
    engine_close(engine, LEAVE_SAVE);
}

static void test_set_save_note_fork_delete(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, world->pd), STATUS_OK);
    engine_advance(engine, 12);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "optimizer.lr=0.0005"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "optimizer.lr=x"), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, 0, "hello"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_SAVE, 1, 0, ""), STATUS_OK);
    assert_int_equal(
        ask(engine, COMMAND_FORK, 1, -1, "name=child\nsource.beta_student=1"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_FORK, 1, 3, ""), STATUS_BAD_INPUT);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 2);
    assert_string_equal(snapshot->run[1]->name, "child");
    assert_int_equal(snapshot->run[1]->parent, 1);
    assert_int_equal(snapshot->run[1]->step, snapshot->run[0]->step);
    assert_int_equal(snapshot->run[0]->marks, 2);
    assert_string_equal(snapshot->run[0]->mark[1].text, "note: hello");
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_DELETE, 2, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 2, 0, ""), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_DELETE, 2, 0, ""), STATUS_OK);
    char child[PATH_SIZE];
    assert_false(file_exists(file_join(child, world->runs, "0002-child")));
    engine_close(engine, LEAVE_SAVE);
}

static void test_bad_presets_are_answered(void **state)
{
    World *world = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = open_engine(world, true, false);
    int before = folder_entries(world->runs);
    long ticket = send(engine, COMMAND_NEW, 0, 0, "no-such-preset");
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "no-such-preset");
    snprintf(text, sizeof text, "%.900s\nrun.stepz=4", world->pd);
    ticket = send(engine, COMMAND_NEW, 0, 0, text);
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "run.steps");
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, (CommandKind)99, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(folder_entries(world->runs), before);
    engine_close(engine, LEAVE_SAVE);
}

static void test_a_full_queue_gives_no_ticket(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    int sent = 0;
    while (send(engine, COMMAND_START, 1, 0, "") > 0)
        sent++;
    assert_true(sent >= 16);
    engine_advance(engine, 0);
    assert_true(send(engine, COMMAND_START, 1, 0, "") > 0);
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->notes, NOTES_MAX);
    assert_int_equal(snapshot->note[NOTES_MAX - 1].ticket, sent + 1);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE);
}

static void test_a_snapshot_never_changes(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    ask(engine, COMMAND_NEW, 0, 0, world->pd);
    engine_advance(engine, 20);
    const Snapshot *old = engine_look(engine);
    const RunView *view = old->run[0];
    RunView copy = *view;
    Series loss = view->term[0].series;
    size_t floats = (size_t)(view->samples.steps + 1) * (size_t)view->samples.n * 2;
    float *samples = malloc(floats * sizeof(float));
    memcpy(samples, view->samples.student, floats * sizeof(float));
    engine_advance(engine, 30);
    const Snapshot *new = engine_look(engine);
    assert_true(new->serial > old->serial &&new->run[0]->step > copy.step);
    assert_memory_equal(view, &copy, sizeof copy);
    assert_memory_equal(&view->term[0].series, &loss, sizeof loss);
    assert_memory_equal(view->samples.student, samples, floats * sizeof(float));
    free(samples);
    engine_drop(engine, new);
    engine_close(engine, LEAVE_DROP); /* a snapshot outlives its engine */
    assert_memory_equal(view, &copy, sizeof copy);
    engine_drop(NULL, old);
}

static void test_unchanged_runs_are_shared(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    ask(engine, COMMAND_NEW, 0, 0, world->pd);
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    ask(engine, COMMAND_NEW, 0, 0, world->lcm);
    const Snapshot *old = engine_look(engine);
    engine_advance(engine, 6);
    const Snapshot *new = engine_look(engine);
    assert_ptr_equal(old->run[0], new->run[0]);
    assert_ptr_not_equal(old->run[1], new->run[1]);
    engine_drop(engine, old);
    engine_drop(engine, new);
    engine_close(engine, LEAVE_DROP);
}

static void test_leaving_saves_and_coming_back_resumes(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    ask(engine, COMMAND_NEW, 0, 0, world->pd);
    ask(engine, COMMAND_STEP, 1, 10, "");
    while (engine_advance(engine, 1))
        continue;
    ask(engine, COMMAND_START, 1, 0, "");
    engine_close(engine, LEAVE_SAVE);
    engine = open_engine(world, true, false);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 1);
    assert_int_equal(snapshot->run[0]->state, RUN_PAUSED);
    assert_int_equal(snapshot->run[0]->checkpoint, 10);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, 0, "from outside"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_OK);
    engine_advance(engine, 1);
    snapshot = engine_look(engine);
    assert_true(snapshot->run[0]->step >= 10);
    assert_int_equal(snapshot->run[0]->marks, 1);
    engine_drop(engine, snapshot);
    while (engine_advance(engine, 100))
        continue;
    snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->state, RUN_DONE);
    assert_int_equal(snapshot->run[0]->step, 23);
    assert_true(snapshot->run[0]->metrics > 0);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "run.steps=25"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 1, ""), STATUS_OK);
    while (engine_advance(engine, 1))
        continue;
    snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->step, 24);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE);
}

/* ---- One owner
 * --------------------------------------------------------------------------------------------------
 */

static void test_a_folder_has_one_engine(void **state)
{
    World *world = *state;
    Engine *second;
    Error error = {{0}};
    Engine *engine = open_engine(world, true, false);
    EngineOptions options = {.runs = world->runs, .threads = 1, .stepped = true};
    assert_int_equal(engine_open(&second, &options, &error), STATUS_BLOCKED);
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_non_null(strstr(error.text, pid));
    assert_non_null(strstr(error.text, "--runs"));
    ask(engine, COMMAND_NEW, 0, 0, world->pd);
    Engine *viewer = open_engine(world, true, true);
    const Snapshot *snapshot = engine_look(viewer);
    assert_int_equal(snapshot->runs, 1);
    assert_int_equal(snapshot->run[0]->state, RUN_LIVE);
    engine_drop(viewer, snapshot);
    assert_int_equal(ask(viewer, COMMAND_PAUSE, 1, 0, ""), STATUS_BAD_INPUT);
    engine_advance(engine, 20);
    engine_advance(viewer, 0);
    snapshot = engine_look(viewer);
    assert_true(snapshot->run[0]->step > 0);
    engine_drop(viewer, snapshot);
    engine_close(viewer, LEAVE_SAVE);
    engine_close(engine, LEAVE_DROP);
}

static void test_a_folder_that_cannot_be_is_refused(void **state)
{
    World *world = *state;
    Engine *engine;
    Error error = {{0}};
    EngineOptions options = {.runs = world->pd, .threads = 1}; /* a file */
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
    assert_null(engine);
    options = (EngineOptions){.runs = "/proc/nowhere/runs", .threads = 1};
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
    options.readonly = true;
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
}

/* Tries to run there once it is told to. */
static int intrude(const World *world, int signal)
{
    char byte;
    Config config;
    Run *run;
    Error error = {{0}};
    if (read(signal, &byte, 1) != 1)
        return 1;
    tiny_config(&config, "pd");
    Status status = run_create(&run, world->runs, "x", &config, crew_new(1), &error);
    return status == STATUS_BLOCKED && strstr(error.text, "--runs") ? 42 : 2;
}

/* Another process cannot run there while the engine owns the folder. It is forked before
 * there are threads. */
static void test_headless_runs_keep_out(void **state)
{
    World *world = *state;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(intrude(world, ends[0]));
    Engine *engine = open_engine(world, true, false);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);
    engine_close(engine, LEAVE_DROP);
    close(ends[0]);
    close(ends[1]);
}

/* ---- The worker thread
 * ------------------------------------------------------------------------------------------
 */

static void test_the_worker_works(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, false, false);
    send(engine, COMMAND_NEW, 0, 0, world->pd);
    long ticket = send(engine, COMMAND_NEW, 0, 0, world->lcm);
    engine_drop(engine, wait_until(engine, answered, ticket));
    engine_drop(engine, wait_until(engine, all_reach, 3));
    ticket = send(engine, COMMAND_PAUSE, 1, 0, "");
    engine_drop(engine, wait_until(engine, answered, ticket));
    const Snapshot *snapshot = wait_until(engine, first_has_state, RUN_PAUSED);
    long step = snapshot->run[0]->step;
    engine_drop(engine, snapshot);
    ticket = send(engine, COMMAND_STEP, 1, 2, "");
    engine_drop(engine, wait_until(engine, answered, ticket));
    snapshot = wait_until(engine, first_has_state, RUN_PAUSED);
    assert_int_equal(snapshot->run[0]->step, step + 2);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE);
    char path[PATH_SIZE];
    const RunView *view = run_view_read(file_join(path, world->runs, "0001-one"), NULL);
    assert_int_equal(view->checkpoint, step + 2);
    assert_int_equal(view->state, RUN_PAUSED);
    run_view_drop(view);
}

/* The descriptor becomes readable with a newer snapshot, and is quiet after a look. */
static void test_the_descriptor_says_when(void **state)
{
    World *world = *state;
    Engine *engine = open_engine(world, true, false);
    struct pollfd wait = {.fd = engine_wakeup(engine), .events = POLLIN};
    engine_drop(engine, engine_look(engine));
    assert_int_equal(poll(&wait, 1, 0), 0);
    send(engine, COMMAND_START, 1, 0, "");
    engine_advance(engine, 0);
    send(engine, COMMAND_START, 1, 0, "");
    engine_advance(engine, 0);
    assert_int_equal(poll(&wait, 1, 0), 1);
    engine_drop(engine, engine_look(engine));
    assert_int_equal(poll(&wait, 1, 0), 0);
    assert_int_equal(engine_advance(engine, 5), 0);
    assert_int_equal(poll(&wait, 1, 0), 0); /* nothing changed */
    engine_close(engine, LEAVE_SAVE);
}

static void test_closing_is_safe_at_any_moment(void **state)
{
    World *world = *state;
    for (int i = 0; i < 4; i++) {
        Engine *engine = open_engine(world, false, false);
        send(engine, i ? COMMAND_START : COMMAND_NEW, 1, 0, world->pd);
        wait_a_while(0.02 * i);
        engine_close(engine, i % 2 ? LEAVE_SAVE : LEAVE_DROP);
    }
}

static void test_presets_are_listed_with_titles(void **state)
{
    (void)state;
    PresetInfo *preset;
    int n = engine_presets(&preset);
    for (int i = 0; i < n; i++) {
        assert_true(strlen(preset[i].title) > 0);
        assert_true(i == 0 || strcmp(preset[i - 1].name, preset[i].name) < 0);
        assert_true(file_exists(preset[i].path));
    }
    free(preset);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_folder_is_an_empty_snapshot),
        TEST(test_runs_take_turns),
        TEST(test_company_changes_nothing),
        TEST(test_pause_step_start),
        TEST(test_set_save_note_fork_delete),
        TEST(test_bad_presets_are_answered),
        TEST(test_a_full_queue_gives_no_ticket),
        TEST(test_a_snapshot_never_changes),
        TEST(test_unchanged_runs_are_shared),
        TEST(test_leaving_saves_and_coming_back_resumes),
        TEST(test_a_folder_has_one_engine),
        TEST(test_a_folder_that_cannot_be_is_refused),
        TEST(test_headless_runs_keep_out),
        TEST(test_the_worker_works),
        TEST(test_the_descriptor_says_when),
        TEST(test_closing_is_safe_at_any_moment),
        TEST(test_presets_are_listed_with_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
