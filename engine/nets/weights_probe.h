/* What a network answers to a fixed question, as two numbers: weights that were turned round, cut
 * or mixed up answer something else. */
#ifndef DDIL_WEIGHTS_PROBE_H
#define DDIL_WEIGHTS_PROBE_H

#include "engine/nets/net.h"

/* z[k] = sin(k + 1) over two samples as they lie in memory (n, h, w, c), at times .3 and .8, the
 * first of class 0, the second of none, told .5 where it is told something. size: root mean square
 * of the answer v; tone: the mean of v[k] cos(k + 1). */
typedef struct Probe {
    double size, tone;
} Probe;
Probe probe_network(const NetSpec *spec, const float *weights);
/* "SIZE TONE", as the metadata have it under the key "probe". */
void probe_write(Probe probe, char text[64]);
/* Is that what the text says, within what other arithmetic differs by? A text that is none fits. */
bool probe_fits(Probe probe, const char *text);

#endif
