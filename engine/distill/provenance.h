/* Whence a network comes: what an exported file says of the run that made it, and what a run makes
 * of a file that says so. */
#ifndef DDIL_PROVENANCE_H
#define DDIL_PROVENANCE_H

#include "engine/distill/lab.h"

enum { PROVENANCE_MAX = 24, PROVENANCE_TEXT = 80 };

/* What weights of the lab's student carry: key, value, key, value, ..., NULL, as weights_save takes
 * them. `pair` points into `text`: do not move it. */
typedef struct Provenance {
    const char *pair[2 * PROVENANCE_MAX + 1];
    char text[PROVENANCE_MAX][PROVENANCE_TEXT];
    int n;
} Provenance;
void provenance_of(const Lab *lab, Provenance *of);
/* A further pair; key is borrowed. */
void provenance_add(Provenance *of, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses what cannot be right of the weights that a parameter names: another noise schedule than
 * the run's. Both values and the remedy are named. */
Status provenance_check(const Lab *lab, const char *param, const char *path, Error *error);

/* What is unusual of the networks that a new run was given, one sentence each: made by a distiller,
 * trained on other data, on some of the classes, or, where the file names no schedule, fitting
 * another schedule better than the run's. Asks the teacher about a few samples then. */
enum { PROVENANCE_NOTES = 6, PROVENANCE_NOTE = 240 };
typedef struct ProvenanceNotes {
    int n;
    char text[PROVENANCE_NOTES][PROVENANCE_NOTE];
} ProvenanceNotes;
void provenance_notes(const Lab *lab, ProvenanceNotes *notes);

/* Mean squared error of the teacher's v, without guidance, over n diffused draws of the whole law
 * under a schedule, as a share of the mean square of v: 0 for the best fit, 1 for one that answers
 * 0. Right is the exact v where the law has one, else that of the draw. */
double provenance_misfit(const Lab *lab, Schedule schedule, int n);

#endif
