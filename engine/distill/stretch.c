/* Owns the comparison of two lengths of one run. */
#include "engine/distill/stretch.h"
#include <stdio.h>
#include <string.h>

/* Where the schedules stand. */
typedef struct Standing {
    double rate, data, level;
} Standing;

/* A method's last round ends with the schedules; rounds before it keep their share. */
static long round_steps(const Lab *lab, long span)
{
    bool last = lab->round_first + lab->round_steps >= lab->span;
    long steps = last ? span - lab->round_first
                      : (long)((double)lab->round_steps * (double)span / (double)lab->span);
    return steps > 0 ? steps : 1;
}

static Standing stand(const Lab *lab, const Config *config, long index)
{
    size_t mark = arena_mark(lab->step);
    Lab *at = arena_new(lab->step, Lab, 1);
    double beta[ORIGINS];
    *at = *lab;
    at->config = *config;
    lab_read_length(at);
    at->round_steps = round_steps(lab, at->span);
    at->clock = lab_clock(at, index);
    source_priors(&at->source, at->clock, at->span, beta);
    Standing standing = {.rate = lab->adam.lr * lab_rate(at),
                         .data = beta[ORIGIN_DATA],
                         .level = lab->method->level ? lab->method->level(at) : 0};
    arena_rewind(lab->step, mark);
    return standing;
}

static void add(char text[160], const char *name, double from, double to)
{
    size_t used = strlen(text);
    snprintf(text + used, 160 - used, "%s%s %.3g -> %.3g", used ? ", " : "", name, from, to);
}

void stretch_describe(const Lab *lab, const Config *before, const Config *after, long index,
                      char text[160])
{
    static const double SAME = 1 + 1e-9;
    *text = 0;
    if (index < 1)
        return;
    Standing was = stand(lab, before, index - 1), is = stand(lab, after, index);
    if (is.rate > was.rate * SAME)
        add(text, "learning rate", was.rate, is.rate);
    if (is.level < was.level)
        add(text, lab->method->level_name, was.level, is.level);
    if (is.data > was.data * SAME)
        add(text, "share of data states", was.data, is.data);
}
