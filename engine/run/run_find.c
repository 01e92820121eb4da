/* Owns the meaning of RUN on the command line: a number, a name, a unique prefix, or a
 * folder. */
#include "engine/base/number.h"
#include "engine/run/run.h"
#include "engine/store/folder.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* How well a folder's name answers; larger is better, 0 not at all. */
typedef enum Match { MATCH_NONE, MATCH_PREFIX, MATCH_NAME, MATCH_WHOLE } Match;

static Match match(const char *folder, const char *text)
{
    const char *name = folder_name(folder);
    int id;
    bool number = text[strspn(text, "0123456789")] == 0;
    if (strcmp(folder, text) == 0 || (number_int(text, 0, INT_MAX, &id) && folder_id(folder) == id))
        return MATCH_WHOLE;
    if (strcmp(name, text) == 0)
        return MATCH_NAME;
    size_t length = strlen(text);
    if (!number && (strncmp(name, text, length) == 0 || strncmp(folder, text, length) == 0))
        return MATCH_PREFIX;
    return MATCH_NONE;
}

/* "0001-a, 0002-b, ..." of those that answer at least so well, the newest first. */
static void list(char *out, size_t size, int n, char **names, const char *text, Match least)
{
    size_t used = 0;
    out[0] = 0;
    for (int i = n - 1; i >= 0 && used < size; i--)
        if (match(names[i], text) >= least)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i]);
}

static Status choose(const char *runs, int n, char **names, const char *text, char folder[1024],
                     Error *error)
{
    char all[300];
    Match best = MATCH_NONE;
    int found = -1, count = 0;
    for (int i = 0; i < n; i++) {
        Match m = match(names[i], text);
        if (m == MATCH_NONE || m < best)
            continue;
        count = m > best ? 1 : count + 1;
        best = m;
        found = i;
    }
    if (count == 1) {
        file_join(folder, runs, names[found]);
        return STATUS_OK;
    }
    list(all, sizeof all, n, names, text, best);
    if (count > 1)
        return fail(error, STATUS_BAD_INPUT, "run '%.60s' could be %s; give the number", text, all);
    if (n == 0)
        return fail(error, STATUS_BAD_INPUT,
                    "run '%.60s': there are no runs in %.200s; --runs names another "
                    "folder",
                    text, runs);
    return fail(error, STATUS_BAD_INPUT, "run '%.60s': no such run in %.100s; there are %s", text,
                runs, all);
}

Status run_find(const char *runs, const char *text, char folder[1024], Error *error)
{
    char path[PATH_SIZE], **names;
    if (!*text || strlen(text) > 900)
        return fail(error, STATUS_BAD_INPUT,
                    "a run is named by its number, name, unique prefix or folder");
    if (file_exists(file_join(path, text, "run.ini"))) {
        char *whole = realpath(text, NULL); /* without a trailing slash, and not "." */
        snprintf(folder, PATH_SIZE, "%s", whole ? whole : text);
        free(whole);
        return STATUS_OK;
    }
    int n = folder_list(runs, &names);
    Status status = choose(runs, n, names, text, folder, error);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return status;
}

bool run_newest(const char *runs, const char *name, char folder[1024])
{
    char **names;
    int n = folder_list(runs, &names), found = -1;
    for (int i = 0; i < n; i++)
        if (!strcmp(folder_name(names[i]), name))
            found = i;
    if (found >= 0)
        file_join(folder, runs, names[found]);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return found >= 0;
}
