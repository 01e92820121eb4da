/* Owns the reading of who trains an external run, and of its checkpoints. May call base and csv. */
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/base/plain.h"
#include "engine/store/csv.h"
#include "engine/store/external.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* A trainer counts every second; a file server may show that late. */
static const double SILENT_HERE_S = 2, SILENT_ELSEWHERE_S = 10;

enum { OWNER_SIZE = 256 };
static const char TROUBLE[] = "trouble: ";

/* ddil-owner VERSION HOST PROCESS TOKEN BEAT STATE STEP SPEED CHECKPOINT [trouble: TEXT] */
bool trainer_parse(const char *text, Trainer *trainer)
{
    enum { WORDS = 10 };
    char line[OWNER_SIZE], *word[WORDS], *rest = NULL;
    int n = 0;
    *trainer = (Trainer){.checkpoint = -1};
    snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
    while (n < WORDS && (word[n] = strtok_r(n ? NULL : line, " ", &rest)))
        n++;
    if (n < WORDS || strcmp(word[0], "ddil-owner") != 0)
        return false;
    int state = 0;
    while (state < RUN_STATES && strcmp(RUN_STATE_WORDS[state], word[6]) != 0)
        state++;
    trainer->state = (RunState)state;
    snprintf(trainer->host, sizeof trainer->host, "%s", plain_text(word[2]));
    snprintf(trainer->token, sizeof trainer->token, "%s", word[4]);
    trainer->speed = number_value(word[8], (double)NAN);
    if (rest && strncmp(rest, TROUBLE, strlen(TROUBLE)) == 0)
        snprintf(trainer->trouble, sizeof trainer->trouble, "%s",
                 plain_text(rest + strlen(TROUBLE)));
    return state < RUN_STATES && number_whole(word[3], 1, 1L << 40, &trainer->process) &&
           number_whole(word[5], 0, 1L << 60, &trainer->beat) &&
           number_whole(word[7], 0, STEP_MOST, &trainer->step) &&
           number_whole(word[9], -1, STEP_MOST, &trainer->checkpoint);
}

static bool read_as(const char *folder, const char *name, Trainer *trainer)
{
    char path[PATH_SIZE], text[OWNER_SIZE];
    OldFile file;
    size_t size = 0;
    if (oldfile_open(&file, file_join(path, folder, name), NULL))
        return false;
    Status status = oldfile_some(&file, text, sizeof text - 1, &size, NULL);
    oldfile_close(&file);
    text[size] = 0;
    return !status && trainer_parse(text, trainer);
}

bool trainer_read(const char *folder, Trainer *trainer)
{
    return read_as(folder, "owner", trainer);
}

bool owner_read(const char *runs, Trainer *owner) { return read_as(runs, ".owner", owner); }

bool trainer_is_of_this_host(const Trainer *trainer)
{
    char host[64] = "";
    return gethostname(host, sizeof host - 1) == 0 && strcmp(host, trainer->host) == 0;
}

/* It has ended, and whoever started it has not yet asked how. */
static bool is_zombie(long process)
{
    char path[40], text[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = 0;
    fclose(file);
    const char *end = strrchr(text, ')'); /* of its name */
    return end && strncmp(end, ") Z", 3) == 0;
}

bool trainer_is_here(const Trainer *trainer)
{
    return trainer_is_of_this_host(trainer) &&
           (kill((pid_t)trainer->process, 0) == 0 || errno == EPERM) &&
           !is_zombie(trainer->process);
}

bool trainer_watch(TrainerWatch *watch, const Trainer *trainer)
{
    double now = clock_s();
    bool same = watch->since > 0 && strcmp(watch->token, trainer->token) == 0 &&
                watch->beat == trainer->beat;
    bool other = strcmp(watch->token, trainer->token) != 0;
    if (other) {
        watch->rivals = watch->rivals || strcmp(watch->former.token, trainer->token) == 0;
        watch->former = watch->last;
    }
    watch->last = *trainer;
    if (!same)
        watch->since = now;
    memcpy(watch->token, trainer->token, sizeof watch->token);
    watch->beat = trainer->beat;
    bool here = trainer_is_here(trainer);
    watch->seen = here || (!other && (watch->seen || !same));
    watch->here = here || (watch->here && !other);
    if (watch->here)
        return here;
    return now - watch->since <
           (trainer_is_of_this_host(trainer) ? SILENT_HERE_S : SILENT_ELSEWHERE_S);
}

/* "a=1;b=2" as lines. */
static void spread(char *values, const char *text)
{
    snprintf(values, COMMAND_TEXT_SIZE * 4, "%s", text);
    for (char *c = values; *c; c++)
        *c = *c == ';' ? '\n' : *c;
}

long external_checkpoint(const char *folder, long step, char path[1024],
                         char values[COMMAND_TEXT_SIZE * 4])
{
    char file[PATH_SIZE], there[PATH_SIZE];
    CsvReader reader;
    long best = -1, at;
    if (csv_open(&reader, file_join(file, folder, "checkpoints.csv"), NULL))
        return -1;
    while (reader.columns >= 4 && csv_next(&reader)) {
        const char *name = reader.cell[2];
        if (!number_whole(reader.cell[0], 0, STEP_MOST, &at) || at > step || at < best ||
            strlen(name) + strlen(folder) + 2 > PATH_SIZE || !*name)
            continue;
        if (*name == '/')
            snprintf(there, sizeof there, "%s", name);
        else
            file_join(there, folder, name);
        if (!file_exists(there))
            continue;
        best = at;
        if (path)
            memcpy(path, there, sizeof there);
        if (values)
            spread(values, reader.cell[3]);
    }
    csv_close(&reader);
    return best;
}
