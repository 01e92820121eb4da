/* Checkpoints: the complete state of a run in one safetensors file,
 * ckpt-NNNNNNNN.safetensors. Invariants: checkpoint.c. */
#ifndef DDIL_CHECKPOINT_H
#define DDIL_CHECKPOINT_H

#include "engine/base/status.h"
#include "engine/base/walk.h"

/* Walks everything a checkpoint holds. Must name the same arrays in the same order each
 * time it is called. */
typedef void CheckpointState(void *context, Walk *walk);

/* Path of the checkpoint of a step; at least PATH_SIZE bytes. Returns `path`. */
char *checkpoint_path(char *path, const char *folder, long step);
/* Steps of the checkpoints in a folder, ascending. Allocated (free it); returns the
 * count. */
int checkpoint_list(const char *folder, long **steps);
long checkpoint_newest(const char *folder); /* -1: none */

/* Saves the state; `config` (INI text) goes into the metadata. Also points `latest` to
 * it. */
Status checkpoint_save(const char *folder, long step, const char *config, CheckpointState *state,
                       void *context, Error *error);
/* Removes all but the newest `keep` checkpoints; 0: none. */
void checkpoint_prune(const char *folder, long keep);
/* Points `latest` to the newest good checkpoint, should it point elsewhere: the last save may have
 * failed between the two. -1: does nothing. What cannot be written is left for the next save to
 * complain of. */
void checkpoint_mend(const char *folder, long step);
/* Loads the state; nothing of it changes unless all of the file is right. */
Status checkpoint_load(const char *folder, long step, CheckpointState *state, void *context,
                       Error *error);
/* checkpoint_load for those arrays that `part` walks. */
Status checkpoint_load_part(const char *folder, long step, CheckpointState *part, void *context,
                            Error *error);
/* The newest step of a checkpoint that is not after `step`; the oldest when all are, -1 when there
 * is none. */
long checkpoint_before(const char *folder, long step);
/* The INI text saved with it, allocated. */
Status checkpoint_config(const char *folder, long step, char **text, Error *error);

#endif
