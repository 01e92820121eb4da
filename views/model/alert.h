/* Rules that ring the bell: a condition (views/model/filter.h) on every run; it rings once each
 * time it begins to hold. Pure. */
#ifndef DDIL_ALERT_H
#define DDIL_ALERT_H

#include "views/model/reply.h"

enum { ALERTS_MAX = 8, ALERT_SIZE = 96, ALERT_RUNS = 64 };

typedef struct Alerts {
    int rules;
    char rule[ALERTS_MAX][ALERT_SIZE];
    /* which rules hold, by run: the last ALERT_RUNS runs met */
    int run[ALERT_RUNS];
    unsigned char holds[ALERT_RUNS];
    int next;
    bool armed; /* what holds at the first look is no news */
} Alerts;

/* "finished" and "failed" to begin with. */
void alerts_init(Alerts *alerts);
/* Adds a rule; false, with the reason, when it makes no sense or there are too many. */
bool alerts_add(Alerts *alerts, const char *rule, char *why, int why_size);
/* The rule of a REPLY_ALERT; what came of it. */
Reply alerts_take(Alerts *alerts, const char *rule);
/* Removes all. */
void alerts_clear(Alerts *alerts);
/* Looks at every run; true, with a sentence, when a rule began to hold. */
bool alerts_watch(Alerts *alerts, const Snapshot *snapshot, char *say, int say_size);

#endif
