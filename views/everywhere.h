/* Keys that mean the same in every view and need nothing of the screen: steering the chosen run,
 * choosing another, marks, choices of charts. */
#ifndef DDIL_EVERYWHERE_H
#define DDIL_EVERYWHERE_H

#include "views/model/reply.h"
#include "views/model/session.h"

/* REPLY_ELSEWHERE: not one of these. */
Reply everywhere_act(const Scene *scene, Action action);

#endif
