/* What several views show of runs: states, figures, news. */
#ifndef DDIL_PANELS_H
#define DDIL_PANELS_H

#include "views/draw/canvas.h"
#include "views/model/session.h"

/* State as a sign and a word. */
Style panel_state(const Canvas *canvas, RunState state, const char **sign, const char **word);
/* The chosen run's figures, one a row; what does not fit is left out. */
void panel_facts(Canvas *canvas, const Scene *scene, Rect rect);
/* Who owns the folder: "this workbench", "process 1234, headless: attached". Returns `text`. */
const char *panel_owner(const Scene *scene, char *text, size_t size);
/* News, newest first, each on as many rows as it takes. */
void panel_news(Canvas *canvas, const Scene *scene, Rect rect);

#endif
