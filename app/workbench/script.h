/* The workbench driven by a file instead of a hand: keys, commands, waits, expectations;
 * the engine in lock-step, so that every frame is the same each time. For tests, lessons
 * and demonstrations. With a terminal it also shows what it does. */
#ifndef DDIL_SCRIPT_H
#define DDIL_SCRIPT_H

#include "app/base/options.h"

/* A line of a script is one of
 *   # remark
 *   :word ...        what one may type behind ':' (views/model/command_line.h), and
 *   :wait CONDITION  work goes on until it holds (views/model/filter.h; of the chosen run, and
 *                    runs, their number), or until nothing is left to do: idle
 *   :advance N       N quanta of work, whatever they are
 *   :expect TEXT     the screen shows TEXT
 *   :reject TEXT     it does not
 *   :resize WxH
 *   :sleep SECONDS   the screen's clock goes on by so many; on a terminal they pass
 *   :try KEYS        types them; they may mean nothing here
 *   ::word           types a colon and what follows
 *   keys             everything else, typed as it stands; <Enter> <Esc> <Tab> <BackTab>
 *                    <Space> <Up> <Down> <Left> <Right> <Home> <End> <PgUp> <PgDn>
 *                    <Backspace> <lt>
 * BAD_INPUT: cannot be read, or a line that means nothing (file:line). FAILED: a wait that
 * never ended, an expectation that does not hold, a command refused. */
Status script_main(const Options *options, Error *error);

#endif
