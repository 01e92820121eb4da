/* Owns what each command does. The worker's only. Every command is answered by a note
 * with its ticket. */
#include "engine/base/seeds.h"
#include "engine/base/trace.h"
#include "engine/distill/params.h"
#include "engine/host/engine_parts.h"
#include "engine/store/folder.h"
#include "engine/store/log.h"
#include <stdlib.h>
#include <string.h>

/* "07 name", for notes. */
static const char *title(const Slot *slot, char text[NAME_SIZE + 16])
{
    snprintf(text, NAME_SIZE + 16, "%02d %s", slot->id, slot->view->name);
    return text;
}

/* ---- Texts of commands ---- */

/* Takes the next non-empty line off *text; false at the end. */
static bool next_line(const char **text, char line[COMMAND_TEXT_SIZE])
{
    while (**text) {
        const char *start = *text + strspn(*text, " \t");
        size_t length = strcspn(start, "\n");
        *text = start + length + (start[length] == '\n');
        while (length > 0 && strchr(" \t\r", start[length - 1]))
            length--;
        snprintf(line, COMMAND_TEXT_SIZE, "%.*s", (int)length, start);
        if (length)
            return true;
    }
    return false;
}

/* "name=..." among the lines names the run; the rest are assignments. */
static bool takes_name(const char *line, char name[NAME_SIZE])
{
    if (strncmp(line, "name=", 5) != 0)
        return false;
    snprintf(name, NAME_SIZE, "%.63s", line + 5);
    return true;
}

/* ---- New runs ---- */

/* Lines "section.key=value" of a command, without the one that names the run. */
static void split_lines(const char *text, char name[NAME_SIZE], char lines[COMMAND_TEXT_SIZE])
{
    char line[COMMAND_TEXT_SIZE];
    size_t used = 0;
    lines[0] = 0;
    while (next_line(&text, line))
        if (!takes_name(line, name))
            used += (size_t)snprintf(lines + used, COMMAND_TEXT_SIZE - used, "%s\n", line);
}

enum { STEM_MOST = NAME_SIZE - 16 };

/* Has the folder a run STEM-sSEED? */
static bool stem_taken(const Engine *engine, const char *stem)
{
    long seed;
    for (int i = 0; i < engine->slots; i++) {
        const char *name = engine->slot[i].view->name;
        if (seeds_stem(name, &seed) == strlen(stem) && strncmp(name, stem, strlen(stem)) == 0)
            return true;
    }
    return false;
}

/* The stem, cut so that seeds fit behind it, with a number when an earlier group has it. */
static void free_stem(const Engine *engine, char name[NAME_SIZE])
{
    char stem[NAME_SIZE];
    snprintf(stem, sizeof stem, "%.*s", STEM_MOST - 4, name);
    snprintf(name, NAME_SIZE, "%s", stem);
    for (int i = 2; i < 1000 && stem_taken(engine, name); i++)
        snprintf(name, NAME_SIZE, "%.*s-%d", STEM_MOST - 4, stem, i);
}

static void name_seed(const char *stem, long seed, Config *config, char name[NAME_SIZE])
{
    char line[40];
    Error error;
    snprintf(name, NAME_SIZE, "%.*s-s%ld", STEM_MOST, stem, seed);
    snprintf(line, sizeof line, "run.seed=%ld", seed);
    must(!config_set(config, line, &error)); /* every seed is in range */
}

static bool is_external(const char *preset)
{
    char *text;
    size_t size;
    if (file_read(preset, 1 << 18, &text, &size, NULL))
        return false;
    bool external = external_says(text);
    free(text);
    return external;
}

static Status new_outside(Engine *engine, const Order *order, const char *preset,
                          char name[NAME_SIZE], const char *text, Error *error)
{
    char lines[COMMAND_TEXT_SIZE];
    split_lines(text, name, lines);
    return outside_new(engine, order, preset, name, lines, error);
}

typedef struct Wanted {
    Config config;
    char name[NAME_SIZE];
    long seed[SEEDS_AT_ONCE]; /* none: the configuration's own */
    int seeds;
} Wanted;

/* A run of each seed, or one. */
static Status start_all(Engine *engine, const Order *order, Wanted *wanted, Error *error)
{
    char name[NAME_SIZE], shown[NAME_SIZE + 16];
    Slot *slot = NULL;
    int i = 0;
    do {
        Run *run;
        snprintf(name, sizeof name, "%s", wanted->name);
        if (wanted->seeds > 0)
            name_seed(wanted->name, wanted->seed[i], &wanted->config, name);
        Status status = run_create(&run, engine->runs, name, &wanted->config, engine->crew, error);
        if (status)
            return status;
        slot = slot_add(engine, run);
    } while (++i < wanted->seeds);
    if (wanted->seeds > 1)
        note_add(engine, order->ticket, STATUS_OK, slot->id, "%d seeds of %s started",
                 wanted->seeds, wanted->name);
    else
        note_add(engine, order->ticket, STATUS_OK, slot->id, "%s started", title(slot, shown));
    return STATUS_OK;
}

static Status take_line(Wanted *wanted, const char *line, Error *error)
{
    if (takes_name(line, wanted->name))
        return STATUS_OK;
    if (strncmp(line, "seeds=", 6) == 0)
        return seeds_read(line + 6, SEEDS_AT_ONCE, wanted->seed, &wanted->seeds, error);
    return config_set(&wanted->config, line, error);
}

static Status do_new(Engine *engine, const Order *order, Error *error)
{
    const char *text = order->command.text;
    char line[COMMAND_TEXT_SIZE], path[PATH_SIZE];
    Wanted wanted = {.seeds = 0};
    if (!next_line(&text, line))
        return fail(error, STATUS_BAD_INPUT, "which preset?");
    folder_name_after(line, wanted.name);
    if (lab_find_preset(line, path) && is_external(path))
        return new_outside(engine, order, path, wanted.name, text, error);
    lab_config_init(&wanted.config);
    Status status = lab_config_preset(&wanted.config, line, error);
    while (!status && next_line(&text, line))
        status = take_line(&wanted, line, error);
    if (!status && wanted.seeds > 0)
        free_stem(engine, wanted.name);
    return status ? status : start_all(engine, order, &wanted, error);
}

static Status do_fork(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    const char *text = order->command.text;
    char line[COMMAND_TEXT_SIZE], name[NAME_SIZE] = "", overrides[COMMAND_TEXT_SIZE] = "";
    char shown[NAME_SIZE + 16];
    int parent = slot->id;
    long step = order->command.number == FORK_HERE ? FORK_NEWEST : order->command.number;
    size_t used = 0;
    Run *run;
    Status status = STATUS_OK;
    while (next_line(&text, line))
        if (!takes_name(line, name))
            used += (size_t)snprintf(overrides + used, sizeof overrides - used, "%s\n", line);
    if (order->command.number == FORK_HERE && slot->run && run_state(slot->run) != RUN_FAILED) {
        status = run_save(slot->run, error);
        slot->changed = true;
    }
    if (!status)
        status =
            run_fork(&run, engine->runs, slot->folder, step, name, overrides, engine->crew, error);
    if (status)
        return status;
    Slot *child = slot_add(engine, run);
    note_add(engine, order->ticket, STATUS_OK, child->id, "%s forked from %02d@%ld",
             title(child, shown), parent, run_step(run));
    return STATUS_OK;
}

/* ---- Steering ---- */

static Status open_live(Engine *engine, Slot *slot, Error *error)
{
    if (slot->run && run_state(slot->run) == RUN_FAILED)
        slot_close(slot);
    Status status = slot_open(engine, slot, error);
    if (status)
        return status;
    if (run_finished(slot->run)) {
        long steps = slot->view->steps;
        slot_close(slot);
        return fail(error, STATUS_BAD_INPUT,
                    "the run is done (%ld steps); fork it, or raise run.steps or "
                    "run.budget_nfe",
                    steps);
    }
    slot->changed = true;
    return STATUS_OK;
}

static Status do_start(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16];
    Status status = open_live(engine, slot, error);
    if (status)
        return status;
    slot->pause_at = -1;
    if (run_state(slot->run) != RUN_LIVE)
        run_mark_state(slot->run, RUN_LIVE);
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s goes on at step %ld",
             title(slot, shown), run_step(slot->run));
    return STATUS_OK;
}

static Status do_step(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16];
    long steps = order->command.number;
    if (steps < 1)
        return fail(error, STATUS_BAD_INPUT, "how many steps? A number from 1 up");
    Status status = open_live(engine, slot, error);
    if (status)
        return status;
    slot->pause_at = run_step(slot->run) + steps;
    if (run_state(slot->run) != RUN_LIVE)
        run_mark_state(slot->run, RUN_LIVE);
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s takes %ld step%s", title(slot, shown),
             steps, steps == 1 ? "" : "s");
    return STATUS_OK;
}

static Status do_pause(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16];
    if (!slot->run || run_state(slot->run) != RUN_LIVE)
        return fail(error, STATUS_BAD_INPUT, "the run is not live");
    run_mark_state(slot->run, RUN_PAUSED);
    slot->pause_at = -1;
    slot->changed = true;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s paused at step %ld",
             title(slot, shown), run_step(slot->run));
    return STATUS_OK;
}

static Status do_set(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16], lines[COMMAND_TEXT_SIZE];
    Status status = slot_open(engine, slot, error);
    if (!status)
        status = run_set(slot->run, order->command.text, error);
    if (status)
        return status;
    look_forget(engine, slot); /* the checkpoint of this step was written anew */
    slot->changed = true;
    snprintf(lines, sizeof lines, "%s", order->command.text);
    for (char *end; (end = strchr(lines, '\n'));)
        *end = end[1] ? ' ' : 0;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s: %.120s from step %ld",
             title(slot, shown), lines, run_step(slot->run));
    return STATUS_OK;
}

static Status do_save(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16];
    long step = slot->run ? run_step(slot->run) : slot->view->checkpoint;
    Status status = slot->run ? run_save(slot->run, error) : STATUS_OK;
    if (status)
        return status;
    slot->changed = true;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s saved at step %ld", title(slot, shown),
             step);
    return STATUS_OK;
}

static Status do_note(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16], text[COMMAND_TEXT_SIZE + 8];
    long step = order->command.number, now = slot->view->step;
    Status status = STATUS_OK;
    if (slot->run) {
        run_note(slot->run, step, order->command.text);
    } else {
        snprintf(text, sizeof text, "note: %.240s", order->command.text);
        status = log_event_in(slot->folder, step < 0 || step > now ? now : step, text, error);
        slot_reread(slot);
    }
    if (status)
        return status;
    slot->changed = true;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s: noted", title(slot, shown));
    return STATUS_OK;
}

static Status do_stop(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16];
    Status status = slot->run ? run_save(slot->run, error) : STATUS_OK;
    if (status)
        return status;
    if (slot->run && run_state(slot->run) == RUN_LIVE)
        run_mark_state(slot->run, RUN_PAUSED);
    slot_close(slot);
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%s stopped at step %ld",
             title(slot, shown), slot->view->step);
    return STATUS_OK;
}

static Status do_delete(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    char shown[NAME_SIZE + 16], folder[PATH_SIZE];
    RunState state = slot->run ? run_state(slot->run) : slot->view->state;
    bool external = slot->view->external;
    if (state == RUN_LIVE || (state == RUN_QUEUED && !external))
        return fail(error, STATUS_BAD_INPUT, "the run is live; pause it first");
    if (external && outside_works(engine, slot))
        return fail(error, STATUS_BAD_INPUT, "another program trains the run; stop it first");
    title(slot, shown);
    snprintf(folder, sizeof folder, "%s", slot->folder);
    look_forget(engine, slot);
    slot_remove(engine, slot);
    Status status = folder_remove(folder, error);
    if (!status)
        note_add(engine, order->ticket, STATUS_OK, 0, "%s deleted", shown);
    else
        slots_scan(engine);
    return status;
}

static Status do_frontier(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    return frontier_begin(engine, slot, order, error);
}

static Status do_look(Engine *engine, const Order *order, Slot *slot, Error *error)
{
    return look_at(engine, slot, &order->command, error);
}

void look_order(Engine *engine, const Order *order)
{
    Error error;
    const Command *command = &order->command;
    Slot *slot = slot_find(engine, command->run);
    if (!slot)
        note_add(engine, order->ticket, STATUS_BAD_INPUT, 0, "there is no run %d", command->run);
    else if (look_at(engine, slot, command, &error))
        note_add(engine, order->ticket, STATUS_FAILED, slot->id, "%.255s", error.text);
}

/* ---- Dispatch ---- */

typedef Status DoCommand(Engine *engine, const Order *order, Slot *slot, Error *error);

static DoCommand *const ACTIONS[] = {
    [COMMAND_START] = do_start, [COMMAND_PAUSE] = do_pause,       [COMMAND_STEP] = do_step,
    [COMMAND_SET] = do_set,     [COMMAND_SAVE] = do_save,         [COMMAND_FORK] = do_fork,
    [COMMAND_NOTE] = do_note,   [COMMAND_STOP] = do_stop,         [COMMAND_DELETE] = do_delete,
    [COMMAND_LOOK] = do_look,   [COMMAND_FRONTIER] = do_frontier,
};
enum { ACTION_COUNT = sizeof ACTIONS / sizeof *ACTIONS };

static Status do_order(Engine *engine, const Order *order, Error *error)
{
    const Command *command = &order->command;
    if (command->kind == COMMAND_NEW)
        return do_new(engine, order, error);
    Slot *slot = slot_find(engine, command->run);
    if (!slot)
        return fail(error, STATUS_BAD_INPUT, "there is no run %d", command->run);
    if (slot->view->external && command->kind != COMMAND_DELETE) {
        char name[NAME_SIZE] = "", lines[COMMAND_TEXT_SIZE] = "";
        if (command->kind == COMMAND_FORK)
            split_lines(command->text, name, lines);
        return outside_order(engine, order, slot, &(OutsideFork){name, lines}, error);
    }
    if ((int)command->kind < 0 || (int)command->kind >= ACTION_COUNT || !ACTIONS[command->kind])
        return fail(error, STATUS_BAD_INPUT, "unknown command %d", (int)command->kind);
    slot->used = ++engine->uses;
    return ACTIONS[command->kind](engine, order, slot, error);
}

/* For the trace; what no sender of ours says is "?". */
static const char *word_of(CommandKind kind)
{
    int words = sizeof COMMAND_WORDS / sizeof *COMMAND_WORDS;
    return (int)kind >= 0 && (int)kind < words ? COMMAND_WORDS[kind] : "?";
}

int commands_do(Engine *engine)
{
    Order order;
    int n = 0;
    for (; order_take(engine, &order); n++) {
        Error error = {{0}};
        const Command *command = &order.command;
        trace_event("command", "%ld %s run %d number %ld %s", order.ticket, word_of(command->kind),
                    command->run, command->number, command->text);
        Status status = do_order(engine, &order, &error);
        trace_event("done", "%ld status %d %s", order.ticket, (int)status, error.text);
        if (status)
            note_add(engine, order.ticket, status, order.command.run, "%.255s", error.text);
        slots_rest(engine);
    }
    return n;
}
