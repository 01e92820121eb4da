/* Owns the line. See share.h. */
#include "views/model/share.h"
#include "engine/base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A value as a shell takes it. */
static bool plain(const char *value)
{
    return *value != '\0' &&
           strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.,/") ==
               strlen(value);
}

static void add(char *line, size_t size, const char *text)
{
    size_t used = strlen(line);
    if (used + strlen(text) + 1 <= size)
        memcpy(line + used, text, strlen(text) + 1);
}

/* A parameter that a run has to be told. */
static bool told(const ParamInfoView *row, const char *value)
{
    double is, was;
    if (!row->fallback)
        return true;
    bool same_number = number_real(value, &is) && number_real(row->fallback, &was) && is == was;
    return strcmp(value, row->fallback) != 0 && !same_number;
}

void share_line(const Scene *scene, const char *view, char *line, size_t size)
{
    const RunView *run = scene->run;
    ParamInfoView *params = NULL;
    int n = run_params(run, &params);
    char text[200];
    snprintf(line, size, "ddil /dev/null --name %s", run->name);
    for (int i = 0; i < n && i < run->params; i++) {
        if (told(&params[i], run->param[i])) {
            snprintf(text, sizeof text, plain(run->param[i]) ? " -s %s.%s=%s" : " -s '%s.%s=%s'",
                     params[i].section, params[i].key, run->param[i]);
            add(line, size, text);
        }
    }
    free(params);
    const Session *session = scene->session;
    char name[16];
    snprintf(name, sizeof name, "%s", view);
    snprintf(text, sizeof text, " --look 'view %s; go %ld; stage %d; seed %d'", name,
             session_step(session, run), session->stage > 999 ? 999 : session->stage,
             session_seed(session));
    add(line, size, text);
}
