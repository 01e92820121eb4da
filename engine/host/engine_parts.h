/* What the files that make up the engine share. Nobody else includes this.
 *
 * Threads: the caller's threads touch only what stands under `lock`; everything else
 * belongs to the worker (in lock-step, to whoever calls engine_advance). The lock is a
 * leaf: nothing is computed, read or written to a file while it is held. */
#ifndef DDIL_ENGINE_PARTS_H
#define DDIL_ENGINE_PARTS_H

#include "engine/base/file.h"
#include "engine/engine.h"
#include "engine/port/mailbox.h"
#include "engine/port/port.h"
#include "engine/run/run.h"
#include "engine/store/external.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { QUEUE_SIZE = 64 };

/* What COMMAND_LOOK asked of a run. */
typedef struct Look {
    bool wanted; /* else nothing beyond its newest samples */
    long step;   /* -1: the newest */
    bool paths;
    bool due;             /* the run was opened, closed or changed: to be looked up anew */
    long checkpoint;      /* the newest when it was looked up */
    struct Gallery *past; /* shown beside the run's own, or NULL */
} Look;

/* A run the engine knows: on disk only, or open. */
typedef struct Slot {
    int id;
    char folder[PATH_SIZE];
    Run *run;            /* NULL: on disk only */
    const RunView *view; /* as published; never NULL */
    bool changed;        /* view is older than run */
    double shown;        /* when its samples were renewed last */
    double served;       /* CPU seconds of quanta, and those it was owed none */
    long pause_at;       /* pause when this step is done, -1: never */
    long used;           /* Engine.uses at the last command or quantum */
    uint64_t signature;  /* of the files on disk, for viewers */
    bool told, stale;    /* viewers: the owner said `about`; it said so after the view was made */
    RunNews about;
    bool working, lost;  /* external: somebody trains it; its trainer is gone */
    double launched;     /* external: clock at which its program was started from here, 0: not */
    char complaint[120]; /* what the news said last that its folder is wrong in */
    bool rivals;         /* external: the news say that two write there */
    TrainerWatch watch;  /* external */
    Mailbox *mailbox;    /* external: NULL before the first command */
    Follower *follower;  /* reads the folder piece by piece; NULL: nothing to be read */
    bool unreadable;     /* as far as that went */
    Look look;
    bool trades;         /* its frontier is measured anew after each evaluation */
    int trade, trade_to; /* samplers of it that are still to be measured: [trade, trade_to) */
    long traded;         /* the evaluation that was last */
} Slot;

/* Samples made for COMMAND_LOOK, newest use last. */
enum { PAST_MAX = 32 };
typedef struct Kept {
    int run;
    long step;
    struct Gallery *gallery;
} Kept;

typedef struct Order {
    long ticket;
    Command command;
} Order;

/* What a process is to its folder. The four there are: the owner, who trains in it; a viewer of
 * what another process does there, or nobody; and both in lock-step, without a worker thread. */
typedef struct EngineKind {
    bool owns;
    /* The folder was read: makes the first snapshot and opens the doors. */
    Status (*ready)(Engine *engine, Error *error);
    /* The worker's work, again and again; it waits when there is none. NULL: lock-step. */
    void (*turn)(Engine *engine);
    int (*advance)(Engine *engine, int quanta); /* lock-step: engine_advance */
    /* Before the end, the worker at rest: what was sent is done, or has reached the owner. */
    void (*finish)(Engine *engine);
    void (*wake)(Engine *engine);             /* ends the worker's wait. Any thread */
    OwnerView (*owner)(const Engine *engine); /* of the folder */
    const struct EngineKind *heir;            /* what a viewer becomes when its owner is gone */
} EngineKind;
extern const EngineKind ENGINE_OWNER, ENGINE_OWNER_STEPPED, ENGINE_VIEWER, ENGINE_VIEWER_STEPPED;

struct Engine {
    /* constant while open */
    char runs[PATH_SIZE];
    Config blank; /* every parameter at its default */
    bool readonly;
    int threads; /* of the crew, 0: all cores */
    int wake[2]; /* a pipe: [0] is engine_wakeup */
    pthread_t thread;
    _Atomic(const EngineKind *) kind;
    _Atomic(Port *) port; /* owners with a worker, else NULL */
    atomic_bool headless;
    atomic_int watched; /* run a person looks at */

    /* the worker's */
    int lock_file;     /* descriptor of runs/.lock, -1: none */
    Crew *crew;        /* a viewer's comes with its first look */
    struct Link *link; /* viewers: the way to the owner */
    Slot *slot;
    int slots, room;
    int turn;      /* slot that goes next (lock-step) */
    double served; /* of the slot that went last, as it began */
    long uses;     /* of slots: commands and quanta */
    NoteView note[NOTES_MAX];
    int notes;
    long notes_ever;
    Run *looking; /* a run on disk, opened to make samples with, or NULL */
    Kept kept[PAST_MAX];
    int keeps;
    bool news;                 /* something to publish besides changed slots */
    double published;          /* clock of the last publication */
    double beaten;             /* clock of the lock's last sign of life */
    double scanned;            /* clock of the last look at the folders */
    struct timespec runs_time; /* of the folder of runs then */
    double runs_changed;       /* clock at which that changed last */
    double looked_outside;     /* clock of the last look at runs that others train */
    double read_on;            /* clock of the last piece read besides the work (owners) */
    double cpu_clock, cpu_used, cpu_share, rss_mib; /* the owner's */

    pthread_mutex_t lock;
    pthread_cond_t work; /* signalled for a command and for the end */
    /* under lock */
    Order queue[QUEUE_SIZE];
    int head, queued;
    long tickets;
    bool stop;
    bool stirred; /* publish, whether or not a run changed */
    const Snapshot *current;
    long serial;
    bool signalled; /* a byte is, or is about to be, in the pipe */
};

static inline const EngineKind *engine_kind(const Engine *engine)
{
    return atomic_load(&engine->kind);
}

/* ---- engine_slots.c: runs known to the engine ---- */
/* Lists the folders; re-reads those whose files changed. */
void slots_scan(Engine *engine);
Slot *slot_find(Engine *engine, int id); /* NULL when unknown */
/* A new slot for an open run. */
Slot *slot_add(Engine *engine, Run *run);
/* Opens the run of a slot that is on disk only. */
Status slot_open(Engine *engine, Slot *slot, Error *error);
/* Takes a last view and closes the run. */
void slot_close(Slot *slot);
/* Saves and closes runs that rest, those used longest ago, until a few are left open. */
void slots_rest(Engine *engine);
/* Reads a piece of a run on disk whose view is brief or stale: the one that is looked at,
 * then the newest. false: there is nothing to read. */
bool slots_read_on(Engine *engine);
/* Puts what its folder is wrong in into the news, unless that was the last thing they said of it.
 */
void slot_complain(Engine *engine, Slot *slot, const char *what);
/* Re-reads a run that is on disk only. */
void slot_reread(Slot *slot);
void slot_remove(Engine *engine, Slot *slot);
/* Reads one folder that is not open here, when its files changed. */
void slot_scan(Engine *engine, const char *folder);
void slots_free(Engine *engine);

/* ---- engine_frontier.c ---- */
/* COMMAND_FRONTIER. */
Status frontier_begin(Engine *engine, Slot *slot, const Order *order, Error *error);
/* Measures one sampler of a run whose frontier was asked for. false: none is due. */
bool frontier_turn(Engine *engine);

/* ---- engine_past.c ---- */
/* The run to make samples with: the one at work, or its folder opened for looking, one at a time.
 * The engine's. */
Status look_run(Engine *engine, const Slot *slot, Run **run, Error *error);
Status look_at(Engine *engine, Slot *slot, const Command *command, Error *error);
/* Looks again at runs that were opened, closed or saved. */
void look_again(Engine *engine);
/* Nothing of a run's past is shown any more. */
void look_drop(Slot *slot);
/* A run is no longer what it was: forgets what was made of it. */
void look_forget(Engine *engine, Slot *slot);
/* Frees what was opened and made for looks. */
void look_end(Engine *engine);
/* ---- engine_commands.c ---- */
/* Carries out all queued commands; returns how many. */
int commands_do(Engine *engine);
/* COMMAND_LOOK, which is answered when it fails only. */
void look_order(Engine *engine, const Order *order);
/* ---- engine_external.c: runs that other programs train ---- */
/* Looks for new folders and at trainers, so often and no oftener; hears answers. */
void outsides_turn(Engine *engine);
double outsides_wait(const Engine *engine); /* seconds until that is due again */
/* A new one, from a preset (a path) that says so. */
Status outside_new(Engine *engine, const Order *order, const char *preset, const char *name,
                   const char *lines, Error *error);
/* A command about such a run. */
typedef struct OutsideFork {
    const char *name, *lines; /* of COMMAND_FORK; name "": its parent's */
} OutsideFork;
Status outside_order(Engine *engine, const Order *order, Slot *slot, const OutsideFork *fork,
                     Error *error);
/* Does somebody train it now? */
bool outside_works(Engine *engine, Slot *slot);
/* A viewer's, where no owner listens: a command to the run's own trainer, by its folder's mailbox;
 * false: it has none. Answers become notes. */
bool outside_mail(Engine *engine, const Order *order);
void outside_hear(Engine *engine);
/* ---- engine_snapshot.c ---- */
/* Adds a note to the ring; ticket 0 is news. */
void note_add(Engine *engine, long ticket, Status status, int run, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Builds and publishes a snapshot when something changed. */
void snapshot_publish(Engine *engine);
/* engine_look for the port: the descriptor is left as it is. */
const Snapshot *snapshot_take(Engine *engine);
/* ---- engine_queue.c ---- */
/* Takes the next command off the queue. */
bool order_take(Engine *engine, Order *order);
/* The worker is to publish, though no run changed. Any thread. */
void engine_stir(Engine *engine);
/* The worker is to end, or may begin. Any thread. */
void engine_end_work(Engine *engine, bool end);
bool engine_stopping(Engine *engine);
/* ---- owner.c ---- */
/* Takes the folder's lock, makes the crew and tidies up after owners that were killed. BLOCKED:
 * another process has it. */
Status owner_take(Engine *engine, Error *error);
/* Saves every run: all are tried, the first failure is told. */
Status owner_save(Engine *engine, Error *error);
/* ---- viewer.c ---- */
/* Connects to the folder's owner; false when nobody listens. */
bool viewer_open(Engine *engine);
void viewer_close(Engine *engine); /* no connection is fine */

#endif
