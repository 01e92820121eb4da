/* What the first process of a run and the others say to each other. */
#ifndef DDIL_RUN_ORDER_H
#define DDIL_RUN_ORDER_H

#include "engine/run/run_parts.h"

enum { PROBES = 16, FAREWELL = PATH_SIZE + 80 }; /* what is said when a rank is lost */

/* An order, with what the first process alone knows of the lab. */
typedef struct Order {
    long task, number;
    double measured_shift, shift[SOURCE_STEPS_MAX];
    float probe[PROBES]; /* of the student's weights: all have the same, or something is wrong */
} Order;

void order_probe(const Model *model, float probe[PROBES]);
/* From here on the maps of its crew are dealt. */
void order_deal(Lab *lab);
/* The first one's lab becomes everybody's. */
void order_tell_lab(Lab *lab);
/* Could all do it? The first that could not says why, to everybody. `why` of the own status. */
Status order_agree(Ranks *ranks, Status own, const Error *why, Error *error);

#endif
