/* The headless commands and what they share. Commands that need a live laboratory open
 * runs through engine/run/run.h, the headless door beside engine/engine.h; nothing else
 * in app/ does. Data go to standard output, remarks for people to standard error where
 * standard output carries data. */
#ifndef DDIL_COMMANDS_H
#define DDIL_COMMANDS_H

#include "app/base/options.h"
#include "engine/engine.h"
#include "engine/measure/eval.h"
#include "engine/measure/shift.h"
#include "engine/run/run.h"
#include <jansson.h>

/* Every subcommand; the last row has no name (cmd_table.c). */
extern const CommandRow commands[];

/* One function a subcommand. */
Status cmd_run(const Options *options, Error *error);
Status cmd_resume(const Options *options, Error *error);
Status cmd_fork(const Options *options, Error *error);
Status cmd_ls(const Options *options, Error *error);
Status cmd_show(const Options *options, Error *error);
Status cmd_tell(const Options *options, Error *error);
Status cmd_sample(const Options *options, Error *error);
Status cmd_rollout(const Options *options, Error *error);
Status cmd_eval(const Options *options, Error *error);
Status cmd_study(const Options *options, Error *error);
Status cmd_sweep(const Options *options, Error *error);
Status cmd_metrics(const Options *options, Error *error);
Status cmd_export(const Options *options, Error *error);
Status cmd_data(const Options *options, Error *error);
Status cmd_features(const Options *options, Error *error);
Status cmd_presets(const Options *options, Error *error);
Status cmd_params(const Options *options, Error *error);
Status cmd_bench(const Options *options, Error *error);
Status cmd_doctor(const Options *options, Error *error);
Status cmd_tour(const Options *options, Error *error);
Status cmd_manual(const Options *options, Error *error);
Status cmd_help(const Options *options, Error *error);
Status cmd_completion(const Options *options, Error *error);

/* The data set that the first argument names (a data set, a path, a preset), with -s over it
 * (cmd_data.c). */
Status data_open(const Options *options, Config *config, Dataset *data, Arena *arena, Error *error);

/* run --seeds 1-5: a group of runs called NAME-s1, NAME-s2, ... on all cores (cmd_seeds.c). */
Status run_seeds(const Options *options, const char *name, Error *error);

/* run --detach: all presets at once, in the background (cmd_detach.c). */
Status detach_runs(const Options *options, Error *error);

/* ---- Looking at a run (cmd_look.c) ---- */

/* A run opened for looking, with threads and scratch memory. */
typedef struct Look {
    Crew *crew;
    Arena scratch;
    Run *run;
    Lab *lab;
    uint64_t seed; /* --seed, or the run's own */
} Look;

Crew *crew_for(const Options *options);
/* BAD_INPUT when a launcher started several processes: `what` does not deal its work, each would do
 * all of it. */
Status must_be_alone(const char *what, Error *error);
/* The run named by the first argument, at --at. */
Status look_open(Look *look, const Options *options, Error *error);
void look_close(Look *look);
/* "0007-ring-pd": what a run is called in JSON and in tables. */
const char *run_label(const Look *look);

/* Does `path` end in one of the endings (".png", ..., NULL last)? BAD_INPUT lists them.
 */
Status check_ending(const char *path, const char *const *endings, Error *error);
/* Large blocks are sized before they are asked for: more than half of the memory is
 * refused. */
Status check_memory(double bytes, Error *error);
/* Can it be written? Asked before the long work. */
Status check_writable(const char *path, Error *error);

enum { KS_MAX = 32 };
/* "1,2,4,8": numbers of sampling steps. */
Status parse_ks(const char *text, int ks[KS_MAX], int *n, Error *error);

/* ---- Mixed roll-in at inference (cmd_mix.c) ---- */

enum { MIX_MAX = 16 };
/* Does --mix make sense for this run and beside the other options? */
Status mix_check(const Look *look, const Options *options, Error *error);
/* --mix of a command that takes one number; 0 when it was not given. */
Status mix_one(const Options *options, double *mix, Error *error);
/* Who takes the teacher's steps. */
Policy mix_teacher(const Look *look, int steps);
/* Quality at each of the numbers of sampling steps (n = 0: the run's own) for each share in --mix,
 * as a table or as JSON. */
Status mix_eval(Look *look, const Options *options, const int *ks, int n, Error *error);

/* ---- Showing (cmd_report.c, cmd_json.c) ---- */

/* The last measurement of a view's shift history; returns the number of rows (0: none),
 * *step its training step. */
int view_shift(const RunView *view, ShiftRow *rows, int most, long *step);
void print_shift(const ShiftRow *rows, int n, FILE *out);
void print_metrics(const MetricView *metric, int n, FILE *out);
/* The report at a run's end: seconds < 0 leaves the time out. */
void print_report(const RunView *view, const char *folder, double seconds, FILE *out);

/* A number, or null when it is not finite. */
json_t *json_number(double value);
json_t *json_shift(const ShiftRow *rows, int n);
json_t *json_metrics(const MetricView *metric, int n);
json_t *json_view(const RunView *view); /* what ls and show have in common */
/* Prints with enough digits to read the same number back, and a newline; frees it. */
Status json_print(json_t *value, Error *error);

#endif
