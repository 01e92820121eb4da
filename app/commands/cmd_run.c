/* Owns run, resume and fork: the engine's work done in this thread, without a screen.
 * Ctrl-C, SIGTERM, SIGUSR2, SIGXCPU and a lost line (SIGHUP) end it after the present quantum,
 * saved; SIGUSR1 has it saved, and it goes on. */
#include "app/base/job.h"
#include "app/base/mpirun.h"
#include "app/base/say.h"
#include "app/base/signals.h"
#include "app/commands/cmd_external.h"
#include "app/commands/run_progress.h"
#include "app/study/steer.h"
#include "app/workbench/presets.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/distill/params.h"
#include "engine/store/folder.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted, save_asked;

static void on_signal(int number)
{
    if (signals_sense(number) == SENSE_SAVE)
        save_asked = 1;
    else
        interrupted = number;
}

/* A second Ctrl-C kills: the handler is gone after the first. What schedulers send may come again:
 * SIGXCPU does every second. A reader that leaves (SIGPIPE) ends no run. */
static void catch_signals(void)
{
    static const int again[] = {SIGUSR1, SIGUSR2, SIGXCPU}, deaf[] = {SIGPIPE, SIGALRM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
        sigaction(again[i], &action, NULL);
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
        signal(deaf[i], SIG_IGN);
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction before; /* nohup: stay deaf to it */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

/* ---- Driving ---- */

static void report(Run *run, const Options *options, double seconds)
{
    if (options->quiet) {
        puts(run_folder(run));
    } else {
        const RunView *view = run_view(run);
        print_report(view, run_folder(run), seconds, stdout);
        if (*run_features_missing(run))
            say(stdout, "judged without features: %s\n", run_features_missing(run));
        run_view_drop(view);
    }
    say_to_nobody(stdout);
}

static Status save_interrupted(Run *run, const char *why, Error *error)
{
    Status status = run_save(run, error);
    if (status)
        return status;
    run_mark_state(run, RUN_PAUSED);
    const char *folder = run_folder(run);
    return fail(error, STATUS_INTERRUPTED, "%s, saved at step %ld; go on with: ddil resume %s", why,
                run_step(run), folder);
}

/* The run goes on from what it has in memory, whether that worked or not. */
static void save_now(Run *run)
{
    Error error;
    save_asked = 0;
    if (run_save(run, &error))
        fprintf(stderr, "ddil: not saved: %s\n", error.text);
}

static bool asked_to_leave(void) { return interrupted; }

static const char *why_ended(const Steer *steer)
{
    if (steer->stop)
        return "told to stop";
    return interrupted ? "interrupted" : "its time is up";
}

/* Advances a run to its end and reports; always closes it. */
static Status drive(Run *run, const Options *options, Error *error)
{
    Progress progress = progress_start(options);
    RunPulse pulse = PULSE_MORE;
    if (!options->quiet)
        say(stderr, "%s\n", run_folder(run));
    progress_warn(&progress, run);
    double end;
    Status status = job_end(options->limit, options->started, &end, error);
    if (!status)
        status = run_enlist(run, error);
    Steer steer = steer_open(run);
    while (!status && pulse == PULSE_MORE && !interrupted && clock_s() < end &&
           steer_turn(&steer, run, asked_to_leave, end)) {
        pulse = run_advance(run, error);
        if (save_asked && pulse == PULSE_MORE)
            save_now(run);
        progress_warn(&progress, run);
        progress_show(&progress, run);
    }
    steer_close(&steer);
    progress_end(&progress);
    if (pulse == PULSE_FAILED)
        status = STATUS_FAILED;
    else if (!status && pulse == PULSE_MORE)
        status = save_interrupted(run, why_ended(&steer), error);
    report(run, options, clock_s() - progress.start);
    run_close(run);
    return status;
}

/* The assignments of the command line in their order, --seed and --steps last. Calls each
 * until one fails. */
static Status each_assignment(const Options *options, Status (*each)(void *, const char *, Error *),
                              void *context, Error *error)
{
    char text[64];
    Status status = STATUS_OK;
    for (int i = 0; i < options->sets && !status; i++)
        status = each(context, options->set[i], error);
    if (!status && options->seed >= 0) {
        snprintf(text, sizeof text, "run.seed=%ld", options->seed);
        status = each(context, text, error);
    }
    if (!status && options->steps >= 0) {
        snprintf(text, sizeof text, "run.steps=%ld", options->steps);
        status = each(context, text, error);
    }
    return status;
}

static Status assign_config(void *config, const char *assignment, Error *error)
{
    return config_set(config, assignment, error);
}

static Status configure(const Options *options, int index, Config *config, Error *error)
{
    lab_config_init(config);
    Status status = lab_config_preset(config, options->argument[index], error);
    if (!status)
        status = each_assignment(options, assign_config, config, error);
    return status ? status : lab_config_check(config, error);
}

static Status run_preset(const Options *options, int index, Crew *crew, Error *error)
{
    char name[NAME_SIZE], folder[PATH_SIZE];
    Config config;
    Run *run;
    Status status = configure(options, index, &config, error);
    if (status)
        return status;
    folder_name_after(options->argument[index], name);
    const char *called = options->name ? options->name : name;
    if (options->go_on && run_newest(options->runs, called, folder))
        status = run_resume(&run, folder, crew, error);
    else
        status = run_create(&run, options->runs, called, &config, crew, error);
    return status ? status : drive(run, options, error);
}

/* Nothing trains before all are known to be good: their files too. */
static Status try_all(const Options *options, Crew *crew, Error *error)
{
    Config config;
    Status status = STATUS_OK;
    for (int i = 0; i < options->arguments && !status && !interrupted; i++) {
        status = configure(options, i, &config, error);
        if (!status)
            status = run_try(&config, crew, error);
    }
    return status;
}

typedef struct Lines {
    char text[COMMAND_TEXT_SIZE];
    size_t used;
} Lines;

static Status append_line(void *context, const char *assignment, Error *error)
{
    Lines *lines = context;
    size_t room = sizeof lines->text - lines->used;
    int n = snprintf(lines->text + lines->used, room, "%s\n", assignment);
    if ((size_t)n >= room)
        return fail(error, STATUS_BAD_INPUT, "-s: more than %zu characters of overrides",
                    sizeof lines->text);
    lines->used += (size_t)n;
    return STATUS_OK;
}

/* ---- Several processes ---- */

/* What a command does in the first of them. */
typedef Status Work(const Options *options, Crew *crew, Error *error);

/* What a launcher pinned together, and how to part it. */
static void say_ranks(const Options *options, const Ranks *ranks, int threads)
{
    char library[64];
    RanksLaunch launch = ranks_launch();
    if (options->quiet || !launch.by)
        return;
    if (ranks)
        say(stderr, "%d ranks of %d thread%s, %s\n", ranks_size(ranks), threads,
            threads > 1 ? "s" : "", ranks_library(library));
    if (threads > pool_cores())
        say(stderr, "warning: %d threads on %d core%s: %s pinned them there; %s\n", threads,
            pool_cores(), pool_cores() > 1 ? "s" : "", launch.by,
            strcmp(launch.by, "srun") ? "mpirun --bind-to none, or --map-by slot:PE=N, mends it"
                                      : "srun --cpus-per-task=N mends it");
}

static void say_deaf(const Options *options)
{
    if (!options->quiet && job_deaf())
        fputs("warning: Slurm's signals end the batch script's shell and this with it, unsaved; "
              "write `exec ddil ...` or `srun ddil ...` there\n",
              stderr);
}

/* The first decides what a signal means, and tells the others. */
static void go_deaf(void)
{
    static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGUSR1,
                               SIGUSR2, SIGXCPU, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
        signal(deaf[i], SIG_IGN);
}

/* Are processes to be started that are not there yet? */
static bool wants_ranks(const Options *options)
{
    return options->ranks > 1 && ranks_launch().size == 1;
}

static Status start_ranks(const Options *options, Error *error)
{
    char library[64];
    if (!*ranks_library(library))
        return fail(error, STATUS_BAD_INPUT,
                    "--ranks: this ddil is built without MPI; build it with make MPI=1");
    return mpirun(options->ranks, strstr(library, "Open MPI"), options->argv, error);
}

/* In one process, or in all that a launcher started. */
static Status with_crew(const Options *options, Work *work, Error *error)
{
    Ranks *ranks;
    char library[64];
    if (wants_ranks(options))
        return start_ranks(options, error);
    RanksLaunch launch = ranks_launch();
    if (launch.size > 1 && *ranks_library(library))
        mpirun_watched(launch.rank, options->argv);
    Status status = ranks_open(&ranks, error);
    if (status)
        return status;
    int threads = options->threads > 0 ? (int)options->threads : ranks_cores(ranks);
    bool first = ranks_rank(ranks) == 0;
    if (first)
        catch_signals();
    else
        go_deaf();
    Crew *crew = crew_new(threads);
    crew->ranks = ranks;
    if (first) {
        say_ranks(options, ranks, threads);
        say_deaf(options);
        status = job_end(options->limit, options->started, &(double){0}, error);
        if (!status)
            status = work(options, crew, error);
        run_dismiss(crew);
    } else {
        run_serve(crew);
    }
    crew_free(crew);
    ranks_close(ranks);
    return status;
}

/* Before anything is opened. */
static Status check_presets(const Options *options, Error *error)
{
    Config config;
    if (options->name && options->arguments > 1)
        return fail(error, STATUS_BAD_INPUT, "--name names one run; there are %d presets",
                    options->arguments);
    Status status = presets_check(options, error);
    for (int i = 0; i < options->arguments && !status; i++)
        status = configure(options, i, &config, error);
    return status;
}

static Status run_all(const Options *options, Crew *crew, Error *error)
{
    Status status = check_presets(options, error);
    if (!status && options->arguments > 1)
        status = try_all(options, crew, error);
    for (int i = 0; i < options->arguments && !status; i++)
        status = run_preset(options, i, crew, error);
    return status;
}

/* Processes of their own: a run each, all at once, or in the background. */
static Status run_apart(const Options *options, Error *error)
{
    char name[NAME_SIZE];
    Status status = must_be_alone(options->seeds ? "run --seeds" : "run --detach", error);
    if (!status && options->ranks > 1)
        return fail(error, STATUS_BAD_INPUT, "--ranks is of one run: without --seeds and --detach");
    if (!status && options->detach && job_within())
        return fail(error, STATUS_BAD_INPUT,
                    "run --detach ends with the script of a Slurm job; start it without, as the "
                    "script's last line with exec, or by srun");
    if (!status)
        status = check_presets(options, error);
    if (status)
        return status;
    if (!options->seeds)
        return detach_runs(options, error);
    folder_name_after(options->argument[0], name);
    return run_seeds(options, options->name ? options->name : name, error);
}

Status cmd_run(const Options *options, Error *error)
{
    Lines lines = {.text = ""};
    if (options->arguments == 1 && is_external_preset(options->argument[0])) {
        Status said = each_assignment(options, append_line, &lines, error);
        return said ? said : run_external(options, lines.text, error);
    }
    if (options->seeds || options->detach)
        return run_apart(options, error);
    return with_crew(options, run_all, error);
}

/* A failed run does the same again, number for number, unless something is changed. */
static void warn_of_failure(const Options *options, const char *folder)
{
    const RunView *view = run_view_read(folder, NULL);
    if (view && view->state == RUN_FAILED && !options->quiet) {
        say(stderr, "run %d had failed: %s ...\n", view->id, view->note);
        fprintf(stderr,
                "It goes on from its checkpoint of step %ld and will fail in the same way "
                "unless something changes: -s section.key=value here, or ddil fork %d --at STEP "
                "from a step before\n",
                view->checkpoint, view->id);
    }
    run_view_drop(view);
}

/* The run that the command line names, and what is to be different. */
static Status find_run(const Options *options, char folder[1024], Lines *lines, Error *error)
{
    Status status = run_find(options->runs, options->argument[0], folder, error);
    return status ? status : each_assignment(options, append_line, lines, error);
}

static Status resume(const Options *options, Crew *crew, Error *error)
{
    char folder[1024];
    Lines lines = {.text = ""};
    Run *run;
    Status status = find_run(options, folder, &lines, error);
    if (status)
        return status;
    warn_of_failure(options, folder);
    status = run_resume(&run, folder, crew, error);
    if (!status) {
        status = *lines.text ? run_set(run, lines.text, error) : STATUS_OK;
        if (status)
            run_close(run);
    }
    return status ? status : drive(run, options, error);
}

Status cmd_resume(const Options *options, Error *error)
{
    char folder[1024];
    Lines lines = {.text = ""};
    if (!find_run(options, folder, &lines, NULL) && is_external_run(folder))
        return *lines.text ? fail(error, STATUS_BAD_INPUT, "its trainer is told with ddil tell")
                           : start_external(options, folder, error);
    return with_crew(options, resume, error);
}

static Status fork_run(const Options *options, Crew *crew, Error *error)
{
    char folder[1024];
    Lines lines = {.text = ""};
    Run *run;
    Status status = find_run(options, folder, &lines, error);
    if (status)
        return status;
    status =
        run_fork(&run, options->runs, folder, options->at, options->name, lines.text, crew, error);
    return status ? status : drive(run, options, error);
}

Status cmd_fork(const Options *options, Error *error)
{
    char folder[1024];
    Lines lines = {.text = ""};
    if (!find_run(options, folder, &lines, NULL) && is_external_run(folder))
        return fork_external(options, folder, lines.text, error);
    return with_crew(options, fork_run, error);
}
