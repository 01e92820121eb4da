/* The runs' last evaluations as columns of a table: a group's is its mean, the best of a column has
 * a star. */
#ifndef DDIL_METRIC_COLUMNS_H
#define DDIL_METRIC_COLUMNS_H

#include "views/draw/canvas.h"
#include "views/model/group.h"

enum { METRIC_WIDTH = 10 }; /* of a column */

/* How many metrics the folder's runs have. */
int metric_columns_count(const Scene *scene);
/* As many as fit on a row of `rect`, the one sorted by among them (below 0: none); run NULL: their
 * names. */
void metric_columns_draw(Canvas *canvas, const Scene *scene, Rect rect, const RunView *run,
                         int sorted);
/* The table as Markdown, a row for each of n runs that was evaluated or stands for a group of seeds
 * (means, ± half of Student's 95 % interval), in their order, the best of all runs in bold. Rows
 * that `size` does not hold are left out, which its last line then says. No line's end at the end.
 */
void metric_columns_markdown(const Scene *scene, const Kin *kin, int n, char *text, size_t size);
/* Below 0: a is better than b in that metric; what was not measured is last. */
int metric_columns_order(const Scene *scene, int metric, const RunView *a, const RunView *b);

#endif
