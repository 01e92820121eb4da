/* Runs for tests. */
#include "tests/runs.h"
#include "engine/distill/params.h"
#include "engine/store/folder.h"
#include "tests/near.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_new(char folder[PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, PATH_SIZE, "%s/ddil-runs-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        fail_msg("cannot make %s", folder);
}

void folder_gone(const char *folder) { folder_remove(folder, NULL); }

int folder_entries(const char *folder)
{
    DIR *stream = opendir(folder);
    int n = 0;
    if (!stream)
        return -1;
    for (struct dirent *entry; (entry = readdir(stream));)
        n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
             strcmp(entry->d_name, ".lock");
    closedir(stream);
    return n;
}

static const char TINY[] = "[run]\nmethod = %s\nsteps = 23\nbatch = 24\nlog_every = 3\n"
                           "checkpoint_every = 7\neval_samples = 64\n"
                           "[data]\nname = ring\nkeep = 0,1,2\n"
                           "[net]\nkind = mlp\nwidth = 16\ndepth = 2\n"
                           "[student]\nsteps = 4\ninit = %s\npretrain_steps = 9\n"
                           "[source]\nbeta_data = 0.5\nbeta_teacher = 0.25\nbeta_student = 0.25\n"
                           "capacity = 16\nteacher_capacity = 16\nteacher_substeps = 2\n"
                           "[shift]\nsamples = 16\nevery = 5\n";

static int tiny_text(char *text, size_t size, const char *method)
{
    return snprintf(text, size, TINY, method, strcmp(method, "diffusion") ? "pretrain" : "random");
}

void tiny_config(Config *config, const char *method)
{
    char text[2048];
    Error error = {{0}};
    tiny_text(text, sizeof text, method);
    lab_config_init(config);
    if (config_read_text(config, "tiny.ini", text, &error))
        fail_msg("%s", error.text);
}

void tiny_preset(const char *method, const char *path)
{
    char text[2048];
    Error error = {{0}};
    int length = tiny_text(text, sizeof text, method);
    if (file_write(path, text, (size_t)length, &error))
        fail_msg("%s", error.text);
}

void tiny_set(Config *config, const char *assignment)
{
    Error error = {{0}};
    if (config_set(config, assignment, &error))
        fail_msg("%s", error.text);
}

RunPulse run_until(Run *run, long step)
{
    Error error = {{0}};
    RunPulse pulse = PULSE_MORE;
    while (pulse == PULSE_MORE && (step < 0 || run_step(run) < step))
        pulse = run_advance(run, &error);
    if (pulse == PULSE_FAILED)
        print_error("%s\n", error.text);
    return pulse;
}

char *log_text(const char *folder, const char *name)
{
    char path[PATH_SIZE], *text = NULL;
    size_t size;
    if (file_read(file_join(path, folder, name), 1 << 24, &text, &size, NULL))
        text = strdup("");
    return text;
}

void assert_same_logs(const char *a, const char *b)
{
    static const char *const LOGS[] = {"metrics.csv", "shift.csv", "eval.csv", "threshold.csv",
                                       "rollouts.csv"};
    for (size_t i = 0; i < sizeof LOGS / sizeof *LOGS; i++) {
        char *x = log_text(a, LOGS[i]), *y = log_text(b, LOGS[i]);
        if (strcmp(x, y) != 0)
            fail_msg("%s differs:\n%s\n---\n%s", LOGS[i], x, y);
        free(x);
        free(y);
    }
}

int world_enter(void **state)
{
    World *world = calloc(1, sizeof *world);
    folder_new(world->runs);
    world->crew = crew_new(1);
    *state = world;
    return 0;
}

int world_leave(void **state)
{
    World *world = *state;
    folder_gone(world->runs);
    crew_free(world->crew);
    free(world);
    return 0;
}

Run *world_create(const World *world, const Config *config)
{
    Run *run;
    Error error = {{0}};
    if (run_create(&run, world->runs, "tiny", config, world->crew, &error))
        fail_msg("%s", error.text);
    return run;
}

Run *world_resume(const World *world, const char *folder)
{
    Run *run;
    Error error = {{0}};
    if (run_resume(&run, folder, world->crew, &error))
        fail_msg("%s", error.text);
    return run;
}

/* A whole run in one go; `folder` gets where it stands. */
void world_whole(const World *world, const Config *config, char folder[PATH_SIZE])
{
    Run *run = world_create(world, config);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
}

/* The same as far as step 22: without the end's evaluation, which takes longer than all
 * the rest. */
void world_most(const World *world, const Config *config, char folder[PATH_SIZE])
{
    Run *run = world_create(world, config);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_until(run, 22), PULSE_MORE);
    run_close(run);
}

void assert_same_series(Series a, Series b)
{
    assert_int_equal(a.n, b.n);
    for (long row = 0; row < a.n; row++) {
        long chunk = row / CHUNK_ROWS, at = row % CHUNK_ROWS;
        float x = a.chunk[chunk]->value[at], y = b.chunk[chunk]->value[at];
        assert_int_equal(a.step[chunk][at], b.step[chunk][at]);
        assert_true(x == y || (isnan(x) && isnan(y)));
    }
}
