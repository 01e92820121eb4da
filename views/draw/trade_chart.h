/* The frontier as lines, one sampler in growing numbers of steps each, and those in cells: quality
 * across, less of it on the left; diversity upwards. The digit at a point is its number of sampling
 * steps; rules through it are 95 % intervals. */
#ifndef DDIL_TRADE_CHART_H
#define DDIL_TRADE_CHART_H

#include "engine/engine.h"
#include "views/draw/canvas.h"

enum { TRADE_POINTS = 8, TRADE_LINES = 32 };

typedef struct TradeLine {
    char label[80]; /* "01 ring-pd", "teacher", "teacher, guidance 3" */
    bool teacher;
    int stroke; /* of the run in charts; its own */
    int n;
    TradeView point[TRADE_POINTS]; /* by rising k */
} TradeLine;

/* Adds the lines of a frontier: of the student or the teacher, one for each guidance scale, at most
 * TRADE_LINES in all; what has several is told by the scale. Returns how many there are now. */
int trades_add(TradeLine *line, int lines, const char *label, bool teacher, int n,
               const TradeView *trade);
/* Ends of the axes: all values, and their intervals where they are finite. low > high: none. */
typedef struct TradeRange {
    double quality_low, quality_high, diversity_low, diversity_high;
} TradeRange;
TradeRange trades_range(int lines, const TradeLine *line);

/* The lines' short names (labels up to a comma) stand behind their last points. */
void trade_chart(Canvas *canvas, Rect rect, int lines, const TradeLine *line);

#endif
