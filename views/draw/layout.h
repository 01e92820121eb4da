/* Where everything stands: pure functions from sizes to rectangles. Rectangles are inside
 * the screen, do not overlap, and may be empty when there is no room. The last row holds
 * the hints and nothing else. */
#ifndef DDIL_LAYOUT_H
#define DDIL_LAYOUT_H

#include "views/draw/canvas.h"

enum { SCREEN_MIN_WIDTH = 40, SCREEN_MIN_HEIGHT = 10 };

typedef struct Layout {
    bool too_small;
    Rect tabs;
    Rect rail; /* runs, from 110 columns on */
    Rect body;
    Rect side;     /* samples, from 170 columns on */
    Rect timeline; /* the training step */
    Rect status;
    Rect hints;
} Layout;

/* The view in front says which of the two rails it leaves to the screen. */
Layout layout_screen(int width, int height, bool with_rail, bool with_side);

typedef struct CurvesLayout {
    Rect chart, heat, bars; /* bars: shift at the cursor by sampling step; with height to spare */
} CurvesLayout;
/* As many rows for the map as give each sampling step the same. */
CurvesLayout layout_curves(Rect body, int sampling_steps);

typedef struct CompareLayout {
    Rect lineage, chart, table, sheets;
} CompareLayout;
/* Of the Compare view: the table always, then the chart, the lineage, the sheets. */
CompareLayout layout_compare(Rect body);

typedef struct SamplesLayout {
    Rect sheet, facts, strip; /* strip: one sample through its sampling steps */
} SamplesLayout;
/* Of the Samples view. */
SamplesLayout layout_samples(Rect body);

typedef struct PathsLayout {
    Rect picture, steps, spread, strip, sampler; /* strip: the seed's pictures */
} PathsLayout;
/* Of the Paths view: a square picture, numbers beside it. */
PathsLayout layout_paths(Rect body, int sampling_steps, bool pictures);

typedef struct RunsLayout {
    Rect table, chart, facts, log;
} RunsLayout;
/* Of the home view. */
RunsLayout layout_runs(Rect body, int runs);

/* Rail from the top: list of runs, figures of the chosen one, news. */
typedef struct RailLayout {
    Rect list, now, news;
} RailLayout;
/* Of the runs rail. */
RailLayout layout_rail(Rect rail, int runs);

/* `width` x `height` in the middle of `outer`, cut to it. */
Rect layout_centre(Rect outer, int width, int height);
/* Cuts rows off the top; they stay empty when there are none. */
Rect layout_take_top(Rect *rect, int height);
Rect layout_take_bottom(Rect *rect, int height);
Rect layout_take_right(Rect *rect, int width);

#endif
