/* What goes to the clipboard, or into a file beside it. Pure. */
#ifndef DDIL_SHARED_H
#define DDIL_SHARED_H

#include "views/model/reply.h"
#include "views/model/session.h"

/* Fills the line of a REPLY_SHARE, REPLY_SHARE_FILE or REPLY_METRICS, whose kind becomes one of the
 * first two. view: the name of the one in front. */
void shared_text(const Snapshot *snapshot, Session *session, const char *view, Reply *reply);

#endif
