/* Owns the writing of what is on screen. */
#include "app/workbench/shown.h"

#include "app/figure/run_figure.h"
#include "app/workbench/dump.h"
#include "engine/base/file.h"
#include <stdio.h>
#include <string.h>

static Status write_figure(const Reply *reply, const Snapshot *snapshot, Error *error)
{
    const RunView *run[RUN_FIGURE_MOST];
    int n = 0;
    for (int i = 0; i < reply->showns; i++)
        for (int k = 0; k < snapshot->runs && n < RUN_FIGURE_MOST; k++)
            if (snapshot->run[k]->id == reply->shown[i])
                run[n++] = snapshot->run[k];
    if (n == 0)
        return fail(error, STATUS_BAD_INPUT, "no run to draw a figure of");
    return run_figure(run, n, reply->text, reply->slides ? PLOT_SLIDES : PLOT_PAPER, error);
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
