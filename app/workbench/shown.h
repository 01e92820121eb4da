/* What is on screen, as a file: :save-display, :save-picture, :figure. */
#ifndef DDIL_SHOWN_H
#define DDIL_SHOWN_H

#include "engine/engine.h"
#include "views/draw/canvas.h"
#include "views/model/reply.h"

/* Writes what a reply of kind REPLY_DISPLAY, REPLY_PICTURE or REPLY_FIGURE asks for. */
Status shown_write(const Reply *reply, const Canvas *canvas, const Snapshot *snapshot,
                   Error *error);

#endif
