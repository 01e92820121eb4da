/* Owns which metrics stand against each other. */
#include "engine/measure/frontier.h"

#include "engine/measure/metric.h"
#include <string.h>

/* Those that are not defined on the data fall out. */
static const Measure *const all[] = {&measure_frechet, &measure_sw2, &measure_neighbours,
                                     &measure_cover};

static const Metric *find(const EvalReport *report, const char *name)
{
    for (int i = 0; i < report->metrics; i++)
        if (strcmp(report->metric[i].name, name) == 0)
            return &report->metric[i];
    return NULL;
}

static Interval interval_of(const Metric *metric)
{
    return (Interval){metric->value, metric->low, metric->high};
}

bool frontier_trade(const Judge *judge, const Policy *policy, int n, uint64_t seed, Trade *trade)
{
    EvalReport report;
    eval_some(judge, policy, n, seed, sizeof all / sizeof *all, all, &report);
    const Metric *quality = find(&report, "frechet"), *diversity = find(&report, "coverage");
    if (!quality)
        quality = find(&report, "sw2");
    if (!diversity)
        return false;
    *trade = (Trade){quality->name,         report.k, report.nfe, report.n, interval_of(quality),
                     interval_of(diversity)};
    return true;
}
