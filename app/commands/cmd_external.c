/* Owns run, resume and fork of runs that other programs train (the program is started, and waited
 * for unless --detach is given), and tell. */
#include "app/commands/cmd_external.h"
#include "app/base/say.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/distill/params.h"
#include "engine/store/external.h"
#include "engine/store/folder.h"
#include "engine/store/launch.h"
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static bool says_external(const char *path)
{
    char *text;
    size_t size;
    if (file_read(path, 1 << 18, &text, &size, NULL))
        return false;
    bool external = external_says(text);
    free(text);
    return external;
}

bool is_external_preset(const char *preset)
{
    char path[1024];
    return lab_find_preset(preset, path) && says_external(path);
}

bool is_external_run(const char *folder)
{
    char path[PATH_SIZE];
    return says_external(file_join(path, folder, "run.ini"));
}

/* What its program came to. */
static Status wait_for(const char *folder, Error *error)
{
    while (launch_exit(folder) < 0)
        poll(NULL, 0, 100);
    const RunView *view = run_view_report(folder, error);
    if (!view)
        return STATUS_BAD_INPUT;
    Status status = STATUS_OK;
    if (view->state == RUN_FAILED)
        status = fail(error, STATUS_FAILED, "%s: %s", folder, view->note);
    else if (view->state != RUN_DONE && view->state != RUN_QUEUED)
        status = fail(error, STATUS_INTERRUPTED, "%s stands at step %ld; ddil resume %d goes on",
                      folder, view->step, view->id);
    run_view_drop(view);
    return status;
}

/* On another host only a count that goes on tells. */
static bool counts_on(const char *folder, long beat)
{
    enum { LOOKS = 30 };
    Trainer now = {.beat = beat};
    for (int i = 0; i < LOOKS && now.beat == beat; i++) {
        poll(NULL, 0, 100);
        if (!trainer_read(folder, &now))
            return false;
    }
    return now.beat != beat;
}

static bool is_trained(const char *folder, Trainer *trainer)
{
    if (!trainer_read(folder, trainer) ||
        (trainer->state != RUN_LIVE && trainer->state != RUN_PAUSED))
        return false;
    return trainer_is_of_this_host(trainer) ? trainer_is_here(trainer)
                                            : counts_on(folder, trainer->beat);
}

Status start_external(const Options *options, const char *folder, Error *error)
{
    Trainer trainer;
    if (is_trained(folder, &trainer))
        return fail(error, STATUS_BLOCKED,
                    "process %ld on %s trains it already: ddil tell %d start", trainer.process,
                    trainer.host, folder_id(folder));
    Status status = launch_start(folder, error);
    if (!status && !options->quiet)
        say(stderr, "%s: started, its output is in output.log there\n", folder);
    return status || options->detach ? status : wait_for(folder, error);
}

Status run_external(const Options *options, const char *lines, Error *error)
{
    char path[1024], name[NAME_SIZE], folder[PATH_SIZE];
    lab_find_preset(options->argument[0], path);
    folder_name_after(options->argument[0], name);
    Status status = launch_create(options->runs, options->name ? options->name : name, path, lines,
                                  folder, error);
    return status ? status : start_external(options, folder, error);
}

Status fork_external(const Options *options, const char *parent, const char *lines, Error *error)
{
    char folder[PATH_SIZE];
    long at;
    Status status = launch_fork(options->runs, parent, options->at,
                                options->name ? options->name : "", lines, folder, &at, error);
    return status ? status : start_external(options, folder, error);
}

/* ---- tell ---- */

static const double WAIT_S = 10;

/* WORD [N | KEY=VALUE... | TEXT] as a command. */
static Status read_words(const Options *options, Command *command, Error *error)
{
    static const CommandKind kinds[] = {COMMAND_PAUSE, COMMAND_START, COMMAND_STEP, COMMAND_SET,
                                        COMMAND_SAVE,  COMMAND_STOP,  COMMAND_NOTE};
    const char *word = options->argument[1];
    size_t used = 0;
    int found = -1;
    for (int k = 0; k < (int)(sizeof kinds / sizeof *kinds); k++)
        if (strcmp(COMMAND_WORDS[kinds[k]], word) == 0)
            found = k;
    if (found < 0)
        return fail(error, STATUS_BAD_INPUT,
                    "tell: '%.40s' is none of pause, start, step N, set KEY=VALUE..., save, stop, "
                    "note TEXT",
                    word);
    command->kind = kinds[found];
    bool texts = command->kind == COMMAND_SET || command->kind == COMMAND_NOTE;
    bool step = command->kind == COMMAND_STEP;
    command->number = command->kind == COMMAND_NOTE ? -1 : 0;
    if (step && (options->arguments != 3 ||
                 !number_whole(options->argument[2], 1, STEP_MOST, &command->number)))
        return fail(error, STATUS_BAD_INPUT, "tell: step N, a number from 1 up");
    if (texts != (options->arguments > 2) && !step)
        return fail(error, STATUS_BAD_INPUT, "tell: %s %s", word,
                    texts ? "what?" : "takes nothing more");
    for (int i = 2; texts && i < options->arguments; i++) {
        used += (size_t)snprintf(command->text + used, sizeof command->text - used, "%s%s",
                                 i > 2 ? command->kind == COMMAND_SET ? "\n" : " " : "",
                                 options->argument[i]);
        if (used >= sizeof command->text)
            return fail(error, STATUS_BAD_INPUT, "tell: more than %d characters",
                        COMMAND_TEXT_SIZE - 1);
    }
    return STATUS_OK;
}

Status cmd_tell(const Options *options, Error *error)
{
    char folder[1024];
    double wait = isnan(options->wait) ? WAIT_S : options->wait;
    NoteView note = {.status = STATUS_OK};
    Command command = {.kind = COMMAND_PAUSE};
    Status status = run_find(options->runs, options->argument[0], folder, error);
    if (!status)
        status = read_words(options, &command, error);
    if (!status)
        status = engine_tell(options->runs, folder, &command, wait, &note, error);
    if (status)
        return status;
    if (note.status)
        return fail(error, note.status == STATUS_BLOCKED ? STATUS_BLOCKED : STATUS_BAD_INPUT, "%s",
                    note.text);
    say(stdout, "%s\n", note.text);
    return STATUS_OK;
}
