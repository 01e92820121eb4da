/* Owns the fixed question. See weights_probe.h. */
#include "engine/nets/weights_probe.h"
#include "engine/base/number.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 2 };

Probe probe_network(const NetSpec *spec, const float *weights)
{
    static const float time[ROWS] = {0.3f, 0.8f}, told[ROWS] = {0.5f, 0.5f};
    const int label[ROWS] = {0, spec->classes};
    int n = ROWS * net_dims(spec);
    Arena arena;
    Tape tape;
    arena_init(&arena, 1 << 22);
    tape_begin(&tape, &arena, false);
    float *z = arena_floats(&arena, n);
    for (int k = 0; k < n; k++)
        z[k] = (float)sin(k + 1.0);
    Tensor *input = tape_input(&tape, ROWS, spec->height, spec->width, spec->channels, z);
    NetMore more = {.condition = told};
    const Tensor *v = net_forward_more(spec, &tape, weights, NULL, input, time, label, &more);
    double squares = 0, tone = 0;
    int answers = ROWS * v->h * v->w * v->c;
    for (int k = 0; k < answers; k++) {
        squares += (double)v->x[k] * (double)v->x[k];
        tone += (double)v->x[k] * cos(k + 1.0);
    }
    arena_done(&arena);
    return (Probe){sqrt(squares / answers), tone / answers};
}

void probe_write(Probe probe, char text[64])
{
    snprintf(text, 64, "%.7g %.7g", probe.size, probe.tone);
}

bool probe_fits(Probe probe, const char *text)
{
    char first[64] = "";
    double size, tone;
    const char *blank = text ? strchr(text, ' ') : NULL;
    if (!blank || blank - text >= 64)
        return true;
    snprintf(first, sizeof first, "%.*s", (int)(blank - text), text);
    if (!number_real(first, &size) || !number_real(blank + 1, &tone))
        return true;
    double room = 1e-3 * fabs(size) + 1e-7;
    return fabs(probe.size - size) <= room && fabs(probe.tone - tone) <= room;
}
