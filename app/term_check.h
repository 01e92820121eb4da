/* What can be known of a terminal before it is touched. term_check stands in term.h. */
#ifndef DDIL_TERM_CHECK_H
#define DDIL_TERM_CHECK_H

#include "app/term.h"

typedef struct TermSize {
    int width, height; /* cells: as asked for, or as the kernel says, or 80x24 */
    int pixel_width, pixel_height; /* of a cell as the kernel says; 0: it does not */
} TermSize;
TermSize term_size(const TermOptions *options);

#endif
