/* What happened along a run: interventions and what followed them, forks, notes with the
 * point they are about. Pure. */
#ifndef DDIL_MARKS_H
#define DDIL_MARKS_H

#include "views/model/session.h"

typedef enum MarkKind {
    MARK_CHANGE, /* parameters of the run under way */
    MARK_FORK,   /* the run began here, perhaps with other parameters */
    MARK_NOTE,
    MARK_NEWS, /* the engine's own: rounds, passed-over checkpoints */
} MarkKind;
MarkKind mark_kind(const MarkView *mark);

/* One "section.key old -> new" of a mark. */
typedef struct MarkChange {
    char name[48], before[64], after[64];
} MarkChange;
/* Takes the next one; *text begins at mark->text and moves on. false: no more. */
bool mark_next_change(const char **text, MarkChange *change);

/* Short, for lists: "lr 0.001 → 0.0005", a note's own words. */
void mark_words(const MarkView *mark, char *text, size_t size);

/* What followed an intervention: over the next thousand steps, or as far as the run or
 * the next intervention lets see. Relative changes of the smoothed loss and of the worst
 * shift under the session's measure; NaN unknown. */
enum { MARK_HORIZON = 1000 };
typedef struct MarkEffect {
    double loss, shift;
    long steps;
    Reference reference; /* what `shift` is of */
} MarkEffect;
MarkEffect mark_effect(const Session *session, const RunView *run, int mark);
/* "loss -8.1 %, shift -30 % in 1 000" (under another measure than own/forward its name), or "-8.1
 * %", with " in 600" when it is not a thousand. */
void mark_effect_words(const MarkEffect *effect, bool full, char *text, size_t size);

/* What a chart says beside a mark: its words, and of an intervention what followed, once
 * that is settled: "lr 0.001 → 0.0005: loss -8.1 %, shift -30 % in 1 000". */
enum { MARK_STORY_SIZE = MARK_TEXT_SIZE + 80 };
void mark_story(const Session *session, const RunView *run, int mark, char text[MARK_STORY_SIZE]);
/* The newest mark at the cursor or before it, -1: none. */
int mark_at(const Session *session, const RunView *run);

/* The fork that undoes an intervention: from the checkpoint written before it, with the
 * old values. false: it is not one that can be undone. `plan` says it in words. */
bool mark_undo(const RunView *run, int mark, Command *command, char *plan, size_t size);

/* A note's text with the sampling stage and the seed under the cursor behind it; an empty
 * one is a bookmark. */
void mark_note(const Session *session, const RunView *run, const char *text, char *note,
               size_t size);
/* Puts the cursor on a mark: its training step, and a note's stage and seed. */
void mark_visit(Session *session, const MarkView *mark);
/* The mark after (1) or before (-1) the cursor; false: none. */
bool mark_jump(Session *session, const RunView *run, int direction);

#endif
