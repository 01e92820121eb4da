/* Owns the parameters that name files: a relative path of the working folder becomes absolute, so
 * that the run means the same from everywhere. */
#include "engine/run/run_parts.h"
#include <stdlib.h>
#include <string.h>

static const char *const PATHS[] = {"teacher.file", "data.path", "data.labels", "source.expert",
                                    "run.export"};
enum { PATHS_N = sizeof PATHS / sizeof *PATHS };

/* A relative path of the working folder becomes absolute, so that the run means the same from
 * everywhere. Names of shipped assets, and paths too long for a line of run.ini, stay as they are.
 */
static void pin_path(Config *config, const char *name)
{
    enum { LONGEST = 160 };
    const char *path = config_text(config, name);
    char assignment[PARAM_TEXT_SIZE];
    char *absolute = *path && *path != '/' ? realpath(path, NULL) : NULL;
    if (absolute && strlen(absolute) <= LONGEST) {
        int line = config->value[config_find(config, name)].line;
        snprintf(assignment, sizeof assignment, "%s=%s", name, absolute);
        if (config_set(config, assignment, NULL) == STATUS_OK)
            config->value[config_find(config, name)].line = line;
    }
    free(absolute);
}

void run_pin_paths(Config *config)
{
    for (int i = 0; i < PATHS_N; i++)
        pin_path(config, PATHS[i]);
}

bool run_is_path(const Config *config, int index)
{
    for (int i = 0; i < PATHS_N; i++)
        if (config_find(config, PATHS[i]) == index)
            return true;
    return false;
}
