/* Runs that another program trains: the table of parameters such a run brings along, the values in
 * its run.ini, and who trains it. The folder's form: external.md. Nothing here writes. */
#ifndef DDIL_EXTERNAL_H
#define DDIL_EXTERNAL_H

#include "engine/base/param.h"
#include "engine/engine.h"

/* Names "section.key" and their values. */
enum { PAIRS_MAX = 256 };
typedef struct Pairs {
    int n;
    struct {
        char name[96], value[PARAM_TEXT_SIZE];
    } pair[PAIRS_MAX];
} Pairs;
/* Those of an INI text, leniently read: what is no pair is passed over. */
void external_pairs(const char *text, Pairs *pairs);

/* Does this text of a run.ini, or of a preset, say run.method = external? */
bool external_says(const char *text);

/* ---- Parameters ---- */

typedef struct External External;

/* The rows of folder/params.csv behind those every such run has. What is wrong with a row leaves it
 * out, see external_complaint. One reference; never NULL. */
External *external_read(const char *folder);
External *external_keep(External *external); /* NULL is fine, also below */
void external_drop(External *external);
/* Every row at its default. The rows are the External's: keep it as long. */
void external_config(const External *external, Config *config);
/* The values of a run.ini. Those that are none, and keys that are not in the table, are passed
 * over. */
void external_values(External *external, Config *config, const char *text);
/* What the table or run.ini is wrong in, the first of it; "" when nothing is. */
const char *external_complaint(const External *external);
/* As engine_param, in the order of external_config's rows. */
const ParamInfoView *external_info(const External *external);

/* ---- Who trains ---- */

/* What the file `owner` says. */
typedef struct Trainer {
    char host[64], token[24]; /* token: of this process and no other */
    char trouble[96];         /* with its folder, while there is any; "" */
    long process, beat, step, checkpoint;
    double speed; /* steps a second, NaN unknown */
    RunState state;
} Trainer;

/* The first line of such a file, in place; false: it makes no sense. */
bool trainer_parse(const char *text, Trainer *trainer);
/* false: there is none, or it makes no sense. */
bool trainer_read(const char *folder, Trainer *trainer);
/* The same of `.owner` in a folder of runs: the engine that owns it. */
bool owner_read(const char *runs, Trainer *owner);
bool trainer_is_of_this_host(const Trainer *trainer);
/* Is its process on this host, and there? */
bool trainer_is_here(const Trainer *trainer);

/* Clocks of other hosts are never asked: whoever trains counts on, as seen from here. */
typedef struct TrainerWatch {
    char token[24];
    long beat;
    double since;         /* clock_s at which it counted last, 0: not yet looked at */
    bool here;            /* its process was seen */
    bool seen;            /* it was at work while this looked on */
    Trainer last, former; /* as looked at last; whoever stood there before another came */
    bool rivals;          /* one came back that another had replaced: both are at work */
} TrainerWatch;
/* Looks again; false: whoever trained is gone (or has been silent for too long). */
bool trainer_watch(TrainerWatch *watch, const Trainer *trainer);

/* The last row of checkpoints.csv at or before `step` whose file is there; `path` and `values`
 * (lines section.key=value) as it says, may be NULL. Returns its step, -1: none. */
long external_checkpoint(const char *folder, long step, char path[1024],
                         char values[COMMAND_TEXT_SIZE * 4]);

#endif
