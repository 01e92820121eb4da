/* Owns the probes. See probe.h. */
#include "engine/study/probe.h"

#include "engine/base/clock.h"
#include "engine/distill/lab.h"
#include "engine/distill/lab_open.h"
#include "engine/distill/train.h"
#include "engine/measure/metrics.h"
#include <string.h>

enum { WARM = 10, LEAST = 10 }; /* steps: the first of them fill the rings of roll-outs */

/* How many steps a second of them may take. */
static double timed(Lab *lab, double seconds)
{
    StepReport report;
    long at = lab->steps / 2;
    for (int i = 0; i < WARM; i++)
        lab_step(lab, at++, &report);
    double spent = lab_spent(lab), began = clock_cpu_s(), passed = 0;
    for (int i = 0; i < LEAST || passed < seconds; i++) {
        lab_step(lab, at++, &report);
        passed = clock_cpu_s() - began;
    }
    return (lab_spent(lab) - spent) / passed;
}

/* Does something with a lab of its own. */
typedef Status Doing(Lab *lab, void *context, Error *error);

static Status with_lab(const Config *config, Crew *crew, Doing *doing, void *context, Error *error)
{
    const size_t room = (size_t)1 << 34; /* address space; pages come with use */
    Arena keep, step;
    arena_init(&keep, room);
    arena_init(&step, room);
    Lab *lab = arena_new(&keep, Lab, 1);
    Status status = lab_open(lab, config, crew, &keep, &step, error);
    if (!status)
        status = doing(lab, context, error);
    arena_done(&step);
    arena_done(&keep);
    return status;
}

typedef struct Rate {
    double seconds, rate;
} Rate;

static Status take_rate(Lab *lab, void *context, Error *error)
{
    Rate *rate = context;
    (void)error;
    lab_pretrain_done(lab);
    rate->rate = timed(lab, rate->seconds);
    return STATUS_OK;
}

Status probe_rate(const Config *config, double seconds, Crew *crew, double *rate, Error *error)
{
    Rate asked = {seconds, 0};
    Status status = with_lab(config, crew, take_rate, &asked, error);
    *rate = asked.rate;
    return status;
}

typedef struct Names {
    int n;
    const char (*name)[FIGURE_NAME_SIZE];
} Names;

static Status check_names(Lab *lab, void *context, Error *error)
{
    const Names *names = context;
    char name[FIGURE_NAME_SIZE], why[160];
    for (int i = 0; i < names->n; i++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(names->name[i], "@"), names->name[i]);
        const Measure *measure = measure_find(name);
        if (measure && !measure_fits(measure, &lab->data, why))
            return fail(error, STATUS_BAD_INPUT, "%s on %s: %s", names->name[i],
                        config_text(&lab->config, "data.name"), why);
    }
    return STATUS_OK;
}

Status probe_metrics(const Config *config, int n, const char (*name)[FIGURE_NAME_SIZE], Crew *crew,
                     Error *error)
{
    Names names = {n, name};
    return with_lab(config, crew, check_names, &names, error);
}
