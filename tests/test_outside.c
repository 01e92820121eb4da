/* What other programs may put into a folder of runs: each thing that can be wrong there is said in
 * the news of its own run, once; the other runs show what they showed; nothing that a terminal
 * would obey comes out. Time is the test's own: a turn is a second. */
#include "engine/base/plain.h"
#include "tests/engines.h"
#include "tests/near.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static double now = 1000;
double __wrap_clock_s(void);
double __wrap_clock_s(void) { return now; }

enum { STEPS = 60, CALM = 1, FIRST = 2 };
static const char GARBAGE[] = "\x1b[31m\xff\xfe,\x01\x9b,,\"\x1b]0;x\x07\n\x80\xc3\n";
static const char TABLE[] = "section,key,type,default,low,high,choices,unit,help,applies\n";

/* ---- A folder as external.md says ---- */

typedef struct Outside {
    char runs[PATH_SIZE];
    Engine *engine;
} Outside;

static void path_of(const Outside *at, int id, const char *file, char path[PATH_SIZE])
{
    char name[PATH_SIZE];
    snprintf(name, sizeof name, "%04d-run/%s", id, file);
    file_join(path, at->runs, name);
}

/* Beside and renamed, or at the end. */
static void put(const Outside *at, int id, const char *file, const char *text, size_t size,
                bool append)
{
    char path[PATH_SIZE], beside[PATH_SIZE + 8];
    path_of(at, id, file, path);
    snprintf(beside, sizeof beside, "%s%s", path, append ? "" : ".new");
    FILE *out = fopen(beside, append ? "ab" : "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    if (!append)
        assert_int_equal(rename(beside, path), 0);
}

static void add(const Outside *at, int id, const char *file, const char *text)
{
    put(at, id, file, text, strlen(text), true);
}

static void set(const Outside *at, int id, const char *file, const char *text)
{
    put(at, id, file, text, strlen(text), false);
}

static void set_owner(const Outside *at, int id, const char *host, const char *token, int beat)
{
    char line[256];
    snprintf(line, sizeof line, "ddil-owner 1 %s %ld %s %d live %d 9.5 -1\n", host, (long)getpid(),
             token, beat, STEPS);
    set(at, id, "owner", line);
}

static void make_run(const Outside *at, int id)
{
    char path[PATH_SIZE], row[64];
    path_of(at, id, "", path);
    assert_int_equal(mkdir(path, 0777), 0);
    path_of(at, id, "samples", path);
    assert_int_equal(mkdir(path, 0777), 0);
    set(at, id, "params.csv", TABLE);
    add(at, id, "params.csv", "optimizer,lr,real,0.1,0,1,,,Rate.,next step\n");
    set(at, id, "metrics.csv", "step,loss,grad_norm,lr,extra\n");
    for (int step = 1; step <= STEPS; step++) {
        snprintf(row, sizeof row, "%d,%g,0.5,0.1,%d\n", step, 1.0 / step, step % 7);
        add(at, id, "metrics.csv", row);
    }
    set(at, id, "shift.csv",
        "step,i,time,own,forward,ratio,low,high,mmd2,mmd2_null95,mmd2_teacher,"
        "paired,mmd2_teacher_null95\n"
        "50,2,1,.1,.1,1,nan,nan,nan,nan,nan,nan,nan\n"
        "50,1,.5,.2,.1,2,nan,nan,nan,nan,nan,nan,nan\n");
    set(at, id, "events.csv", "step,clock,text\n0,2026-01-01T00:00:00Z,state: live\n");
    set(at, id, "times.csv",
        "step,clock,steps_per_s,nfe,shift_nfe\n"
        "50,2026-01-01T00:00:00Z,9.5,nan,nan\n");
    set(at, id, "checkpoints.csv", "step,clock,path,params\n");
    set(at, id, "commands", "");
    set(at, id, "answers", "");
    set_owner(at, id, "elsewhere", "aaaa", 1);
    set(at, id, "run.ini",
        "# external: 1\n[run]\nmethod = external\nsteps = 600\n"
        "[optimizer]\nlr = 0.1\n");
}

/* ---- What is wrong ---- */

#define TEN(x) x "0," x "1," x "2," x "3," x "4," x "5," x "6," x "7," x "8," x "9"
#define MANY                                                                                       \
    "step,loss,grad_norm,lr," TEN("a") "," TEN("b") "," TEN("c") "," TEN("d") "," TEN(             \
        "e") "," TEN("f") "\n"

typedef enum How { ADD, SET } How;
typedef struct Case {
    const char *name, *file, *text;
    How how;
    const char *news; /* of that run; NULL: there is nothing to be said */
} Case;

/* clang-format off */
static const Case cases[] = {
    {"garbage as run.ini", "run.ini", GARBAGE, SET, "run.ini makes no sense"},
    {"garbage in run.ini", "run.ini", GARBAGE, ADD, NULL},
    {"garbage as params.csv", "params.csv", GARBAGE, SET, "params.csv:1: the header names too few"},
    {"garbage as metrics.csv", "metrics.csv", GARBAGE, SET, "metrics.csv: a row"},
    {"garbage in metrics.csv", "metrics.csv", GARBAGE, ADD, "metrics.csv: a row of"},
    {"garbage in shift.csv", "shift.csv", GARBAGE, ADD, "shift.csv: a row of"},
    {"garbage in events.csv", "events.csv", GARBAGE, ADD, "events.csv: a row"},
    {"garbage in times.csv", "times.csv", GARBAGE, ADD, "times.csv: a row of"},
    {"garbage in checkpoints.csv", "checkpoints.csv", GARBAGE, ADD, "checkpoints.csv: a row"},
    {"garbage as owner", "owner", GARBAGE, SET, "owner: this is no line of a trainer"},
    {"garbage as samples", "samples/latest.safetensors", GARBAGE, SET, "these are no samples"},
    {"garbage in the mailbox", "commands", GARBAGE, ADD, NULL},
    {"garbage as answers", "answers", GARBAGE, ADD, NULL},
    {"garbage as output", "output.log", GARBAGE, SET, NULL},
    {"a half-written line", "metrics.csv", "61,0.5,0.", ADD, NULL},
    {"a range turned round", "params.csv", "net,width,int,5,9,2,,,Width.,fork only\n", ADD, "net.width has a range whose low is above its high"},
    {"a default out of range", "params.csv", "net,width,int,99,1,9,,,Width.,fork only\n", ADD, "net.width has a default that is no value"},
    {"a choice without choices", "params.csv", "net,kind,choice,a,0,0,,,Kind.,fork only\n", ADD, "net.kind is a choice without choices"},
    {"a parameter twice", "params.csv", "optimizer,lr,real,0.2,0,1,,,Rate.,next step\n", ADD, "optimizer.lr stands there twice"},
    {"an unknown type", "params.csv", "net,kind,colour,a,0,0,,,Kind.,fork only\n", ADD, "net.kind has no type"},
    {"a value out of range", "run.ini", "[optimizer]\nlr = 7\n", ADD, "optimizer.lr = 7"},
    {"more metrics than are shown", "metrics.csv", MANY, SET, "more metrics than the first 38"},
    {"NaN and infinity", "metrics.csv", "61,nan,inf,-inf,nan\n", ADD, NULL},
    {"NaN and infinity as shift", "shift.csv", "60,1,nan,inf,-inf,nan,nan,nan,inf,nan,nan,nan,nan\n", ADD, NULL},
    {"a step that goes backwards", "metrics.csv", "5,1,1,1,1\n", ADD, "metrics.csv: step 5 follows step 60"},
    {"a clock an hour behind", "events.csv", "60,2025-12-31T23:00:00Z,note: late\n", ADD, NULL},
    {"a newer client", "run.ini", "# external: 2\n[run]\nmethod = external\n", SET, "of version 2, this program is older"},
    {"an older client", "run.ini", "# external: 0\n[run]\nmethod = external\n", SET, "of version 0, this program is newer"},
    {"an owner's line of a newer client", "owner", "ddil-owner 2 elsewhere 1 cccc 9 live 60 nan -1 more of it\n", SET, "trained it, is gone"},
    {"a column of a newer client", "params.csv", "section,key,type,default,low,high,choices,unit,help,applies,colour\n", SET, NULL},
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof *cases };

/* ---- Turns ---- */

static void turn(const Outside *at)
{
    now += 1;
    engine_advance(at->engine, 0);
}

static bool plain(const char *text)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", text);
    return strcmp(plain_text(copy), text) == 0;
}

/* Nothing that is shown as it stands may be obeyed by a terminal. */
static void all_plain(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->notes; i++)
        assert_true(plain(snapshot->note[i].text));
    for (int i = 0; i < snapshot->runs; i++) {
        const RunView *run = snapshot->run[i];
        assert_true(plain(run->name) && plain(run->note) && plain(run->complaint));
        for (int k = 0; k < run->params; k++)
            assert_true(plain(run->param[k]));
        for (int k = 0; run->info && k < run->params; k++)
            assert_true(plain(run->info[k].help) && plain(run->info[k].unit));
    }
}

static const RunView *view_of(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    return NULL;
}

/* How many news this run has that hold `what`; NULL: any. */
static int news(const Snapshot *snapshot, int id, const char *what)
{
    int n = 0;
    for (int i = 0; i < snapshot->notes; i++) {
        const NoteView *note = &snapshot->note[i];
        n += note->run == id && note->ticket == 0 && (!what || strstr(note->text, what));
    }
    return n;
}

/* The run that nobody touched is as it was. */
static void calm(const Snapshot *snapshot)
{
    const RunView *run = view_of(snapshot, CALM);
    assert_non_null(run);
    assert_true(run->state == RUN_LIVE && run->step == STEPS && run->loss > 0);
    assert_int_equal(news(snapshot, CALM, NULL), 0);
}

static int enter(void **state)
{
    Outside *at = calloc(1, sizeof *at);
    Error error = {{0}};
    folder_new(at->runs);
    EngineOptions options = {.runs = at->runs, .threads = 1, .stepped = true};
    assert_int_equal(engine_open(&at->engine, &options, &error), STATUS_OK);
    make_run(at, CALM);
    *state = at;
    return 0;
}

static int leave(void **state)
{
    Outside *at = *state;
    engine_close(at->engine, LEAVE_DROP, NULL);
    folder_gone(at->runs);
    free(at);
    return 0;
}

/* Whoever trains elsewhere counts on, or is gone after ten seconds. */
static void beat_all(const Outside *at, int last, int beat)
{
    for (int id = CALM; id <= last; id++)
        if (id == CALM || strcmp(cases[id - FIRST].file, "owner") != 0)
            set_owner(at, id, "elsewhere", "aaaa", beat);
}

/* ---- Tests ---- */

static void test_each_is_said_in_its_own_news(void **state)
{
    Outside *at = *state;
    int last = FIRST + CASES - 1;
    for (int id = FIRST; id <= last; id++)
        make_run(at, id);
    turn(at);
    for (int i = 0; i < CASES; i++)
        put(at, FIRST + i, cases[i].file, cases[i].text, strlen(cases[i].text),
            cases[i].how == ADD);
    for (int t = 0; t < 12; t++) {
        beat_all(at, last, 2 + t);
        for (int id = FIRST; t == 2 && id <= last; id++) /* life goes on */
            add(at, id, "events.csv", "60,2026-01-01T00:00:10Z,note: on\n");
        turn(at);
    }
    const Snapshot *snapshot = engine_look(at->engine);
    for (int i = 0; i < CASES; i++) {
        int all = news(snapshot, FIRST + i, NULL), right = news(snapshot, FIRST + i, cases[i].news);
        if (cases[i].news ? all != 1 || right != 1 : all != 0) {
            for (int k = 0; k < snapshot->notes; k++)
                print_error("%d: %s\n", snapshot->note[k].run, snapshot->note[k].text);
            fail_msg("%s: %d news, %d of them: %s", cases[i].name, all, right, cases[i].news);
        }
        assert_non_null(view_of(snapshot, FIRST + i));
    }
    calm(snapshot);
    all_plain(snapshot);
    engine_drop(at->engine, snapshot);
}

static void test_a_half_written_line_is_taken_when_it_is_whole(void **state)
{
    Outside *at = *state;
    const Snapshot *snapshot;
    turn(at);
    add(at, CALM, "metrics.csv", "61,0.5,0.");
    turn(at);
    snapshot = engine_look(at->engine);
    calm(snapshot);
    engine_drop(at->engine, snapshot);
    add(at, CALM, "metrics.csv", "5,0.1,1\n");
    turn(at);
    snapshot = engine_look(at->engine);
    assert_near(view_of(snapshot, CALM)->grad_norm, 0.5, 0);
    assert_int_equal(view_of(snapshot, CALM)->step, 61);
    assert_int_equal(news(snapshot, CALM, NULL), 0);
    engine_drop(at->engine, snapshot);
}

static void test_two_trainers_in_one_folder(void **state)
{
    Outside *at = *state;
    make_run(at, FIRST);
    for (int t = 1; t < 8; t++) { /* each replaces the other's line */
        set_owner(at, CALM, "elsewhere", "aaaa", t);
        set_owner(at, FIRST, t % 2 ? "here" : "there", t % 2 ? "aaaa" : "bbbb", t);
        turn(at);
    }
    const Snapshot *snapshot = engine_look(at->engine);
    assert_int_equal(news(snapshot, FIRST, "two trainers write there"), 1);
    assert_int_equal(news(snapshot, FIRST, NULL), 1);
    calm(snapshot);
    engine_drop(at->engine, snapshot);
}

static void test_a_trainer_with_another_clock(void **state)
{
    Outside *at = *state;
    char path[PATH_SIZE];
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    for (int t = 1; t < 30; t++) {
        set_owner(at, CALM, "elsewhere", "aaaa", t);
        path_of(at, CALM, "owner", path);
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
        turn(at);
    }
    const Snapshot *snapshot = engine_look(at->engine);
    calm(snapshot);
    engine_drop(at->engine, snapshot);
    for (int t = 0; t < 15; t++)
        turn(at); /* its count stands still */
    snapshot = engine_look(at->engine);
    assert_int_equal(news(snapshot, CALM, "is gone; start it again from its beginning: it has no"),
                     1);
    assert_int_equal(view_of(snapshot, CALM)->state, RUN_PAUSED);
    engine_drop(at->engine, snapshot);
}

static void test_a_trainer_that_cannot_write(void **state)
{
    Outside *at = *state;
    char line[256];
    make_run(at, FIRST);
    for (int t = 1; t < 9; t++) {
        set_owner(at, CALM, "elsewhere", "aaaa", t);
        snprintf(line, sizeof line, "ddil-owner 1 elsewhere 1 aaaa %d live 60 nan -1%s", t,
                 t > 2 && t < 6 ? " trouble: No space \x1b[31mleft\n" : "\n");
        set(at, FIRST, "owner", line);
        turn(at);
    }
    const Snapshot *snapshot = engine_look(at->engine);
    assert_int_equal(news(snapshot, FIRST, "cannot write: No space ?[31mleft; it trains on"), 1);
    assert_int_equal(news(snapshot, FIRST, "can write again"), 1);
    assert_int_equal(news(snapshot, FIRST, NULL), 2);
    calm(snapshot);
    engine_drop(at->engine, snapshot);
}

static void test_a_command_for_an_unknown_parameter(void **state)
{
    Outside *at = *state;
    char path[PATH_SIZE], line[256];
    size_t size;
    char *text;
    Error error = {{0}};
    turn(at);
    long ticket = tell(at->engine, COMMAND_SET, CALM, 0, "optimizer.rl=1");
    turn(at);
    path_of(at, CALM, "commands", path);
    assert_int_equal(file_read(path, 1 << 16, &text, &size, &error), STATUS_OK);
    const char *tag = strstr(text, "do ");
    assert_true(tag && strstr(tag, "optimizer.rl=1"));
    snprintf(line, sizeof line, "note %.*s 2 1 10:00:00 optimizer.rl=1: is not there\n",
             (int)strcspn(tag + 3, " "), tag + 3);
    free(text);
    add(at, CALM, "answers", line);
    turn(at);
    assert_answer(at->engine, ticket, "is not there");
    const Snapshot *snapshot = engine_look(at->engine);
    assert_int_equal(answer(snapshot, ticket)->status, STATUS_BAD_INPUT);
    assert_int_equal(answer(snapshot, ticket)->run, CALM);
    calm(snapshot);
    all_plain(snapshot);
    engine_drop(at->engine, snapshot);
}

static void test_random_bytes_in_each_file(void **state)
{
    static const char *const FILES[] = {
        "run.ini",   "params.csv", "metrics.csv",     "shift.csv", "events.csv",
        "times.csv", "owner",      "checkpoints.csv", "answers",   "samples/latest.safetensors",
        "exit",      "output.log"};
    static const char LIKELY[] = "\n,\n,.-0123456789=[]#\"\x1b\x9b\x01 ;nainf";
    Outside *at = *state;
    char bytes[400];
    uint32_t seed = 1;
    make_run(at, FIRST);
    turn(at);
    for (int round = 0; round < 20; round++)
        for (size_t f = 0; f < sizeof FILES / sizeof *FILES; f++) {
            size_t n = 0;
            for (; n < sizeof bytes && n < 20u * (unsigned)(round + 1); n++) {
                seed = seed * 1664525u + 1013904223u;
                bytes[n] =
                    seed >> 31 ? (char)(seed >> 16) : LIKELY[(seed >> 16) % (sizeof LIKELY - 1)];
            }
            put(at, FIRST, FILES[f], bytes, n, (round + (int)f) % 2);
            set_owner(at, CALM, "elsewhere", "aaaa", 100 * round + (int)f);
            turn(at);
            const Snapshot *snapshot = engine_look(at->engine);
            calm(snapshot);
            all_plain(snapshot);
            engine_drop(at->engine, snapshot);
        }
}

#define test(name) cmocka_unit_test_setup_teardown(test_##name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(each_is_said_in_its_own_news), test(a_half_written_line_is_taken_when_it_is_whole),
        test(two_trainers_in_one_folder),   test(a_trainer_with_another_clock),
        test(a_trainer_that_cannot_write),  test(a_command_for_an_unknown_parameter),
        test(random_bytes_in_each_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
