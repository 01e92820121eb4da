/* Owns the making of external runs and the start of their programs. May call base and store. */
#include "engine/store/launch.h"
#include "engine/base/clock.h"
#include "engine/base/number.h"
#include "engine/base/plain.h"
#include "engine/store/external.h"
#include "engine/store/folder.h"
#include "engine/store/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { INI_BYTES = 1 << 18, COMMAND_BYTES = 8192, VALUES = COMMAND_TEXT_SIZE * 4 };

/* ---- run.ini ---- */

/* Values by name, in the order they came; a later one replaces an earlier one. */
static void put(Pairs *pairs, const char *name, const char *value)
{
    int i = 0;
    while (i < pairs->n && strcmp(pairs->pair[i].name, name) != 0)
        i++;
    if (i == PAIRS_MAX)
        return;
    pairs->n += i == pairs->n;
    snprintf(pairs->pair[i].name, sizeof pairs->pair[i].name, "%.95s", name);
    snprintf(pairs->pair[i].value, sizeof pairs->pair[i].value, "%.255s", value);
}

/* Lines "section.key=value". */
static Status put_lines(Pairs *pairs, const char *lines, Error *error)
{
    char line[COMMAND_TEXT_SIZE];
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
        char *equals = strchr(line, '=');
        if (!length)
            continue;
        if (!equals || !strchr(line, '.') || strchr(line, '.') > equals)
            return fail(error, STATUS_BAD_INPUT, "-s %.100s: expected section.key=value", line);
        *equals = 0;
        if (strcmp(line, "run.command") == 0 || strcmp(line, "run.method") == 0)
            return fail(error, STATUS_BAD_INPUT, "-s %s: stands in the preset only", line);
        put(pairs, line, equals + 1);
    }
    return STATUS_OK;
}

static void write_sections(const Pairs *pairs, FILE *out)
{
    bool written[PAIRS_MAX] = {false};
    for (int i = 0; i < pairs->n; i++) {
        size_t section = strcspn(pairs->pair[i].name, ".");
        if (!written[i])
            fprintf(out, "\n[%.*s]\n", (int)section, pairs->pair[i].name);
        for (int j = i; j < pairs->n; j++) {
            const char *name = pairs->pair[j].name;
            if (written[j] || strncmp(name, pairs->pair[i].name, section + 1) != 0)
                continue;
            fprintf(out, "%s = %s\n", name + section + 1, pairs->pair[j].value);
            written[j] = true;
        }
    }
}

static Status write_ini(const char *folder, const char *head, const Pairs *pairs, Error *error)
{
    NewFile file;
    Status status = newfile_in(&file, folder, "run.ini", error);
    if (status)
        return status;
    fprintf(file.stream, "# Every parameter of this run.\n# external: 1\n%s", head);
    write_sections(pairs, file.stream);
    return newfile_commit(&file, error);
}

static Status read_pairs(const char *path, Pairs *pairs, char **text, Error *error)
{
    size_t size;
    Status status = file_read(path, INI_BYTES, text, &size, error);
    if (status)
        return status;
    memset(pairs, 0, sizeof *pairs);
    external_pairs(*text, pairs);
    return STATUS_OK;
}

static const char *value_of(const Pairs *pairs, const char *name)
{
    for (int i = 0; i < pairs->n; i++)
        if (strcmp(pairs->pair[i].name, name) == 0)
            return pairs->pair[i].value;
    return "";
}

/* The text behind "# KEY: " at a line's begin, up to its end. */
static void head_line(const char *text, const char *key, char value[PATH_SIZE])
{
    char wanted[24];
    snprintf(wanted, sizeof wanted, "# %s: ", key);
    const char *line = strstr(text, wanted);
    const char *from = line ? line + strlen(wanted) : "";
    snprintf(value, PATH_SIZE, "%.*s", (int)strcspn(from, "\n"), from);
}

/* ---- Folders ---- */

static Status make_folder(const char *runs, const char *name, const char *head, const Pairs *pairs,
                          char folder[PATH_SIZE], Error *error)
{
    Status status = folder_check_name(name, error);
    if (!status)
        status = file_make_folder(runs, error);
    if (!status)
        status = folder_make(runs, name, folder, error);
    if (status)
        return status;
    status = write_ini(folder, head, pairs, error);
    if (!status)
        status = log_event_in(folder, 0, "state: queued", error);
    if (status)
        folder_remove(folder, NULL);
    return status;
}

Status launch_create(const char *runs, const char *name, const char *preset, const char *lines,
                     char folder[PATH_SIZE], Error *error)
{
    char *text, head[PATH_SIZE + 32], *whole = realpath(preset, NULL);
    Pairs *pairs = calloc(1, sizeof *pairs);
    need(pairs);
    Status status = read_pairs(preset, pairs, &text, error);
    if (!status) {
        free(text);
        snprintf(head, sizeof head, "# preset: %.1000s\n", whole ? whole : preset);
        status = put_lines(pairs, lines, error);
    }
    if (!status && !*value_of(pairs, "run.command"))
        status =
            fail(error, STATUS_BAD_INPUT, "%s: run.method = external needs run.command", preset);
    if (!status)
        status = make_folder(runs, name, head, pairs, folder, error);
    free(whole);
    free(pairs);
    return status;
}

/* The child's only checkpoint is its parent's. */
static Status name_checkpoint(const char *folder, long step, const char *path, const char *values,
                              Error *error)
{
    char file[PATH_SIZE], clock[32], text[PATH_SIZE + VALUES + 64], *end;
    clock_stamp(clock, sizeof clock);
    int n = snprintf(text, sizeof text, "step,clock,path,params\n%ld,%s,%s,\"%s", step, clock, path,
                     values);
    for (end = text + n - 1; *end == '\n'; end--)
        *end = 0;
    for (end = strchr(strchr(text, '\n') + 1, '"'); *end; end++)
        *end = *end == '\n' ? ';' : *end;
    strcpy(end, "\"\n");
    return file_write(file_join(file, folder, "checkpoints.csv"), text, strlen(text), error);
}

Status launch_fork(const char *runs, const char *parent, long step, const char *name,
                   const char *lines, char folder[PATH_SIZE], long *at, Error *error)
{
    char path[PATH_SIZE], values[VALUES] = "", *text, head[2 * PATH_SIZE], preset[PATH_SIZE],
                          said[240], file[PATH_SIZE], *whole = realpath(parent, NULL);
    Pairs *pairs = calloc(1, sizeof *pairs);
    need(pairs);
    *at = external_checkpoint(whole ? whole : parent, step < 0 ? STEP_MOST : step, path, values);
    free(whole);
    Status status =
        *at >= 0 ? read_pairs(file_join(file, parent, "run.ini"), pairs, &text, error)
                 : fail(error, STATUS_BAD_INPUT, "%s has no checkpoint to fork from", parent);
    if (!status) {
        const char *base = strrchr(parent, '/') ? strrchr(parent, '/') + 1 : parent;
        head_line(text, "preset", preset);
        free(text);
        snprintf(head, sizeof head, "# preset: %.1000s\n# parent: %.100s\n# parent_step: %ld\n",
                 preset, base, *at);
        status = put_lines(pairs, values, error);
    }
    if (!status)
        status = put_lines(pairs, lines, error);
    if (!status)
        status = make_folder(runs, *name ? name : folder_name(parent), head, pairs, folder, error);
    free(pairs);
    if (status)
        return status;
    snprintf(said, sizeof said, "forked from %02d@%ld%s%.150s", folder_id(parent), *at,
             *lines ? ": " : "", lines);
    for (char *c = said; (c = strchr(c, '\n'));)
        *c = c[1] ? ' ' : 0;
    status = name_checkpoint(folder, *at, path, values, error);
    return status ? status : log_event_in(folder, *at, said, error);
}

/* ---- The program ---- */

/* In single quotes, for sh. */
static size_t quote(char *out, size_t room, const char *text)
{
    size_t n = 0;
    if (room < 8 + 4 * strlen(text))
        return 0;
    out[n++] = '\'';
    for (; *text; text++)
        n += (size_t)snprintf(out + n, room - n, *text == '\'' ? "'\\''" : "%c", *text);
    out[n++] = '\'';
    out[n] = 0;
    return n;
}

static size_t put_sets(char *out, size_t room, const Pairs *pairs)
{
    size_t n = 0;
    for (int i = 0; i < pairs->n && n + 8 * PARAM_TEXT_SIZE < room; i++) {
        char pair[2 * PARAM_TEXT_SIZE + 2];
        if (strcmp(pairs->pair[i].name, "run.command") == 0 ||
            strcmp(pairs->pair[i].name, "run.method") == 0)
            continue;
        snprintf(pair, sizeof pair, "%s=%s", pairs->pair[i].name, pairs->pair[i].value);
        n += (size_t)snprintf(out + n, room - n, "%s-s ", n ? " " : "");
        n += quote(out + n, room - n, pair);
    }
    return n;
}

/* The command with {folder}, {resume} and {set} filled in. */
static void fill_in(const char *folder, const Pairs *pairs, char command[COMMAND_BYTES])
{
    const char *from = value_of(pairs, "run.command");
    char path[PATH_SIZE];
    size_t n = 0, room = COMMAND_BYTES - 1;
    command[0] = 0;
    while (*from && n < room) {
        if (strncmp(from, "{folder}", 8) == 0) {
            n += quote(command + n, room - n, folder);
            from += 8;
        } else if (strncmp(from, "{resume}", 8) == 0) {
            if (external_checkpoint(folder, STEP_MOST, path, NULL) >= 0 && room - n > 16) {
                n += (size_t)snprintf(command + n, room - n, "--resume ");
                n += quote(command + n, room - n, path);
            }
            from += 8;
        } else if (strncmp(from, "{set}", 5) == 0) {
            n += put_sets(command + n, room - n, pairs);
            from += 5;
        } else {
            command[n++] = *from++;
        }
        command[n] = 0;
    }
}

/* Is the command that of a preset which this user, or the system, wrote? */
static Status check_own(const char *text, const Pairs *pairs, Error *error)
{
    char preset[PATH_SIZE], *theirs;
    struct stat info;
    const char *command = value_of(pairs, "run.command");
    head_line(text, "preset", preset);
    if (!*command || !*preset)
        return fail(error, STATUS_BAD_INPUT,
                    "the run has no command of a preset (run.command): start its program yourself, "
                    "with resume");
    bool own = stat(preset, &info) == 0 && (info.st_uid == geteuid() || info.st_uid == 0) &&
               !(info.st_mode & S_IWOTH);
    Pairs *there = calloc(1, sizeof *there);
    need(there);
    bool same = own && !read_pairs(preset, there, &theirs, NULL);
    if (same) {
        same = strcmp(value_of(there, "run.command"), command) == 0;
        free(theirs);
    }
    free(there);
    if (same)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "the run's command is not that of its preset %.200s, or that is not yours: nothing "
                "is started; start its program yourself, with resume",
                preset);
}

/* A session of its own: the terminal's end is not the trainer's. Nor is a full disk: what it prints
 * goes through a pipe, of which somebody reads on. */
static Status spawn(const char *folder, const char *command, Error *error)
{
    static const char script[] =
        "rm -f \"$DDIL_FOLDER/exit\"; exec 3>>\"$DDIL_FOLDER/output.log\"; "
        "{ sh -c \"$DDIL_COMMAND\" 3>&-; printf '%s\\n' $? >\"$DDIL_FOLDER/exit\"; } "
        "2>&1 </dev/null | until cat >&3 2>/dev/null; do sleep 1; done &";
    char *const arguments[] = {"sh", "-c", (char *)script, NULL};
    char folder_is[PATH_SIZE + 16], command_is[COMMAND_BYTES + 16];
    int n = 0, status;
    while (environ[n])
        n++;
    char **variables = calloc((size_t)n + 3, sizeof *variables);
    need(variables);
    memcpy(variables, environ, (size_t)n * sizeof *variables);
    snprintf(folder_is, sizeof folder_is, "DDIL_FOLDER=%s", folder);
    snprintf(command_is, sizeof command_is, "DDIL_COMMAND=%s", command);
    variables[n] = folder_is;
    variables[n + 1] = command_is;
    pid_t child = fork(); /* of a process with threads: only what a signal handler may do follows */
    if (child == 0) {
        setsid();
        execve("/bin/sh", arguments, variables);
        _exit(127);
    }
    free(variables);
    if (child < 0)
        return fail(error, STATUS_FAILED, "cannot start /bin/sh: %s", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return STATUS_OK;
}

Status launch_start(const char *folder, Error *error)
{
    char path[PATH_SIZE], *text, *whole = realpath(folder, NULL);
    char *command = malloc(COMMAND_BYTES);
    Pairs *pairs = calloc(1, sizeof *pairs);
    need(command);
    need(pairs);
    Status status = read_pairs(file_join(path, folder, "run.ini"), pairs, &text, error);
    if (!status) {
        status = check_own(text, pairs, error);
        free(text);
    }
    if (!status) {
        fill_in(whole ? whole : folder, pairs, command);
        status = spawn(whole ? whole : folder, command, error);
    }
    free(pairs);
    free(command);
    free(whole);
    return status;
}

int launch_exit(const char *folder)
{
    char path[PATH_SIZE], *text;
    size_t size;
    int status = -1;
    if (file_read(file_join(path, folder, "exit"), 64, &text, &size, NULL))
        return -1;
    text[strcspn(text, "\n")] = 0;
    number_int(text, 0, 255, &status);
    free(text);
    return status;
}

/* ---- Output ---- */

/* Of each line only what a terminal would show in the end: progress bars begin a line anew. */
static void settle_lines(char *text)
{
    char *to = text;
    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        bool ended = line[length] == '\n';
        char *next = line + length + ended;
        while (length > 0 && line[length - 1] == '\r')
            length--;
        line[length] = 0;
        char *shown = strrchr(line, '\r') ? strrchr(line, '\r') + 1 : line;
        plain_text(shown);
        length = strlen(shown);
        memmove(to, shown, length);
        to += length;
        *to++ = '\n';
        line = next;
    }
    *to = 0;
}

/* All of a small file, else from a line's beginning near its end; NULL: there is nothing. */
static char *read_last_lines(int file)
{
    enum { MOST = 1 << 13 };
    struct stat info;
    if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
        return NULL;
    off_t from = info.st_size > MOST ? info.st_size - MOST : 0;
    char *text = calloc(MOST + 2, 1);
    need(text);
    ssize_t n = pread(file, text, MOST, from);
    plain_zeros(text, n > 0 ? (size_t)n : 0);
    char *first = from > 0 ? strchr(text, '\n') : NULL;
    if (first)
        memmove(text, first + 1, strlen(first + 1) + 1);
    return text;
}

char *launch_output(const char *folder)
{
    char path[PATH_SIZE];
    int file =
        open(file_join(path, folder, "output.log"), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = read_last_lines(file);
    if (file >= 0)
        close(file);
    if (text)
        settle_lines(text);
    return text;
}
