/* A run's life: created from a configuration in a folder of its own, advanced quantum by quantum,
 * saved, resumed, forked. One thread drives a run. A run's numbers never depend on who else is
 * running. Folder layout: formats.md, "Run folder". */
#ifndef DDIL_RUN_H
#define DDIL_RUN_H

#include "engine/base/param.h"
#include "engine/distill/lab.h"
#include "engine/engine.h"
#include "engine/measure/eval.h"
#include "engine/measure/shift.h"
#include "engine/store/news.h"
#include <stddef.h>

typedef struct Run Run;
struct Gallery;

/* Creates runs/NNNN-NAME (next free number) with run.ini, empty logs and the lock; nothing is left
 * behind on error. The lab is opened (data, teacher) before the folder is made, so bad input
 * creates nothing. `config` is checked here. parent: 0 or the run forked from. */
Status run_create(Run **run, const char *runs, const char *name, const Config *config, Crew *crew,
                  Error *error);
/* Could it be created? Opens the lab and closes it again; nothing is made. */
Status run_try(const Config *config, Crew *crew, Error *error);
/* Opens an existing run's folder at its newest good checkpoint (or at its start when there is
 * none); rows of the logs past it are cut. STATUS_BLOCKED when another process holds its lock. */
Status run_resume(Run **run, const char *folder, Crew *crew, Error *error);
/* A new run that starts from a checkpoint of `folder` at `step` (-1: newest), with overrides
 * ("section.key=value" lines; "" for none). Parameters that apply to forks only and change shapes
 * are refused by name when the checkpoint does not fit. */
Status run_fork(Run **run, const char *runs, const char *folder, long step, const char *name,
                const char *overrides, Crew *crew, Error *error);
/* Opens a saved step of a folder for looking only (ddil sample, rollout, eval, show, export): no
 * lock, no log is touched, never advanced. */
Status run_look(Run **run, const char *folder, long step, Crew *crew, Error *error);
/* Closes files and releases the lock; does not save. */
void run_close(Run *run);

/* After a fork: the lock, which came along, names this process. */
void run_sign(Run *run);

/* With several ranks (crew->ranks). Enlists the others for this run: from now on they take part in
 * its steps, its measuring and the samples that are judged. Again after anything else changed the
 * run. */
Status run_enlist(Run *run, Error *error);
/* Of a rank other than the first: takes part until the first dismisses it. */
void run_serve(Crew *crew);
void run_dismiss(Crew *crew);

/* The run ends without what would stand beside its last evaluation (one of many: a study's). */
void run_alone(Run *run);
typedef enum RunPulse { PULSE_MORE, PULSE_DONE, PULSE_FAILED } RunPulse;
/* One quantum: a few regression steps, one optimiser step, one measurement, one evaluation or a
 * checkpoint. On PULSE_FAILED error says what broke; the last good checkpoint stands. */
RunPulse run_advance(Run *run, Error *error);
/* Is all done that is due at this step, so that the next quantum takes another? */
bool run_rests(Run *run);

Status run_save(Run *run, Error *error);
/* Lines of "section.key=value", taken all together or not at all: saved first, logged as one event
 * and one mark; BAD_INPUT leaves everything as it was. */
Status run_set(Run *run, const char *lines, Error *error);
/* At a step of its past; -1: the present one. */
void run_note(Run *run, long step, const char *text);
void run_mark_state(Run *run, RunState state); /* logs the change in events.csv */

/* The next mark that asks for attention ("warning: ...") and that this process made; NULL when all
 * were had. Valid until the run's next quantum. */
const char *run_warning(Run *run);

Lab *run_lab(Run *run);
Shift *run_shift(Run *run); /* NULL when the method defines none */
/* The lab's measure at any number of sampling steps, on n roll-outs of `seed`; lives in `arena`.
 * NULL as run_shift. */
Shift *run_shift_at(const Lab *lab, int steps, int n, uint64_t seed, Arena *arena);
int run_id(const Run *run);
const char *run_folder(const Run *run);
const char *run_name(const Run *run);
RunState run_state(const Run *run);
long run_step(const Run *run);
bool run_finished(const Run *run);               /* all steps taken, or the budget spent */
const EvalReport *run_last_eval(const Run *run); /* NULL before the first */

/* run_judge.c: what its samples are judged with. Reads and applies the feature network when
 * first called (a second or so for pictures). scratch is borrowed. */
Judge run_judge(Run *run, Arena *scratch);
/* After run_judge: why there are no features for its pictures; "" when there are, or for
 * points. */
const char *run_features_missing(const Run *run);

/* run_frontier.c: quality against diversity of the run's samplers: its present student in 1, 2, 4
 * and 8 steps, and where it has one its teacher, each at guidance scales round the run's own where
 * they take any. How many; those of the student come first. */
int run_samplers(const Run *run);
int run_student_samplers(const Run *run);
/* Measures one of them on 4,000 points or 500 pictures (a second or so for points, up to half a
 * minute for pictures) and adds a row to frontier.csv; also of a run that is only looked at.
 * BAD_INPUT: pictures without features. */
Status run_trade(Run *run, int sampler, Error *error);

/* From now on run_show makes the samples of run_view follow the training (else they are those of
 * the last checkpoint). */
void run_watch(Run *run);
enum {
    RUN_SHOW_MS = 500
}; /* a live run need be shown no more often: screens renew pictures at that pace */
/* Before a run_view that somebody is to see: new samples, no more often than their share of the
 * evaluations allows. */
void run_show(Run *run);
/* Whether the samples have paths from now on; at once, also in a run that rests. */
void run_follow(Run *run, bool paths);
/* What the student of the checkpoint of `step` makes; the run (live, resting or looked at) is not
 * disturbed. One reference, for gallery_drop. */
Status run_past(Run *run, long step, bool paths, struct Gallery **gallery, Error *error);
/* An immutable picture of the run, reference counted. */
const RunView *run_view(Run *run);
/* A view that shares all with this one and shows samples of an earlier step beside its own. */
const RunView *run_view_with_past(const RunView *view, struct Gallery *past);
const RunView *run_view_keep(const RunView *view);
void run_view_drop(const RunView *view);
/* A view from a folder, without opening the lab (finished runs in the list): reads run.ini and
 * the logs. NULL with a reason when the folder is not a run's. */
const RunView *run_view_read(const char *folder, Error *error);
/* A view from the ends of the logs, quick however long they are: what a list of runs needs.
 * `brief` is set. `blank`: of lab_config_init, which costs as much as the rest when there are a
 * thousand. */
const RunView *run_view_brief(const char *folder, const Config *blank, Error *error);
/* The same of a view that there is: its figures stay, what takes room is left out. */
const RunView *run_view_in_brief(const RunView *view);

/* A view from the ends of the logs for ls and show: with the last measurements, the last evaluation
 * and the marks, without curves and samples; `best` is NaN. */
const RunView *run_view_report(const char *folder, Error *error);

/* A folder that is read a piece at a time, and as it grows: what a viewer keeps of a run that is
 * live. Zero cost while nothing changes. */
typedef struct Follower Follower;
Follower *follower_new(const char *folder);
void follower_free(Follower *follower); /* NULL is fine */
/* Reads on, some `most` bytes of each log; true: there is more to be read at once. */
bool follower_read(Follower *follower, size_t most);
/* As run_view_read would have it, of what was read so far; NULL when the folder is not a run's. */
const RunView *follower_view(Follower *follower);

/* What the run's owner says of it, into a view from run_view_read that nobody else has yet. */
void run_view_amend(const RunView *view, const RunNews *news);
/* Its trainer is gone, into such a view of an external run. */
void run_view_lost(const RunView *view);
/* Writes the view's samples to where run_view_read of a viewer finds them:
 * samples/.live.safetensors. */
Status run_view_save_samples(const RunView *view, const char *runs, Error *error);

/* RUN of the command line: a number, name, unique prefix or folder. BAD_INPUT lists what there is.
 */
Status run_find(const char *runs, const char *text, char folder[1024], Error *error);
/* The folder of the newest run of just this name; false: there is none. */
bool run_newest(const char *runs, const char *name, char folder[1024]);

#endif
