/* SafeDAgger's question to the expert (Zhang & Cho 2017; methods.md 7.1): how far is the student
 * from its label on the states of a roll-out? Roll-outs on which it is safe teach little. */
#include "engine/distill/safedagger.h"
#include <math.h>

typedef struct Ask {
    const Lab *lab;
    const Rollout *rollout;
    double *each; /* [steps * n], as the states lie */
} Ask;

static double mean_square(int d, const float *a, const float *b)
{
    double sum = 0;
    for (int k = 0; k < d; k++)
        sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum / d;
}

static void ask_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)chunk;
    const Ask *ask = context;
    const Lab *lab = ask->lab;
    const Rollout *r = ask->rollout;
    int n = end - begin, d = lab->data.dims, steps = ask->rollout->policy->steps;
    int *i = arena_new(arena, int, n), *label = arena_new(arena, int, n);
    for (int k = 0; k < n; k++) {
        i[k] = steps - (begin + k) / r->n;
        label[k] = r->label[(begin + k) % r->n];
    }
    States at = {.n = n,
                 .z = r->states + (size_t)begin * d,
                 .i = i,
                 .steps = steps,
                 .label = label,
                 .first = (uint64_t)begin};
    if (!lab->method->label) {
        lab->method->disagreement(lab, arena, r->policy, &at, ask->each + begin);
        return;
    }
    float *x0 = arena_floats(arena, n * d);
    lab->method->label(lab, arena, &at, x0);
    for (int k = 0; k < n; k++)
        ask->each[begin + k] = mean_square(d, r->x0s + (size_t)(begin + k) * d, x0 + (size_t)k * d);
}

void safedagger_ask(Lab *lab, const Rollout *rollout, double *error)
{
    const Policy *student = rollout->policy;
    size_t mark = arena_mark(lab->step);
    int n = rollout->n, rows = n * student->steps;
    Ask ask = {lab, rollout, arena_new(lab->step, double, rows)};
    int chunk = student->denoiser.spec.chunk;
    crew_deal(lab->crew, rows, chunk, ask_chunk, &ask);
    crew_share(lab->crew, rows, chunk, &(CrewItems){.at = ask.each, .size = sizeof *ask.each}, 1);
    for (int k = 0; k < n; k++) {
        error[k] = 0;
        for (int s = 0; s < student->steps; s++)
            error[k] += ask.each[s * n + k] / student->steps;
    }
    arena_rewind(lab->step, mark);
    Cost each = lab->method->label_cost(lab);
    lab->cost.teacher += rows * each.teacher;
    lab->cost.student += rows * each.student;
    lab->cost.critic += rows * each.critic;
}
