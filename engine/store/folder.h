/* Folders of runs: numbers, names, locks, and run.ini. No lab. */
#ifndef DDIL_FOLDER_H
#define DDIL_FOLDER_H

#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/engine.h"

/* Where a run comes from, as the head of run.ini says. */
typedef struct Lineage {
    char program[32]; /* "ddil 0.1.0" */
    int parent;       /* 0: none */
    char parent_name[64];
    long parent_step;
} Lineage;

/* A name that may stand in a folder's name: letters, digits, - _ . */
Status folder_check_name(const char *name, Error *error);
/* Such a name made of a preset's, or of the path of its file: without folder and .ini, what may not
 * stand in it as single hyphens, cut; "run" when nothing is left. Returns `name`. */
char *folder_name_after(const char *preset, char name[NAME_SIZE]);
/* The number a run folder's name begins with (path or name), or 0. */
int folder_id(const char *path);
/* The name behind the number. */
const char *folder_name(const char *path);
/* Folders of runs under `runs`, by number. Allocated array of allocated names; the caller frees
 * both. Returns the count. */
int folder_list(const char *runs, char ***names);
/* Makes NNNN-NAME with the next free number in an existing runs folder. */
Status folder_make(const char *runs, const char *name, char folder[PATH_SIZE], Error *error);
/* Removes a folder and everything in it. */
Status folder_remove(const char *folder, Error *error);

/* Removes what a killed writer left in a run's folder: temporary files of newfile_open, in samples/
 * too. Only for the folder's owner. */
void folder_sweep(const char *folder);
/* Removes run folders that hold nothing but a lock, left by who was killed while making them. Only
 * for the owner of the runs folder. */
void folder_sweep_runs(const char *runs);
/* A copy of a run's folder has its number too: gives each but the oldest the next free one. Calls
 * tell(context, folder, number) for each, the folder under its old name. Only for the owner of the
 * runs folder. */
void folder_renumber(const char *runs, void (*tell)(void *context, const char *name, int number),
                     void *context);
/* Does a process own this runs folder, or train in it? */
bool folder_owned(const char *runs);

/* Takes a lock on FILE (created when missing) for this process: alone or shared; an flock, or where
 * the file system has none what guard.h offers. STATUS_BLOCKED names the owner. The lock ends with
 * folder_unlock, or the process. */
Status folder_lock(const char *path, bool alone, int *descriptor, Error *error);
/* Ends a lock and sets *descriptor to -1, which is fine to begin with too. */
void folder_unlock(int *descriptor);
/* Writes this process's number into a lock it holds (after a fork). */
void folder_sign(int descriptor);
/* A holder calls this once a minute, for those who look on from other machines. */
void folder_beat(int descriptor);
/* Is a lock here not an flock? */
bool folder_guarded(const char *path);
/* Does a process hold this lock? */
bool folder_locked(const char *path);
/* The process whose number stands in a lock file, 0: none. */
long folder_owner(const char *path);
enum { WHOSE_SIZE = 40 };
/* " (process 17)" for a message; "" where no number stands there. Returns text. */
const char *folder_whose(const char *path, char text[WHOSE_SIZE]);

Status folder_write_ini(const char *folder, const Config *config, const Lineage *lineage,
                        Error *error);
/* config: initialised. lineage may be NULL. */
Status folder_read_ini(const char *folder, Config *config, Lineage *lineage, Error *error);
/* Where a run comes from, of the text of its run.ini. */
void folder_lineage(const char *text, Lineage *lineage);
/* A configuration as INI text, allocated. */
char *folder_config_text(const Config *config);

#endif
