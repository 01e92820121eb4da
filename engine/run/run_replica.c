/* A further process of a run: a replica of its lab, without a folder, that does what the first
 * process orders, chunk for chunk, and so stays the same. */
#include "engine/distill/params.h"
#include "engine/distill/train.h"
#include "engine/run/run_order.h"
#include <stdlib.h>
#include <string.h>

static Status open_config(const char *text, Crew *crew, Run **run, Error *error)
{
    Config config;
    lab_config_init(&config);
    Status status = config_read_text(&config, "the first rank's configuration", text, error);
    return status ? status : run_new(run, &config, crew, error);
}

/* A replica of the run that the first process has. NULL when anybody could not. */
static Run *open_replica(Crew *crew, size_t size)
{
    Run *run = NULL;
    Error error = {{0}};
    char *text = need(malloc(size)), farewell[FAREWELL];
    ranks_tell(crew->ranks, 0, text, size);
    ranks_tell(crew->ranks, 0, farewell, sizeof farewell);
    ranks_on_loss(crew->ranks, farewell);
    Status status = open_config(text, crew, &run, &error);
    free(text);
    if (!order_agree(crew->ranks, status, &error, NULL)) {
        order_tell_lab(&run->lab);
        return run;
    }
    run_close(run);
    return NULL;
}

/* The student's errors alone: laws are compared by the first. */
static void measure_errors(Run *run)
{
    size_t mark = arena_mark(&run->scratch),
           rows =
               (size_t)run->lab.grid.steps * (size_t)config_int(&run->lab.config, "shift.samples");
    double *own = arena_new(&run->scratch, double, rows),
           *forward = arena_new(&run->scratch, double, rows);
    Policy student = lab_student(&run->lab, false, 0);
    shift_prepare(run->shift, run->lab.crew);
    shift_errors(run->shift, run->lab.crew, &run->scratch, &student, own, forward);
    arena_rewind(&run->scratch, mark);
}

static void make_samples(Run *run, int n)
{
    size_t mark = arena_mark(&run->scratch);
    const Lab *lab = &run->lab;
    Policy student = lab_student(lab, false, 0);
    Judge judge = {.data = &lab->data, .crew = lab->crew};
    eval_draw(&judge, &student, n, lab->seed,
              arena_floats(&run->scratch, (size_t)n * (size_t)lab->data.dims), NULL);
    arena_rewind(&run->scratch, mark);
}

static void follow(Run *run, const Order *order)
{
    Lab *lab = &run->lab;
    StepReport report;
    float probe[PROBES];
    order_probe(&lab->student, probe);
    if (memcmp(probe, order->probe, sizeof probe) != 0)
        give_up("rank %d (%s) has come to other weights than rank 0 (%s): are machine, libraries "
                "and program the same?",
                ranks_rank(lab->crew->ranks),
                ranks_host(lab->crew->ranks, ranks_rank(lab->crew->ranks)),
                ranks_host(lab->crew->ranks, 0));
    lab->source.measured_shift = order->measured_shift;
    memcpy(lab->source.shift, order->shift, sizeof order->shift);
    order_deal(lab);
    switch ((RankTask)order->task) {
    case TASK_PRETRAIN: lab_pretrain(lab, order->number); break;
    case TASK_START: lab_pretrain_done(lab); break;
    case TASK_STEP: lab_step(lab, order->number, &report); break;
    case TASK_SHIFT: measure_errors(run); break;
    case TASK_EVAL: make_samples(run, (int)order->number); break;
    case TASK_OPEN:
    case TASK_END: break;
    }
    lab->crew->deal = DEAL_NOT;
}

void run_serve(Crew *crew)
{
    Run *run = NULL;
    for (;;) {
        Order order;
        ranks_tell(crew->ranks, 0, &order, sizeof order);
        if (order.task == TASK_END)
            break;
        if (order.task == TASK_OPEN) {
            run_close(run);
            run = open_replica(crew, (size_t)order.number);
        } else {
            must(run);
            follow(run, &order);
        }
    }
    run_close(run);
}
