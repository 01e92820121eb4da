/* Where a run's CPU time goes: bench_shares SECONDS PRESET... trains each for so long, on
 * one thread, watched as by the workbench, and prints the shares of measuring the shift
 * and of live previews, whose bar is 5 % each. Not part of the tests. */
#include "engine/base/clock.h"
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include "tests/runs.h"
#include <stdio.h>
#include <stdlib.h>

typedef enum Kind { TRAINING, SHIFT, PREVIEWS, OTHERS, KINDS } Kind;

typedef struct Tally {
    double seconds[KINDS];
    double shown; /* when, last */
    long steps, previews;
} Tally;

static bool advance(Run *run, Tally *tally)
{
    Error error = {{0}};
    long step = run->step, shown = run->gallery_step;
    double before = clock_cpu_s();
    if (run_advance(run, &error) != PULSE_MORE)
        return false;
    Kind kind = run->step != step ? TRAINING : run->stage == STAGE_EVAL ? SHIFT : OTHERS;
    double between = clock_cpu_s();
    tally->seconds[kind] += between - before;
    tally->steps += run->step - step;
    if (clock_s() - tally->shown < RUN_SHOW_MS / 1e3) /* as the engine does */
        return true;
    tally->shown = clock_s();
    run_show(run);
    tally->seconds[PREVIEWS] += clock_cpu_s() - between;
    tally->previews += run->gallery_step != shown;
    return true;
}

static void print_shares(const char *preset, const Tally *tally)
{
    double all = 0;
    for (int k = 0; k < KINDS; k++)
        all += tally->seconds[k];
    printf("%-20s %6ld steps: shift %4.1f %% of CPU, %ld previews %4.1f %% (bar 5 each), "
           "evaluation and checkpoints %4.1f %%\n",
           preset, tally->steps, 100 * tally->seconds[SHIFT] / all, tally->previews,
           100 * tally->seconds[PREVIEWS] / all, 100 * tally->seconds[OTHERS] / all);
    fflush(stdout);
}

static Status bench(const char *preset, double seconds, const char *runs, Crew *crew, Error *error)
{
    Config config;
    Run *run;
    lab_config_init(&config);
    Status status = lab_config_preset(&config, preset, error);
    if (!status)
        status = run_create(&run, runs, "shares", &config, crew, error);
    if (status)
        return status;
    Tally warm = {0}, tally = {0};
    run_watch(run);
    while (run->step < 20 && advance(run, &warm))
        continue;
    for (double end = clock_s() + seconds; clock_s() < end && advance(run, &tally);)
        continue;
    print_shares(preset, &tally);
    run_close(run);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 5;
    Crew *crew = crew_new(1);
    Error error = {{0}};
    Status status = STATUS_OK;
    char runs[PATH_SIZE];
    folder_new(runs);
    for (int i = 2; i < argc && !status; i++)
        status = bench(argv[i], seconds, runs, crew, &error);
    if (status)
        fprintf(stderr, "%s\n", error.text);
    folder_gone(runs);
    crew_free(crew);
    return status != STATUS_OK;
}
