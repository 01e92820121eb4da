/* Runs for tests: a temporary runs folder, tiny configurations, files as text. */
#ifndef DDIL_TESTS_RUNS_H
#define DDIL_TESTS_RUNS_H

#include "engine/base/file.h"
#include "engine/run/run.h"

/* A new empty folder under TMPDIR. */
void folder_new(char folder[PATH_SIZE]);
/* Removes it with everything in it. */
void folder_gone(const char *folder);
/* How many entries it has besides . and .. and .lock; -1 when it does not exist. */
int folder_entries(const char *folder);

/* A tiny run on the ring with this method ("pd", "lcm" or "diffusion"), some seconds
 * under a sanitizer at most. */
void tiny_config(Config *config, const char *method);
/* The same as an INI file. */
void tiny_preset(const char *method, const char *path);
/* Sets "section.key=value"; the test fails when it is refused. */
void tiny_set(Config *config, const char *assignment);

/* Advances until the run is over or `step` is reached (-1: to the end). */
RunPulse run_until(Run *run, long step);
/* A log of a run's folder as text, to be freed; "" when there is none. */
char *log_text(const char *folder, const char *name);
/* Are the files of numbers that repeat byte for byte the same in both folders? The test fails
 * naming the one that is not. */
void assert_same_logs(const char *a, const char *b);

/* Do both hold the same steps and values? */
void assert_same_series(Series a, Series b);

/* A runs folder and a crew of one: the state of a test between world_enter and
 * world_leave. */
typedef struct World {
    char runs[PATH_SIZE];
    Crew *crew;
} World;
int world_enter(void **state);
int world_leave(void **state);
/* A new run, a resumed one; the test fails when that fails. */
Run *world_create(const World *world, const Config *config);
Run *world_resume(const World *world, const char *folder);
/* A whole run in one go; `folder` gets where it stands. */
void world_whole(const World *world, const Config *config, char folder[PATH_SIZE]);
/* The same as far as step 22: without the end's evaluation, which takes longer than all
 * the rest. */
void world_most(const World *world, const Config *config, char folder[PATH_SIZE]);

#endif
