/* Owns the form of the port's lines: one row of the table a kind. */
#include "engine/port/port_lines.h"
#include "engine/base/number.h"
#include "engine/base/trace.h"
#include "engine/store/csv.h"
#include <ctype.h>
#include <limits.h>
#include <string.h>

static const char *const OWNERS[] = {
    [OWNER_NONE] = "nobody", [OWNER_WORKBENCH] = "workbench", [OWNER_HEADLESS] = "headless"};
#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

/* ---- Fields in ---- */

/* Takes a field and the space behind it; empty fields are none. */
static bool take_word(const char **text, char *word, size_t size)
{
    size_t length = strcspn(*text, " ");
    if (length == 0 || length >= size)
        return false;
    memcpy(word, *text, length);
    word[length] = 0;
    *text += length + ((*text)[length] == ' ');
    return true;
}

static bool take_long(const char **text, long low, long high, long *value)
{
    char word[24];
    *value = 0;
    return take_word(text, word, sizeof word) && number_whole(word, low, high, value);
}

static bool take_int(const char **text, int low, int *value)
{
    long number;
    bool good = take_long(text, low, INT_MAX, &number);
    *value = good ? (int)number : low;
    return good;
}

static bool take_real(const char **text, double *value)
{
    char word[40];
    return take_word(text, word, sizeof word) && number_real(word, value);
}

static bool take_choice(const char **text, const char *const *words, int n, int *index)
{
    char word[24];
    *index = 0;
    if (!take_word(text, word, sizeof word))
        return false;
    for (*index = 0; *index < n; ++*index)
        if (words[*index] && strcmp(words[*index], word) == 0)
            return true;
    return false;
}

/* The rest of the line, its escapes resolved. */
static bool take_text(const char **text, char *out, size_t size)
{
    size_t n = 0;
    for (const char *from = *text; *from; from++) {
        char c = *from;
        if (c == '\\') {
            c = *++from == 'n' ? '\n' : *from;
            if (c != '\n' && c != '\\')
                return false;
        }
        if (n + 1 == size)
            return false;
        out[n++] = c;
    }
    out[n] = 0;
    *text += strlen(*text);
    return true;
}

/* ---- Fields out ---- */

typedef struct Out {
    char *text;
    size_t used;
} Out;

static void put_char(Out *out, char c)
{
    must(out->used < LINE_SIZE);
    out->text[out->used++] = c;
}

static void put_word(Out *out, const char *word)
{
    if (out->used)
        put_char(out, ' ');
    for (; *word; word++)
        put_char(out, *word);
}

static void put_long(Out *out, long value)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", value);
    put_word(out, text);
}

static void put_real(Out *out, double value)
{
    char text[32];
    put_word(out, csv_number(text, value));
}

static void put_text(Out *out, const char *text)
{
    put_char(out, ' ');
    for (; *text; text++) {
        bool escaped = *text == '\n' || *text == '\\';
        if (escaped)
            put_char(out, '\\');
        put_char(out, *text == '\n' ? 'n' : iscntrl((unsigned char)*text) ? ' ' : *text);
    }
}

/* ---- Each kind ---- */

static bool read_hello(Line *line, const char **text)
{
    static const char *const modes[] = {"steer", "look"};
    int mode;
    bool good = take_choice(text, modes, COUNT(modes), &mode);
    line->looks = mode == 1;
    line->version = 1;
    return good && (!**text || take_int(text, 1, &line->version));
}

static void write_hello(Out *out, const Line *line)
{
    put_word(out, line->looks ? "look" : "steer");
    if (line->version > 1)
        put_long(out, line->version);
}

static bool read_do(Line *line, const char **text)
{
    Command *command = &line->command;
    int kind;
    bool good = take_long(text, 1, LONG_MAX, &line->tag) &&
                take_choice(text, COMMAND_WORDS, COMMAND_LOOK, &kind);
    if (!good)
        return false;
    command->kind = (CommandKind)kind;
    return take_int(text, 0, &command->run) &&
           take_long(text, LONG_MIN, LONG_MAX, &command->number) &&
           take_text(text, command->text, sizeof command->text);
}

static void write_do(Out *out, const Line *line)
{
    put_long(out, line->tag);
    put_word(out, COMMAND_WORDS[line->command.kind]);
    put_long(out, line->command.run);
    put_long(out, line->command.number);
    put_text(out, line->command.text);
}

static bool read_status(Line *line, const char **text)
{
    return !**text || take_long(text, 1, LONG_MAX, &line->tag);
}

static void write_status(Out *out, const Line *line)
{
    if (line->tag)
        put_long(out, line->tag);
}

static bool read_samples(Line *line, const char **text)
{
    line->step = -1;
    return take_int(text, 1, &line->run) && (!**text || take_long(text, 0, LONG_MAX, &line->step));
}

static void write_samples(Out *out, const Line *line)
{
    put_long(out, line->run);
    if (line->step >= 0)
        put_long(out, line->step);
}

static bool read_owner(Line *line, const char **text)
{
    int kind;
    bool good = take_long(text, 0, LONG_MAX, &line->owner.process) &&
                take_choice(text, OWNERS, COUNT(OWNERS), &kind) &&
                take_int(text, 0, &line->owner.viewers);
    line->owner.kind = good ? (OwnerKind)kind : OWNER_NONE;
    return good;
}

static void write_owner(Out *out, const Line *line)
{
    put_long(out, line->owner.process);
    put_word(out, OWNERS[line->owner.kind]);
    put_long(out, line->owner.viewers);
}

static bool read_run(Line *line, const char **text)
{
    RunNews *run = &line->about;
    int state;
    bool good = take_int(text, 1, &run->id) &&
                take_choice(text, RUN_STATE_WORDS, RUN_STATES, &state) &&
                take_long(text, 0, LONG_MAX, &run->step) &&
                take_long(text, -1, LONG_MAX, &run->checkpoint) &&
                take_long(text, -1, LONG_MAX, &run->samples);
    run->state = good ? (RunState)state : RUN_PAUSED;
    double *const reals[] = {&run->speed,    &run->left,     &run->nfe,      &run->share,
                             &run->prior[0], &run->prior[1], &run->prior[2], &run->drawn[0],
                             &run->drawn[1], &run->drawn[2]};
    for (int i = 0; i < COUNT(reals) && good; i++)
        good = take_real(text, reals[i]);
    return good && take_word(text, run->name, sizeof run->name) &&
           take_text(text, run->note, sizeof run->note);
}

static void write_run(Out *out, const Line *line)
{
    const RunNews *run = &line->about;
    put_long(out, run->id);
    put_word(out, RUN_STATE_WORDS[run->state]);
    put_long(out, run->step);
    put_long(out, run->checkpoint);
    put_long(out, run->samples);
    put_real(out, run->speed);
    put_real(out, run->left);
    put_real(out, run->nfe);
    put_real(out, run->share);
    for (int i = 0; i < 3; i++)
        put_real(out, run->prior[i]);
    for (int i = 0; i < 3; i++)
        put_real(out, run->drawn[i]);
    put_word(out, run->name);
    put_text(out, run->note);
}

static bool read_gone(Line *line, const char **text) { return take_int(text, 1, &line->run); }

static void write_gone(Out *out, const Line *line) { put_long(out, line->run); }

static bool read_end(Line *line, const char **text)
{
    return take_long(text, 0, LONG_MAX, &line->serial) && take_real(text, &line->cpu_share) &&
           take_real(text, &line->rss_mib);
}

static void write_end(Out *out, const Line *line)
{
    put_long(out, line->serial);
    put_real(out, line->cpu_share);
    put_real(out, line->rss_mib);
}

static bool read_note(Line *line, const char **text)
{
    NoteView *note = &line->note;
    long status;
    bool good = take_long(text, 0, LONG_MAX, &note->ticket) &&
                take_long(text, 0, STATUS_BLOCKED, &status) && take_int(text, 0, &note->run) &&
                take_word(text, note->time, sizeof note->time) &&
                take_text(text, note->text, sizeof note->text);
    note->status = good ? (Status)status : STATUS_OK;
    return good;
}

static void write_note(Out *out, const Line *line)
{
    const NoteView *note = &line->note;
    put_long(out, note->ticket);
    put_long(out, (long)note->status);
    put_long(out, note->run);
    put_word(out, note->time[0] ? note->time : "-");
    put_text(out, note->text);
}

static bool read_error(Line *line, const char **text)
{
    return take_text(text, line->text, sizeof line->text);
}

static void write_error(Out *out, const Line *line) { put_text(out, line->text); }

/* ---- The table ---- */

typedef struct LineRow {
    const char *word;
    bool (*read)(Line *line, const char **text);
    void (*write)(Out *out, const Line *line);
    const char *form; /* for the message about a bad one */
} LineRow;

static const LineRow ROWS[] = {
    [LINE_HELLO] = {"hello", read_hello, write_hello, "hello steer|look [VERSION]"},
    [LINE_DO] = {"do", read_do, write_do,
                 "do TAG new|start|pause|step|set|save|fork|note|delete RUN NUMBER TEXT"},
    [LINE_STATUS] = {"status", read_status, write_status, "status"},
    [LINE_SAMPLES] = {"samples", read_samples, write_samples, "samples RUN"},
    [LINE_OWNER] = {"owner", read_owner, write_owner, "owner PROCESS KIND VIEWERS"},
    [LINE_RUN] = {"run", read_run, write_run, "run ID STATE STEP ..."},
    [LINE_GONE] = {"gone", read_gone, write_gone, "gone ID"},
    [LINE_END] = {"end", read_end, write_end, "end SERIAL CPU RSS"},
    [LINE_NOTE] = {"note", read_note, write_note, "note TAG STATUS RUN TIME TEXT"},
    [LINE_ERROR] = {"error", read_error, write_error, "error TEXT"},
};

Status line_read(Line *line, const char *text, Error *error)
{
    char word[24] = "";
    const char *rest = text;
    trace_event("heard", "%s", text);
    for (const char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c))
            return fail(error, STATUS_BAD_INPUT, "a line is printable text");
    memset(line, 0, sizeof *line);
    take_word(&rest, word, sizeof word);
    for (int kind = 0; kind < COUNT(ROWS); kind++) {
        if (strcmp(word, ROWS[kind].word) != 0)
            continue;
        line->kind = (LineKind)kind;
        if (ROWS[kind].read(line, &rest) && !*rest)
            return STATUS_OK;
        return fail(error, STATUS_BAD_INPUT, "\"%.60s\" is not of the form: %s", text,
                    ROWS[kind].form);
    }
    return fail(error, STATUS_BAD_INPUT,
                "\"%.60s\" begins with none of: hello, do, status, samples", text);
}

int line_write(char text[LINE_SIZE + 1], const Line *line)
{
    Out out = {.text = text};
    put_word(&out, ROWS[line->kind].word);
    ROWS[line->kind].write(&out, line);
    trace_event("said", "%.*s", (int)out.used, text);
    put_char(&out, '\n');
    text[out.used] = 0;
    return (int)out.used;
}
