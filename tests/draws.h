/* Drawing many training rows, for tests of the source: configurations, rows, frequencies.
 */
#ifndef DDIL_TESTS_DRAWS_H
#define DDIL_TESTS_DRAWS_H

#include "engine/distill/source.h"
#include "tests/labs.h"

#define SMALL                                                                                      \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n"               \
    "[student]\ninit = random\nsteps = 4\n"
#define PD    "[run]\nmethod = pd\nsteps = 100\nbatch = 64\n[data]\nname = ring\n" SMALL
#define LCM   "[run]\nmethod = lcm\nsteps = 100\nbatch = 64\n[data]\nname = ring\n" SMALL
#define MIXED "beta_data = 0.5\nbeta_teacher = 0.3\nbeta_student = 0.2\n"
#define SOURCE                                                                                     \
    "[source]\nwarmup = 0\ncapacity = 64\nteacher_capacity = 48\nrefresh = "                       \
    "8\nrefresh_every = 2\n"

enum { ROWS = 8192, FILL = 40 }; /* steps that fill the rings */

/* Rows drawn into memory of their own. */
typedef struct Drawn {
    Batch batch;
    float z[ROWS * 2], x[ROWS * 2];
    double u[ROWS], chance[ROWS];
    int point[ROWS], label[ROWS];
    unsigned char origin[ROWS];
} Drawn;

Drawn *drawn_new(void);
/* What a batch of ROWS rows is drawn under at `step`. */
Draw draw_at(const Lab *lab, long step);
/* On the heap. */
Drawn *draw_all(const Lab *lab, const Draw *draw);
/* Fills and renews the rings as the steps before `steps` would, without training. */
void refill(Lab *lab, long steps);
/* Sum of (count - expected)^2 / expected; the test fails when a share of 0 was counted.
 */
double chi_square(int n, const int *count, const double *share);

#endif
