/* Conditions such as "state=live and lr>=1e-3 or name~ddil": for '/', ':wait', alerts and
 * lessons. Pure.
 *
 *   condition = all { "or" all },  all = one { "and" one },  one = NAME [OP VALUE]
 *   OP: = != < <= > >= compare numbers, = != texts too; ~ "contains". A NAME alone: it is
 * not zero, empty or "no". VALUE: a number (1e-3), a word, or "words in quotes"; behind < <= > >=
 * also the name of another value (loss<parent.loss). */
#ifndef DDIL_FILTER_H
#define DDIL_FILTER_H

#include "engine/engine.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct FilterValue {
    double number; /* NaN: none */
    char text[96]; /* as it is written */
} FilterValue;

/* The value of a name; false: there is no such name. */
typedef bool FilterLookup(const void *context, const char *name, FilterValue *value);

/* 1: it holds, 0: it does not, -1: it makes no sense, and `why` says what would. An empty
 * condition holds. */
int filter_holds(const char *condition, FilterLookup *lookup, const void *context, char *why,
                 size_t why_size);

/* Does every word of `words` stand in the text, whatever its case? */
bool filter_text_holds(const char *text, const char *words);
/* Does a run fit what was typed behind '/'? A condition as above, or plain words: each must stand
 * in the run's number, name, method, data set, state or notes, whatever its case. As filter_holds.
 */
int filter_run_fits(const char *text, const RunView *run, char *why, size_t why_size);

/* A lookup of a RunView: run, name, method, data, state, step, steps, progress (0..1),
 * loss, shift, lr, nfe, parent, parent_step, forked, marks, speed, plateau (by what part the
 * smoothed loss changed over the last fifth), checkpoint, every metric (sw2), every parameter
 * (optimizer.lr, or lr where the key is unique). */
bool filter_run(const void *run_view, const char *name, FilterValue *value);
void filter_number(FilterValue *value, double number);
void filter_text(FilterValue *value, const char *text);

#endif
