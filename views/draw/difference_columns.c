/* Owns the columns of differences. See difference_columns.h. */
#include "views/draw/difference_columns.h"

#include "views/draw/theme.h"
#include <stdio.h>
#include <string.h>

/* Is it another run of the same question? */
static bool is_peer(const RunView *run, const RunView *chosen)
{
    return !run->external && run->params == chosen->params &&
           strcmp(run->method, chosen->method) == 0 && strcmp(run->data, chosen->data) == 0;
}

static bool differs(const Scene *scene, const Kin *kin, int n, int param)
{
    for (int i = 0; i < n; i++) {
        const RunView *run = scene->snapshot->run[kin[i].index];
        if (is_peer(run, scene->run) && strcmp(run->param[param], scene->run->param[param]) != 0)
            return true;
    }
    return false;
}

Differences differences_of(const Scene *scene, const Kin *kin, int n)
{
    Differences found = {0};
    const RunView *chosen = scene->run;
    int seed = chosen ? run_param_find(chosen, "run", "seed") : -1;
    for (int p = 0; chosen && !chosen->external && p < chosen->params; p++)
        if (p != seed && found.n < DIFFERENCES_MOST && differs(scene, kin, n, p))
            found.param[found.n++] = p;
    return found;
}

int differences_draw(const Differences *differences, Canvas *canvas, const Scene *scene, Rect rect,
                     const RunView *run)
{
    int used = 0;
    for (int i = 0; i < differences->n && used + DIFFERENCE_WIDTH <= rect.width; i++) {
        ParamInfoView info;
        char text[DIFFERENCE_WIDTH];
        int param = differences->param[i];
        if (!run && run_param_row(scene->run, param, &info))
            snprintf(text, sizeof text, "%s", info.key);
        else
            snprintf(text, sizeof text, "%s",
                     run && is_peer(run, scene->run) ? run->param[param] : "-");
        canvas_text_right(canvas, rect.x + used + DIFFERENCE_WIDTH - 1, rect.y,
                          DIFFERENCE_WIDTH - 1, theme_style(canvas, run ? ROLE_TEXT : ROLE_FAINT),
                          text);
        used += DIFFERENCE_WIDTH;
    }
    return used;
}
