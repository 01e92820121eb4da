/* Owns roll-outs: a policy, or a per-step mixture of two, from pure noise to samples.
 * Chunks of rows go to the crew; a row's random numbers are its own, so threads, chunks
 * and the other rows' decisions never change them. May call denoiser and step. */
#include "engine/base/status.h"
#include "engine/diffusion/denoiser.h"
#include <string.h>

/* Decisions of a mixed roll-in have their own random numbers, so that the same row meets
 * the same fresh noise whether or not, and how, it is mixed. */
static const uint64_t decisions = (uint64_t)1 << 63;

/* Network evaluations of a policy, and of its other. */
typedef struct Spent {
    long own, other;
} Spent;

/* What one worker needs for the rows of one chunk. */
typedef struct Walker {
    const Rollout *r;
    Arena *arena;
    int begin, n, d;
    Rng *noise, *decision; /* [n] */
    float *previous;       /* n x d: each row's latest estimate, for the multistep rule, */
    double *previous_u;    /* [n]: where it was made; negative: none */
    const Policy **author; /* [n]: and by whom */
    const Policy **chosen; /* [n]: who makes the present step */
    Clipped *count;
    Spent spent;
} Walker;

/* The rows of the chunk that one policy moves in one step, gathered. */
typedef struct Group {
    const Policy *policy;
    int n;
    int *row; /* [n]: in the chunk */
    float *z, *x0;
    double *u;
    int *label;
} Group;

typedef struct Rolling {
    const Rollout *r;
    Clipped *count; /* [chunks], or NULL */
    Spent *spent;   /* [chunks] */
} Rolling;

static int substeps_of(const Policy *policy)
{
    /* Re-noising forgets z: only the estimate at the stored grid point counts. */
    return policy->rule == RULE_RENOISE ? 1 : policy->substeps;
}

double policy_nfe(const Policy *policy)
{
    double own = (double)policy->steps * substeps_of(policy) * denoiser_cost(&policy->denoiser);
    return policy->other ? (1 - policy->mix) * own + policy->mix * policy_nfe(policy->other) : own;
}

static void step_row(Walker *walker, const Group *group, int g, Noise t, Noise s)
{
    int row = group->row[g], d = walker->d;
    float *z = group->z + (size_t)g * (size_t)d;
    const float *x0 = group->x0 + (size_t)g * (size_t)d;
    float *previous = walker->previous + (size_t)row * (size_t)d;
    Rng *rng = &walker->noise[row];
    switch (group->policy->rule) {
    case RULE_DDIM: step_ddim(d, t, s, z, x0, z); break;
    case RULE_RENOISE: step_renoise(d, s, x0, rng, z); break;
    case RULE_ANCESTRAL: step_ancestral(d, t, s, z, x0, rng, z); break;
    case RULE_DPMPP: {
        bool has = walker->previous_u[row] >= 0 && walker->author[row] == group->policy;
        Noise before = t;
        if (has)
            before = noise_at(group->policy->denoiser.schedule, walker->previous_u[row]);
        step_dpmpp(d, before, t, s, z, x0, has ? previous : NULL, z);
        break;
    }
    }
    memcpy(previous, x0, sizeof(float) * (size_t)d);
    walker->previous_u[row] = t.u;
    walker->author[row] = group->policy;
}

/* Moves the group from u = i/N to (i-1)/N. Sub-times are one fraction each, so the stored
 * ones are exactly i/N. */
static void step_group(Walker *walker, Group *group, int i)
{
    const Policy *policy = group->policy;
    Schedule schedule = policy->denoiser.schedule;
    int m = substeps_of(policy);
    double parts = (double)policy->steps * m;
    for (int j = 0; j < m; j++) {
        Noise t = noise_at(schedule, ((double)i * m - j) / parts);
        Noise s = noise_at(schedule, ((double)i * m - j - 1) / parts);
        for (int g = 0; g < group->n; g++)
            group->u[g] = t.u;
        policy_x0(policy, walker->arena, group->n, group->z, group->u, group->label, group->x0,
                  walker->count);
        for (int g = 0; g < group->n; g++)
            step_row(walker, group, g, t, s);
    }
    long evaluations = (long)group->n * m * denoiser_cost(&policy->denoiser);
    *(policy == walker->r->policy ? &walker->spent.own : &walker->spent.other) += evaluations;
}

/* One policy's share of step i: gathers its rows from `from`, moves them, scatters to
 * `to`. */
static void step_share(Walker *walker, const Policy *policy, int i, const float *from, float *to,
                       float *x0)
{
    size_t d = (size_t)walker->d, mark = arena_mark(walker->arena);
    Group group = {.policy = policy, .row = arena_new(walker->arena, int, walker->n)};
    for (int row = 0; row < walker->n; row++)
        if (walker->chosen[row] == policy)
            group.row[group.n++] = row;
    size_t n = (size_t)group.n;
    group.z = arena_floats(walker->arena, n * d);
    group.x0 = arena_floats(walker->arena, n * d);
    group.u = arena_new(walker->arena, double, n);
    if (walker->r->label)
        group.label = arena_new(walker->arena, int, n);
    for (size_t g = 0; g < n; g++) {
        memcpy(group.z + g * d, from + (size_t)group.row[g] * d, sizeof(float) * d);
        if (group.label)
            group.label[g] = walker->r->label[walker->begin + group.row[g]];
    }
    if (n > 0)
        step_group(walker, &group, i);
    for (size_t g = 0; g < n; g++) {
        memcpy(to + (size_t)group.row[g] * d, group.z + g * d, sizeof(float) * d);
        if (x0)
            memcpy(x0 + (size_t)group.row[g] * d, group.x0 + g * d, sizeof(float) * d);
    }
    arena_rewind(walker->arena, mark);
}

static void choose(Walker *walker)
{
    const Rollout *r = walker->r;
    for (int row = 0; row < walker->n; row++) {
        bool other = r->policy->other && rng_uniform(&walker->decision[row]) < r->policy->mix;
        walker->chosen[row] = other ? r->policy->other : r->policy;
    }
}

/* Leaves out the random numbers of the steps before the first. */
static void skip(Walker *walker)
{
    const Policy *policy = walker->r->policy;
    bool draws = policy->rule == RULE_RENOISE || policy->rule == RULE_ANCESTRAL;
    long drawn = draws ? (long)walker->r->from * substeps_of(policy) * walker->d : 0;
    for (int row = 0; row < walker->n; row++)
        for (long i = 0; i < drawn; i++)
            rng_normal(&walker->noise[row]);
}

/* The states of stage k. */
static float *stage_of(const Rollout *r, int k)
{
    size_t plane = (size_t)r->n * (size_t)net_dims(&r->policy->denoiser.spec);
    return r->states + (r->ends ? 0 : (size_t)k * plane);
}

static void walk(Walker *walker)
{
    const Rollout *r = walker->r;
    int steps = r->policy->steps, last = r->to ? r->to : steps;
    size_t d = (size_t)walker->d, plane = (size_t)r->n * d, at = (size_t)walker->begin * d;
    memcpy(stage_of(r, r->from) + at, r->noise + at, sizeof(float) * (size_t)walker->n * d);
    skip(walker);
    for (int k = r->from; k < last; k++) {
        const float *from = stage_of(r, k) + at;
        float *to = stage_of(r, k + 1) + at;
        float *x0 = r->x0s ? r->x0s + (size_t)k * plane + at : NULL;
        choose(walker);
        step_share(walker, r->policy, steps - k, from, to, x0);
        if (r->policy->other)
            step_share(walker, r->policy->other, steps - k, from, to, x0);
    }
}

static void walk_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    const Rolling *work = context;
    const Rollout *r = work->r;
    int n = end - begin, d = net_dims(&r->policy->denoiser.spec);
    Walker walker = {
        .r = r,
        .arena = arena,
        .begin = begin,
        .n = n,
        .d = d,
        .noise = arena_new(arena, Rng, n),
        .decision = arena_new(arena, Rng, n),
        .previous = arena_floats(arena, (size_t)n * (size_t)d),
        .previous_u = arena_new(arena, double, n),
        .author = arena_new(arena, const Policy *, n),
        .chosen = arena_new(arena, const Policy *, n),
        .count = work->count ? &work->count[chunk] : NULL,
    };
    for (int row = 0; row < n; row++) {
        uint64_t index = r->first + (uint64_t)(begin + row);
        walker.noise[row] = rng_at(r->seed, r->stream, index);
        walker.decision[row] = rng_at(r->seed, r->stream, index | decisions);
        walker.previous_u[row] = -1;
    }
    walk(&walker);
    work->spent[chunk] = walker.spent;
}

static void must_be_sound(const Rollout *r)
{
    const Policy *policies[] = {r->policy, r->policy->other};
    for (int p = 0; p < 2; p++) {
        if (!policies[p])
            continue;
        must(policies[p]->steps == r->policy->steps && policies[p]->steps >= 1);
        must(substeps_of(policies[p]) >= 1);
        must(net_dims(&policies[p]->denoiser.spec) == net_dims(&r->policy->denoiser.spec));
    }
    must(r->policy != r->policy->other && r->policy->denoiser.spec.chunk >= 1);
    must(r->from >= 0 && r->from <= r->policy->steps && r->to <= r->policy->steps);
    must(!(r->from && r->policy->other));
}

/* The planes that were written. */
static void share(Crew *crew, const Rolling *work, int chunk)
{
    const Rollout *r = work->r;
    int last = r->to ? r->to : r->policy->steps, steps = last - r->from;
    size_t row = sizeof(float) * (size_t)net_dims(&r->policy->denoiser.spec),
           plane = row * (size_t)r->n;
    CrewItems items[4] = {
        {.at = work->spent, .size = sizeof *work->spent, .chunks = true},
        {.at = stage_of(r, r->from),
         .size = row,
         .planes = r->ends ? 1 : steps + 1,
         .stride = plane},
    };
    int count = 2;
    if (work->count)
        items[count++] =
            (CrewItems){.at = work->count, .size = sizeof *work->count, .chunks = true};
    if (r->x0s && steps)
        items[count++] = (CrewItems){.at = (char *)r->x0s + (size_t)r->from * plane,
                                     .size = row,
                                     .planes = steps,
                                     .stride = plane};
    crew_share(crew, r->n, chunk, items, count);
}

long rollout(Crew *crew, const Rollout *r)
{
    must_be_sound(r);
    int chunk = r->policy->denoiser.spec.chunk, chunks = crew_chunks(r->n, chunk);
    size_t mark = arena_mark(&crew->shared);
    Rolling work = {.r = r, .spent = arena_new(&crew->shared, Spent, chunks)};
    if (r->count)
        work.count = arena_zero(&crew->shared, (size_t)chunks * sizeof *work.count);
    for (int c = 0; c < chunks && r->count; c++)
        work.count[c].steps = r->count->steps;
    crew_deal(crew, r->n, chunk, walk_chunk, &work);
    share(crew, &work, chunk);
    Spent spent = {0};
    for (int c = 0; c < chunks; c++) {
        spent.own += work.spent[c].own;
        spent.other += work.spent[c].other;
        if (r->count)
            clipped_add(r->count, &work.count[c]);
    }
    arena_rewind(&crew->shared, mark);
    if (r->of_other)
        *r->of_other = spent.other;
    return spent.own + spent.other;
}
