/* What stands below the list in the Tweak view. */
#ifndef DDIL_TWEAK_PANES_H
#define DDIL_TWEAK_PANES_H

#include "views/model/mixture.h"
#include "views/model/session.h"
#include "views/tweak_list.h"

/* Where everything stands; empty: not shown. Each has its title on its first row. */
typedef struct TweakLayout {
    Rect list, staged, marks, mixture;
    Rect loss, shift; /* of the run as it goes on, beside the form on a wide screen */
} TweakLayout;
TweakLayout tweak_layout(Rect body, Pane pane);
/* What is staged and what can be done now, changes, the mixture. */
void tweak_draw_panes(Canvas *canvas, const TweakLayout *layout, const TweakState *own,
                      const Scene *scene);

/* Keys of the three priors in [source]. */
extern const char *const tweak_priors[SIMPLEX_CORNERS];
/* The mixture of the run's own values, or of the staged ones. false: there is none. */
bool tweak_mixture(const TweakState *own, const RunView *run, bool staged, Mixture *mixture);

#endif
