/* Owns the writing of what is on screen. */
#include "app/workbench/shown.h"

#include "app/figure/run_figure.h"
#include "app/workbench/dump.h"
#include "engine/base/file.h"
#include "engine/base/seeds.h"
#include "views/views.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs of the same part stand as one. */
static void take_line(FigureLine *line, const RunView *run, bool grouped)
{
    Group *group = &line->group;
    if (!line->run)
        line->run = run;
    if (!grouped || group->n == GROUP_MOST)
        return;
    group->stem = (int)seeds_stem(run->name, &group->seed[group->n]);
    group->run[group->n++] = run;
}

static int take_lines(const Reply *reply, const Snapshot *snapshot, FigureLine *line)
{
    int n = 0;
    for (int i = 0; i < reply->showns; i++) {
        const RunView *run = snapshot_run(snapshot, reply->shown[i]);
        int part = reply->part[i];
        bool grouped = (i > 0 && reply->part[i - 1] == part) ||
                       (i + 1 < reply->showns && reply->part[i + 1] == part);
        if (!run || part >= RUN_FIGURE_MOST)
            continue;
        take_line(&line[part], run, grouped);
        n = part + 1;
    }
    return n;
}

static Status write_figure(const Reply *reply, const Snapshot *snapshot, Error *error)
{
    FigureLine *line = calloc(RUN_FIGURE_MOST, sizeof *line);
    need(line);
    int n = take_lines(reply, snapshot, line);
    Status status = n == 0 || !line[0].run
                        ? fail(error, STATUS_BAD_INPUT, "no run to draw a figure of")
                        : run_figure(figure_kind(views[reply->view]->name), line, n, reply->text,
                                     reply->slides ? PLOT_SLIDES : PLOT_PAPER, error);
    free(line);
    return status;
}

static Status write_line(const Reply *reply, Error *error)
{
    char line[sizeof reply->line + 2];
    snprintf(line, sizeof line, "%s\n", reply->line);
    return file_write(reply->text, line, strlen(line), error);
}

Status shown_write(const Reply *reply, const Canvas *canvas, const Snapshot *snapshot, Error *error)
{
    switch (reply->kind) {
    case REPLY_DISPLAY: return dump_file(canvas, reply->text, error);
    case REPLY_PICTURE: return dump_picture(canvas, reply->text, error);
    case REPLY_SHARE_FILE: return write_line(reply, error);
    default: return write_figure(reply, snapshot, error);
    }
}
