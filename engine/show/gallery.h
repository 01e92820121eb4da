/* The samples a person looks at: fixed noise, every sampling step, student beside
 * teacher. Immutable once made and reference counted, so that views share it. */
#ifndef DDIL_GALLERY_H
#define DDIL_GALLERY_H

#include "engine/distill/lab.h"
#include "engine/engine.h"
#include "engine/show/sample_paths.h"

typedef struct Gallery Gallery;

/* Samples of the student as it is after `step`, with or without the paths of the first seeds. What
 * never changes (teacher, reference) is taken over from `before` when that is not NULL, which makes
 * the call much cheaper. One reference. */
Gallery *gallery_make(const Lab *lab, long step, const Gallery *before, bool paths);
/* The same of the caller's own, which it hands over: where nobody else holds it, in its place. */
Gallery *gallery_renew(const Lab *lab, long step, Gallery *before, bool paths);
Gallery *gallery_keep(Gallery *gallery);
void gallery_drop(Gallery *gallery); /* NULL is fine */
const SamplesView *gallery_view(const Gallery *gallery);
/* Network evaluations of a renewal. */
double gallery_cost(const Lab *lab, bool paths);
size_t gallery_bytes(const Gallery *gallery); /* without the paths */

/* For a viewer in another process, or later: the same in a file. */
Status gallery_save(const Gallery *gallery, const char *path, Error *error);
/* NULL when there is none or it is damaged. */
Gallery *gallery_load(const char *path);

#endif
