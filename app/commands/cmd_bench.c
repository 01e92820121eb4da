/* Owns bench: the machine's limits and the named steps of engine/bench/bench.h as a table
 * or as JSON. Keys are the contract of cli.md. */
#include "app/commands/commands.h"
#include "engine/base/pool.h"
#include "engine/bench/bench.h"
#include "engine/bench/machine.h"
#include <string.h>

/* Where results go: rows of a table as they come, or a list. */
typedef struct Report {
    const Machine *machine;
    json_t *list; /* NULL: the table */
} Report;

static double peak_at(const Machine *machine, int threads)
{
    return 1e9 * machine->fma_gflops[threads > 1];
}

/* ---- For people ---- */

static void print_limit(const char *what, const double *value, const char *unit, int threads)
{
    printf("  %-34s %8.1f %s", what, value[0], unit);
    if (threads > 1)
        printf("  %8.1f %s on %d threads", value[1], unit, threads);
    printf("\n");
}

static void print_machine(const Machine *machine)
{
    printf("%s, %d cores, %s\n%s\n\n", machine->cpu, machine->cores, machine->simd, machine->blas);
    print_limit("multiply-adds (peak)", machine->fma_gflops, "GFLOP/s", machine->threads);
    print_limit("matrix product 512^3", machine->sgemm_gflops, "GFLOP/s", machine->threads);
    print_limit("memory, a = b + s c", machine->triad_gbs, "GB/s   ", machine->threads);
    printf("\n%-15s%8s%7s%9s%11s%10s%10s%11s%9s%9s\n", "step", "threads", "batch", "params",
           "MFLOP/step", "ms/step", "CPU ms", "samples/s", "of peak", "RSS MiB");
}

static void print_result(const char *name, const BenchResult *r, double fraction)
{
    printf("%-15s%8d%7d%9ld%11.4g%10.4g%10.4g%11.5g%8.1f%%%9.1f\n", name, r->threads, r->batch,
           r->params, 1e-6 * r->flops_per_step, 1e3 / r->steps_per_second,
           1e3 * r->cpu_seconds_per_step, r->batch * r->steps_per_second, 100 * fraction,
           r->peak_rss_mib);
    fflush(stdout);
}

/* ---- For programs ---- */

static json_t *json_machine(const Machine *machine)
{
    json_t *object = json_object();
    json_object_set_new(object, "cpu", json_string(machine->cpu));
    json_object_set_new(object, "cores", json_integer(machine->cores));
    json_object_set_new(object, "threads", json_integer(machine->threads));
    json_object_set_new(object, "simd", json_string(machine->simd));
    json_object_set_new(object, "blas", json_string(machine->blas));
    json_object_set_new(object, "fma_gflops_1", json_number(machine->fma_gflops[0]));
    json_object_set_new(object, "fma_gflops_n", json_number(machine->fma_gflops[1]));
    json_object_set_new(object, "sgemm_gflops_1", json_number(machine->sgemm_gflops[0]));
    json_object_set_new(object, "sgemm_gflops_n", json_number(machine->sgemm_gflops[1]));
    json_object_set_new(object, "triad_gbs_1", json_number(machine->triad_gbs[0]));
    json_object_set_new(object, "triad_gbs", json_number(machine->triad_gbs[1]));
    return object;
}

static json_t *json_result(const char *name, const BenchResult *r, double fraction)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(name));
    json_object_set_new(object, "threads", json_integer(r->threads));
    json_object_set_new(object, "batch", json_integer(r->batch));
    json_object_set_new(object, "params", json_integer(r->params));
    json_object_set_new(object, "flops_per_step", json_number(r->flops_per_step));
    json_object_set_new(object, "steps_per_second", json_number(r->steps_per_second));
    json_object_set_new(object, "best_steps_per_second", json_number(r->best_steps_per_second));
    json_object_set_new(object, "cpu_seconds_per_step", json_number(r->cpu_seconds_per_step));
    json_object_set_new(object, "samples_per_second", json_number(r->batch * r->steps_per_second));
    json_object_set_new(object, "fraction_of_peak", json_number(fraction));
    json_object_set_new(object, "peak_rss_mib", json_number(r->peak_rss_mib));
    return object;
}

/* ---- The command ---- */

static Status bench_one(const Report *report, const BenchStep *step, int threads, double seconds,
                        Error *error)
{
    BenchResult result;
    Status status = bench_run(step, threads, seconds, &result, error);
    if (status)
        return status;
    double fraction =
        result.flops_per_step * result.steps_per_second / peak_at(report->machine, threads);
    if (report->list)
        json_array_append_new(report->list, json_result(step->name, &result, fraction));
    else
        print_result(step->name, &result, fraction);
    return STATUS_OK;
}

/* Is this step asked for? All are when none is named. */
static bool wanted(const Options *options, const BenchStep *step)
{
    for (int i = 0; i < options->arguments; i++)
        if (strcmp(options->argument[i], step->name) == 0)
            return true;
    return options->arguments == 0 && bench_available(step);
}

static Status bench_all(const Options *options, const Report *report, double seconds, Error *error)
{
    int all = report->machine->threads;
    Status status = STATUS_OK;
    for (const BenchStep *step = bench_steps; step->name && !status; step++) {
        if (!wanted(options, step))
            continue;
        status = bench_one(report, step, 1, seconds, error);
        if (!status && all > 1)
            status = bench_one(report, step, all, seconds, error);
    }
    return status;
}

static const char *step_name(const void *context, int index)
{
    (void)context;
    for (int i = 0; i < index; i++)
        if (!bench_steps[i].name)
            return NULL;
    return bench_steps[index].name;
}

static Status check_names(const Options *options, Error *error)
{
    for (int i = 0; i < options->arguments; i++) {
        const char *name = options->argument[i];
        const BenchStep *step = bench_find(name);
        const char *near = nearest_word(name, step_name, NULL);
        if (!step)
            return fail(error, STATUS_BAD_INPUT, "bench: no step \"%s\"%s%s%s", name,
                        near ? " (nearest: " : "; see ddil bench --help", near ? near : "",
                        near ? ")" : "");
        if (!bench_available(step))
            return fail(error, STATUS_BAD_INPUT, "bench: this program has no method for \"%s\"",
                        name);
    }
    return STATUS_OK;
}

Status cmd_bench(const Options *options, Error *error)
{
    Machine machine;
    Status status = check_names(options, error);
    if (status)
        return status;
    int threads = options->threads > 0 ? (int)options->threads : pool_cores();
    machine_measure(&machine, threads, options->quick ? 0.1 : 0.5);
    Report report = {&machine, options->json ? json_array() : NULL};
    if (!report.list)
        print_machine(&machine);
    status = bench_all(options, &report, options->quick ? 0.4 : 3, error);
    if (!options->json)
        return status;
    if (status) {
        json_decref(report.list);
        return status;
    }
    json_t *object = json_object();
    json_object_set_new(object, "machine", json_machine(&machine));
    json_object_set_new(object, "steps", report.list);
    return json_print(object, error);
}
