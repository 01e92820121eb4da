/* Owns the pace and the plainness of pictures. See governor.h for the invariants. Calls
 * nothing. */
#include "app/terminal/governor.h"

#include <math.h>

/* Costs from sheets of 64 grey digits at 400x300: 55 KB in 16 colours, 6 KB in two. */
/* clang-format off */
const StageFacts governor_stage[STAGES] = {
    [STAGE_FULL] = {16, 1, 0, 0.5, 1,    ""                 },
    [STAGE_SLOW] = {16, 1, 2, 1,   1,    "16c slow"         },
    [STAGE_EIGHT] = {8,  1, 2, 1,   0.7,  "8c"               },
    [STAGE_TWO] = {2,  1, 2, 1,   0.2,  "2c"               },
    [STAGE_HALF] = {2,  2, 2, 1.5, 0.08, "half"             },
    [STAGE_BLOCKS] = {2,  2, 2, 0,   0.08, "blocks: slow line"},
};
/* clang-format on */

static const double at_once_s = 0.1;  /* an answer this quick says nothing of the line */
static const double text_share = 0.9; /* of what flows in, at most */
static const double calm_s = 3, trial_least_s = 10, trial_most_s = 300;

void governor_init(Governor *governor, double now)
{
    *governor = (Governor){
        .tokens = GOVERNOR_BUCKET, .filled_at = now, .changed_at = now, .trial_s = trial_least_s};
}

void governor_round_trip(Governor *governor, double seconds)
{
    if (governor->round_trip <= 0 || seconds < governor->round_trip)
        governor->round_trip = fmax(seconds, 1e-4);
}

void governor_text(Governor *governor, size_t bytes)
{
    governor->text = fmin(governor->text + (double)bytes, GOVERNOR_BYTES_PER_S);
}

bool governor_may(Governor *governor, double now)
{
    double flow = fmax(now - governor->filled_at, 0) * GOVERNOR_BYTES_PER_S;
    double text = fmin(governor->text, text_share * flow);
    governor->text -= text;
    governor->tokens = fmin(governor->tokens + flow - text, GOVERNOR_BUCKET);
    governor->filled_at = now;
    return governor->tokens > 0;
}

double governor_wait(const Governor *governor, double now)
{
    double missing = 1 - governor->tokens;
    double beside_text = governor->text / text_share * (1 - text_share);
    double flow = missing <= beside_text ? missing / (1 - text_share) : missing + governor->text;
    double left = flow / GOVERNOR_BYTES_PER_S - (now - governor->filled_at);
    return governor->tokens > 0 ? 0 : fmax(left, 0);
}

static void move(Governor *governor, double now, Stage stage)
{
    governor->stage = governor->steady ? governor->stage : stage;
    governor->changed_at = now;
}

static bool needs_longer(const Governor *governor, Stage stage, double bytes, double share)
{
    return governor->speed > 0 && bytes / governor->speed > share * governor_stage[stage].limit_s;
}

bool governor_fits(Governor *governor, double now, double frame_bytes)
{
    if (governor->stage == STAGE_BLOCKS)
        return false;
    if (governor->steady || !needs_longer(governor, governor->stage, frame_bytes, 1))
        return true;
    move(governor, now, governor->stage + 1);
    return false;
}

void governor_sent(Governor *governor, double now, size_t bytes)
{
    governor->tokens -= (double)bytes; /* may go below zero: then the next one waits */
    if (governor->flights == GOVERNOR_FLIGHTS) {
        for (int i = 1; i < GOVERNOR_FLIGHTS; i++)
            governor->flight[i - 1] = governor->flight[i];
        governor->flights--;
    }
    governor->flight[governor->flights++] = (Flight){(double)bytes, now};
}

void governor_cut(Governor *governor) { governor->flights -= governor->flights > 0; }

/* What one flight says of the line. */
static void learn(Governor *governor, Flight flight, double now)
{
    double took = fmax(now - flight.at, 0);
    double travel = took - fmin(governor->round_trip, took);
    double sample = flight.bytes / fmax(travel, 1e-3);
    if (travel >= at_once_s)
        governor->speed = governor->speed > 0 ? (governor->speed + sample) / 2 : sample;
    else if (governor->speed > 0) /* at least that fast */
        governor->speed = fmax(governor->speed, sample);
    governor->round_trip = fmin(governor->round_trip, took);
}

void governor_answered(Governor *governor, double now, double frame_bytes)
{
    if (governor->flights == 0)
        return; /* to a question of somebody else */
    learn(governor, governor->flight[0], now);
    for (int i = 1; i < governor->flights; i++)
        governor->flight[i - 1] = governor->flight[i];
    governor->flights--;
    if (governor->stage > STAGE_FULL && governor->stage < STAGE_BLOCKS) {
        Stage better = governor->stage - 1;
        double bytes = frame_bytes * governor_stage[better].cost;
        if (now - governor->changed_at >= calm_s && !needs_longer(governor, better, bytes, 0.6)) {
            move(governor, now, better);
            governor->trial_s = trial_least_s;
        }
    }
}

void governor_silent(Governor *governor, double now)
{
    if (governor->stage < STAGE_HALF)
        move(governor, now, STAGE_HALF);
}

void governor_tick(Governor *governor, double now)
{
    if (governor->stage == STAGE_BLOCKS && governor_trial(governor, now) <= 0) {
        move(governor, now, STAGE_HALF);
        governor->speed = 0; /* one picture will tell */
        governor->trial_s = fmin(2 * governor->trial_s, trial_most_s);
    }
}

double governor_trial(const Governor *governor, double now)
{
    return governor->stage != STAGE_BLOCKS
               ? -1
               : fmax(governor->changed_at + governor->trial_s - now, 0);
}
