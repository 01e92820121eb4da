/* Where a run's CPU time goes: bench_shares SECONDS PRESET... trains each for so long, on
 * one thread, watched as by the workbench, and prints the shares of measuring the shift
 * and of live previews, whose bar is 5 % each. Not part of the tests. */
#include "engine/base/clock.h"
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include "tests/runs.h"
#include <stdio.h>
#include <stdlib.h>

typedef enum Kind { TRAINING, SHIFT, OTHERS, KINDS } Kind;

/* CPU seconds of quanta without a new preview, and with one. */
typedef struct Tally {
    double seconds[KINDS][2];
    long count[KINDS][2];
} Tally;

static bool advance(Run *run, Tally *tally)
{
    Error error = {{0}};
    long step = run->step, shown = run->gallery_step;
    double before = clock_cpu_s();
    if (run_advance(run, &error) != PULSE_MORE)
        return false;
    Kind kind = run->step != step ? TRAINING : run->stage == STAGE_EVAL ? SHIFT : OTHERS;
    bool renewed = run->gallery_step != shown;
    tally->seconds[kind][renewed] += clock_cpu_s() - before;
    tally->count[kind][renewed]++;
    return true;
}

/* Of a preview: what quanta of a kind take longer with one. Evaluations and checkpoints differ too much among themselves
 * to tell. */
static double preview_seconds(const Tally *tally)
{
    Kind kind = tally->count[TRAINING][1] >= tally->count[SHIFT][1] ? TRAINING : SHIFT;
    const double *seconds = tally->seconds[kind];
    const long *count = tally->count[kind];
    return count[0] && count[1]
               ? seconds[1] / (double)count[1] - seconds[0] / (double)count[0]
               : 0;
}

static void print_shares(const char *preset, const Tally *tally)
{
    double all = 0, own[KINDS], each = preview_seconds(tally);
    long previews = 0;
    for (int k = 0; k < KINDS; k++) {
        double seconds = tally->seconds[k][0] + tally->seconds[k][1];
        own[k] = seconds - each * (double)tally->count[k][1];
        previews += tally->count[k][1];
        all += seconds;
    }
    printf("%-20s %6ld steps: shift %4.1f %% of CPU, previews %4.1f %% (bar 5 each), "
           "evaluation and checkpoints "
           "%4.1f %%\n",
           preset, tally->count[TRAINING][0] + tally->count[TRAINING][1],
           100 * own[SHIFT] / all, 100 * each * (double)previews / all,
           100 * own[OTHERS] / all);
    fflush(stdout);
}

static Status bench(const char *preset, double seconds, const char *runs, Crew *crew,
                    Error *error)
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
