/* Owns the making of views from folders: whole, in brief, or followed as they grow. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Tells whether a file was replaced. */
typedef struct Stamp {
    uint64_t inode, size, time;
} Stamp;

struct Follower {
    char folder[PATH_SIZE];
    Stamp ini, table;  /* run.ini and params.csv, as read last */
    Stamp saved, live; /* the two files of samples */
    bool good;         /* run.ini was */
    Config config;
    Lineage lineage;
    External *external; /* or NULL */
    History history;
    Trail *trail;
    Gallery *gallery;
};

/* Did the file change since? Notes how it is now. */
static bool restamp(Stamp *stamp, const char *path)
{
    struct stat info = {0};
    Stamp now = {0};
    if (stat(path, &info) == 0)
        now = (Stamp){(uint64_t)info.st_ino, (uint64_t)info.st_size,
                      (uint64_t)info.st_mtim.tv_sec * 1000000000u + (uint64_t)info.st_mtim.tv_nsec};
    bool changed = memcmp(&now, stamp, sizeof now) != 0;
    *stamp = now;
    return changed;
}

/* The owner of a live run may have written newer ones than those of the last checkpoint. */
static Gallery *read_samples(const char *folder, bool live)
{
    char path[PATH_SIZE];
    Gallery *saved = gallery_load(file_join(path, folder, "samples/latest.safetensors"));
    Gallery *newer = live ? gallery_load(run_live_samples(path, folder)) : NULL;
    bool better = newer && (!saved || gallery_view(newer)->step > gallery_view(saved)->step);
    gallery_drop(better ? saved : newer);
    return better ? newer : saved;
}

Follower *follower_new(const char *folder)
{
    Follower *follower = calloc(1, sizeof *follower);
    need(follower);
    snprintf(follower->folder, sizeof follower->folder, "%s", folder);
    history_init(&follower->history, 0, NULL);
    follower->trail = trail_new();
    return follower;
}

void follower_free(Follower *follower)
{
    if (!follower)
        return;
    trail_free(follower->trail);
    history_done(&follower->history);
    gallery_drop(follower->gallery);
    external_drop(follower->external);
    free(follower);
}

/* *external: NULL, or one reference to the table of a run that another program trains. */
static Status read_ini(const char *folder, Config *config, Lineage *lineage, External **external,
                       Error *error)
{
    char path[PATH_SIZE], *text;
    size_t size;
    *external = NULL;
    Status status = file_read(file_join(path, folder, "run.ini"), 1 << 20, &text, &size, error);
    if (status)
        return status;
    if (external_says(text)) {
        folder_lineage(text, lineage);
        *external = external_read(folder);
        external_config(*external, config);
        external_values(*external, config, text);
    } else {
        status = folder_read_ini(folder, config, lineage, error);
        status = status ? status : config_check(config, error);
    }
    free(text);
    return status;
}

bool follower_read(Follower *follower, size_t most)
{
    char path[PATH_SIZE];
    bool table = restamp(&follower->table, file_join(path, follower->folder, "params.csv"));
    if (restamp(&follower->ini, file_join(path, follower->folder, "run.ini")) || table) {
        lab_config_init(&follower->config);
        external_drop(follower->external);
        follower->good = read_ini(follower->folder, &follower->config, &follower->lineage,
                                  &follower->external, NULL) == STATUS_OK;
    }
    return follower->good &&
           trail_follow(follower->trail, &follower->history, follower->folder, most);
}

const RunView *follower_view(Follower *follower)
{
    const History *history = &follower->history;
    char path[PATH_SIZE];
    if (!follower->good)
        return NULL;
    bool live = history->state == RUN_LIVE || history->state == RUN_PAUSED;
    bool saved =
        restamp(&follower->saved, file_join(path, follower->folder, "samples/latest.safetensors"));
    bool newer = restamp(&follower->live, run_live_samples(path, follower->folder));
    if (saved || newer || !live) {
        gallery_drop(follower->gallery);
        follower->gallery = read_samples(follower->folder, live);
        if (!follower->gallery && follower->saved.inode && !history->odd[0])
            snprintf(follower->history.odd, sizeof history->odd,
                     "samples/latest.safetensors: these are no samples");
    }
    return run_view_of(follower->folder, &follower->config, &follower->lineage, history,
                       gallery_keep(follower->gallery), follower->external);
}

const RunView *run_view_read(const char *folder, Error *error)
{
    Config config;
    Lineage lineage;
    History history;
    External *external;
    const RunView *view = NULL;
    lab_config_init(&config);
    if (read_ini(folder, &config, &lineage, &external, error))
        return NULL;
    history_init(&history, 0, NULL);
    if (!history_read(&history, folder, error)) {
        bool live = history.state == RUN_LIVE || history.state == RUN_PAUSED;
        view =
            run_view_of(folder, &config, &lineage, &history, read_samples(folder, live), external);
    }
    external_drop(external);
    history_done(&history);
    return view;
}

/* What the ends of the logs do not tell is left out rather than told in part. */
static RunView *view_ends(const char *folder, const Config *blank, HistoryEnds ends, Error *error)
{
    Config config = *blank;
    Lineage lineage;
    History history;
    External *external;
    RunView *view = NULL;
    if (read_ini(folder, &config, &lineage, &external, error))
        return NULL;
    history_init(&history, 0, NULL);
    if (!history_read_ends(&history, folder, ends, error)) {
        int row;
        double worst = history_worst_shift(&history, &row);
        double smooth = history_smooth_loss(&history);
        history_name_terms(&history, 0, NULL); /* the rows go */
        history.terms = 0;
        if (ends == ENDS_FOR_LIST)
            history.marks = history.columns = 0;
        view = run_view_of(folder, &config, &lineage, &history, NULL, external);
        view->best = (double)NAN;
        view->smooth_loss = smooth;
        view->shift = worst;
        view->shift_row = row;
    }
    external_drop(external);
    history_done(&history);
    return view;
}

const RunView *run_view_brief(const char *folder, const Config *blank, Error *error)
{
    RunView *view = view_ends(folder, blank, ENDS_FOR_LIST, error);
    if (view)
        view->brief = true;
    return view;
}

const RunView *run_view_report(const char *folder, Error *error)
{
    Config blank;
    lab_config_init(&blank);
    return view_ends(folder, &blank, ENDS_FOR_REPORT, error);
}
