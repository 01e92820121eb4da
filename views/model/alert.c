/* Owns the rules and what was rung for. See alert.h. */
#include "views/model/alert.h"

#include "views/model/filter.h"
#include <stdio.h>
#include <string.h>

void alerts_init(Alerts *alerts)
{
    static const char *const usual[] = {"state=done", "state=failed"};
    *alerts = (Alerts){.rules = 2};
    for (int i = 0; i < alerts->rules; i++)
        snprintf(alerts->rule[i], ALERT_SIZE, "%s", usual[i]);
}

void alerts_clear(Alerts *alerts) { alerts->rules = 0; }

Reply alerts_take(Alerts *alerts, const char *rule)
{
    char why[120];
    if (rule[0] == '\0') {
        alerts_clear(alerts);
        return reply_say(REPLY_NONE, "no rule rings any more");
    }
    if (!alerts_add(alerts, rule, why, sizeof why))
        return reply_say(REPLY_REFUSED, "%s", why);
    return reply_say(REPLY_NONE, "the bell rings when that comes true of a run");
}

bool alerts_add(Alerts *alerts, const char *rule, char *why, int why_size)
{
    static const RunView nobody;
    if (alerts->rules == ALERTS_MAX) {
        snprintf(why, (size_t)why_size, "there are %d rules already; alert off forgets them",
                 ALERTS_MAX);
        return false;
    }
    if (strlen(rule) >= ALERT_SIZE) {
        snprintf(why, (size_t)why_size, "too long a rule");
        return false;
    }
    if (filter_holds(rule, filter_run, &nobody, why, (size_t)why_size) < 0)
        return false;
    snprintf(alerts->rule[alerts->rules++], ALERT_SIZE, "%s", rule);
    alerts->armed = false; /* runs for which it holds already are no news */
    return true;
}

/* Where a run is remembered; the oldest gives way. */
static int place_of(Alerts *alerts, int run)
{
    for (int i = 0; i < ALERT_RUNS; i++)
        if (alerts->run[i] == run)
            return i;
    int at = alerts->next;
    alerts->next = (at + 1) % ALERT_RUNS;
    alerts->run[at] = run;
    alerts->holds[at] = 0;
    return at;
}

static bool watch_run(Alerts *alerts, const RunView *run, char *say, int say_size)
{
    char why[160];
    int at = place_of(alerts, run->id);
    unsigned now = 0, before = alerts->holds[at];
    for (int i = 0; i < alerts->rules; i++)
        now |= filter_holds(alerts->rule[i], filter_run, run, why, sizeof why) == 1 ? 1u << i : 0;
    alerts->holds[at] = (unsigned char)now;
    unsigned news = alerts->armed ? now & ~before : 0;
    for (int i = 0; i < alerts->rules; i++) {
        if (news >> i & 1) {
            snprintf(say, (size_t)say_size, "%02d %s: %s", run->id, run->name, alerts->rule[i]);
            return true;
        }
    }
    return false;
}

bool alerts_watch(Alerts *alerts, const Snapshot *snapshot, char *say, int say_size)
{
    bool rung = false;
    int first = snapshot->runs > ALERT_RUNS ? snapshot->runs - ALERT_RUNS : 0;
    for (int i = first; i < snapshot->runs; i++)
        rung = watch_run(alerts, snapshot->run[i], say, say_size) || rung;
    alerts->armed = true;
    return rung;
}
