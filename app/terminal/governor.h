/* How fast pictures may go over a line, and how plain they must be to fit it. A pure
 * state machine: told of every picture sent and every answer, asked before the next. One
 * bucket caps the rate whatever the line could carry; the time from a picture to its
 * answer says what the line does carry.
 *
 * 1. While answers come at once the speed is unknown and nothing is made plainer.
 * 2. A frame that would need longer than its stage allows is not sent at that stage.
 * 3. Back up goes one stage at a time, after a few calm seconds, with room to spare. */
#ifndef DDIL_GOVERNOR_H
#define DDIL_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>

/* What a second may carry is what the bucket holds, what flows into it, and the last
 * picture: with those of up to 32 KB, 256 KB. */
enum { GOVERNOR_BYTES_PER_S = 160 * 1024, GOVERNOR_BUCKET = 64 * 1024, GOVERNOR_FLIGHTS = 4 };

typedef enum Stage {
    STAGE_FULL,
    STAGE_SLOW, /* as good, but seldom */
    STAGE_EIGHT,
    STAGE_TWO,
    STAGE_HALF,
    STAGE_BLOCKS, /* no pictures: cells instead */
    STAGES
} Stage;

typedef struct StageFacts {
    int colours;     /* at most */
    int scale;       /* pixels that become one, each way */
    double period_s; /* least time between two pictures in one place */
    double limit_s;  /* that all pictures on screen may take together */
    double cost;     /* bytes beside STAGE_FULL, about: to judge the way back up */
    const char *words;
} StageFacts;
extern const StageFacts governor_stage[STAGES];

typedef struct Flight {
    double bytes, at;
} Flight;

typedef struct Governor {
    bool steady; /* the stage never changes */
    Stage stage;
    double tokens, filled_at;
    double text;       /* bytes that are still to be paid for out of what flows in */
    double round_trip; /* the shortest time to an answer; 0: none yet */
    double speed;      /* bytes/s; 0: unknown, fast enough */
    double changed_at;
    double trial_s;                  /* in STAGE_BLOCKS: until a picture is tried again */
    Flight flight[GOVERNOR_FLIGHTS]; /* unanswered, oldest first */
    int flights;
} Governor;

void governor_init(Governor *governor, double now);
/* An answer to a question of a few bytes. */
void governor_round_trip(Governor *governor, double seconds);
/* Text goes out whenever there is some, and pictures get what it leaves, a tenth at least. */
void governor_text(Governor *governor, size_t bytes);
/* The bucket has something in it. */
bool governor_may(Governor *governor, double now);
/* Seconds until it may; 0: now. */
double governor_wait(const Governor *governor, double now);
/* All pictures on screen, as encoded for the present stage: true if they fit. Else one
 * stage plainer from now on; encode them again. */
bool governor_fits(Governor *governor, double now, double frame_bytes);
void governor_sent(Governor *governor, double now, size_t bytes);
/* The picture sent last was cut off: its answer will not come. */
void governor_cut(Governor *governor);
/* `frame_bytes`: all pictures on screen, as they would be in STAGE_FULL. */
void governor_answered(Governor *governor, double now, double frame_bytes);
/* No answer for seconds: the next try is a small one. */
void governor_silent(Governor *governor, double now);
/* Time passes: pictures are tried again after a while of blocks. */
void governor_tick(Governor *governor, double now);
/* Seconds until governor_tick has something to do; negative: never. */
double governor_trial(const Governor *governor, double now);

#endif
