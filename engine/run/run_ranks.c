/* The first of several processes of one run. It is as if it were alone: its folder, its logs, its
 * decisions are nobody else's. Before work that is dealt it tells the others what is to be done, as
 * an order; they do the same with a replica of the lab (run_replica.c). What nobody else takes part
 * in (judging, sheets, saving) is done while they wait. */
#include "engine/run/run_order.h"
#include <stdlib.h>
#include <string.h>

void order_probe(const Model *model, float probe[PROBES])
{
    for (size_t i = 0; i < PROBES; i++)
        probe[i] = model->weights[i * model->size / PROBES];
}

void order_deal(Lab *lab)
{
    lab->crew->deal = config_choice(&lab->config, "run.reduce") ? DEAL_FAST : DEAL_ORDERED;
}

/* ---- The whole lab, from the first to the others ---- */

typedef struct Tell {
    Walk walk;
    Ranks *ranks;
} Tell;

static void tell_array(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                       void *data)
{
    static const size_t size[] = {[WALK_F32] = sizeof(float),
                                  [WALK_F64] = sizeof(double),
                                  [WALK_I32] = sizeof(int32_t),
                                  [WALK_I64] = sizeof(int64_t),
                                  [WALK_U8] = 1};
    size_t n = size[type];
    (void)name;
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    ranks_tell(((Tell *)walk)->ranks, 0, data, n);
}

void order_tell_lab(Lab *lab)
{
    Tell tell = {{tell_array}, lab->crew->ranks};
    lab_walk(lab, &tell.walk);
}

/* ---- Could all open it? ---- */

typedef struct Answer {
    Status status;
    Error error;
} Answer;

Status order_agree(Ranks *ranks, Status own, const Error *why, Error *error)
{
    int n = ranks_size(ranks), r = 0;
    Answer answer = {own, own ? *why : (Error){{0}}}, *all = need(calloc((size_t)n, sizeof *all));
    size_t *size = need(calloc((size_t)n, sizeof *size));
    for (int i = 0; i < n; i++)
        size[i] = sizeof answer;
    ranks_gather(ranks, &answer, size, all);
    while (r < n && !all[r].status)
        r++;
    Status status = r < n ? fail(error, all[r].status, "rank %d (%s): %s", r, ranks_host(ranks, r),
                                 all[r].error.text)
                          : STATUS_OK;
    free(all);
    free(size);
    return status;
}

/* ---- The first process ---- */

static bool has_others(const Run *run) { return ranks_size(run->lab.crew->ranks) > 1; }

static void order_all(Ranks *ranks, RankTask task, long number)
{
    Order order = {.task = task, .number = number};
    ranks_tell(ranks, 0, &order, sizeof order);
}

Status run_enlist(Run *run, Error *error)
{
    Ranks *ranks = run->lab.crew->ranks;
    if (!has_others(run))
        return STATUS_OK;
    char *text = folder_config_text(&run->config);
    size_t size = strlen(text) + 1;
    char farewell[FAREWELL] = "";
    snprintf(farewell, sizeof farewell, "; what is saved stands, go on with: ddil resume %s",
             run->folder);
    ranks_on_loss(ranks, farewell);
    order_all(ranks, TASK_OPEN, (long)size);
    ranks_tell(ranks, 0, text, size);
    ranks_tell(ranks, 0, farewell, sizeof farewell);
    free(text);
    Status status = order_agree(ranks, STATUS_OK, NULL, error);
    if (status)
        return status;
    order_tell_lab(&run->lab);
    run->enlisted = true;
    return STATUS_OK;
}

void run_deal(Run *run, RankTask task, long number)
{
    const Source *source = &run->lab.source;
    Order order = {.task = task, .number = number, .measured_shift = source->measured_shift};
    if (!run->enlisted)
        return;
    memcpy(order.shift, source->shift, sizeof order.shift);
    order_probe(&run->lab.student, order.probe);
    ranks_tell(run->lab.crew->ranks, 0, &order, sizeof order);
    order_deal(&run->lab);
}

void run_dealt(Run *run) { run->lab.crew->deal = DEAL_NOT; }

void run_dismiss(Crew *crew)
{
    if (ranks_size(crew->ranks) > 1)
        order_all(crew->ranks, TASK_END, 0);
}
