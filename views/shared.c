/* Owns which text is shared. See shared.h. */
#include "views/shared.h"

#include "views/draw/metric_columns.h"
#include "views/model/share.h"
#include "views/run_list.h"
#include <stdlib.h>

void shared_text(const Snapshot *snapshot, Session *session, const char *view, Reply *reply)
{
    Scene scene = {
        .snapshot = snapshot, .run = snapshot_run(snapshot, session->run), .session = session};
    if (reply->kind != REPLY_METRICS) {
        share_line(&scene, view, reply->line, sizeof reply->line);
        return;
    }
    int n;
    Kin *kin = run_list(&scene, &n);
    metric_columns_markdown(&scene, kin, n, reply->line, sizeof reply->line);
    free(kin);
    reply->kind = reply->text[0] ? REPLY_SHARE_FILE : REPLY_SHARE;
}
