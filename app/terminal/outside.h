/* What is known of a terminal without asking it: by its environment, by what stands between. */
#ifndef DDIL_OUTSIDE_H
#define DDIL_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

/* tmux says that it knows sixel whatever stands outside of it, and prints words where that knows
 * none: false when we are inside tmux and it says, asked by its own means, that pictures do not
 * reach the outside. Waits for its answer a second at most. */
bool outside_takes_sixel(void);
/* tmux's answer to '#{client_termfeatures} #{client_cell_width}': "256,RGB,sixel,title 10". */
bool outside_says_sixel(const char *answer);
/* Text takes colours of 24 bits, as COLORTERM says; GNU screen hands that name on and takes their
 * numbers for attributes. */
bool outside_takes_rgb(const char *colorterm, const char *term, const char *tmux);
/* The background that COLORFGBG ("0;15", "15;default;0") stands for: white or black. False: none.
 */
bool outside_ground(const char *colorfgbg, uint8_t rgb[3]);

#endif
