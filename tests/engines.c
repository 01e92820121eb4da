/* Engines for tests. */
#include "tests/engines.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

int place_enter(void **state)
{
    Place *place = calloc(1, sizeof *place);
    folder_new(place->runs);
    file_join(place->pd, place->runs, "one.ini");
    file_join(place->lcm, place->runs, "two.ini");
    tiny_preset("pd", place->pd);
    tiny_preset("lcm", place->lcm);
    *state = place;
    return 0;
}

int place_leave(void **state)
{
    Place *place = *state;
    folder_gone(place->runs);
    free(place);
    return 0;
}

Engine *place_open(const Place *place, bool stepped, bool readonly)
{
    Engine *engine;
    Error error = {{0}};
    EngineOptions options = {
        .runs = place->runs, .threads = 2, .stepped = stepped, .readonly = readonly};
    if (engine_open(&engine, &options, &error))
        fail_msg("%s", error.text);
    return engine;
}

long tell(Engine *engine, CommandKind kind, int run, long number, const char *text)
{
    Command command = {.kind = kind, .run = run, .number = number};
    snprintf(command.text, sizeof command.text, "%s", text);
    return engine_send(engine, &command);
}

const NoteView *answer(const Snapshot *snapshot, long ticket)
{
    for (int i = 0; i < snapshot->notes; i++)
        if (snapshot->note[i].ticket == ticket)
            return &snapshot->note[i];
    return NULL;
}

/* Sends in lock-step and returns the answer's status. */
Status ask(Engine *engine, CommandKind kind, int run, long number, const char *text)
{
    long ticket = tell(engine, kind, run, number, text);
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    const NoteView *note = answer(snapshot, ticket);
    assert_non_null(note);
    assert_true(strlen(note->text) > 0);
    Status status = note->status;
    engine_drop(engine, snapshot);
    return status;
}

void assert_answer(Engine *engine, long ticket, const char *word)
{
    const Snapshot *snapshot = engine_look(engine);
    const NoteView *note = answer(snapshot, ticket);
    assert_non_null(note);
    if (!strstr(note->text, word))
        fail_msg("\"%s\" lacks \"%s\"", note->text, word);
    engine_drop(engine, snapshot);
}
