/* The commands one can type behind ':', from one table: dispatch, completion and help
 * read it. Pure. */
#ifndef DDIL_COMMAND_LINE_H
#define DDIL_COMMAND_LINE_H

#include "views/model/reply.h"
#include "views/model/session.h"

typedef struct CommandRow {
    const char *name, *arguments, *help;
    bool steers; /* sends a command: not with --readonly */
    /* `text`: what stands behind the word, blanks cut. NULL: `plain`. */
    Reply (*act)(const Scene *scene, const char *text);
    /* The n-th thing that may stand behind it, NULL: no more; itself NULL: nothing to
     * complete. */
    const char *(*option)(const Scene *scene, int n, char *room, size_t size);
    ReplyKind plain; /* what a command without `act` comes to */
} CommandRow;

extern const CommandRow command_rows[];
extern const int command_row_count;

/* The row of a word, or of the only one that begins with its n letters; NULL: none. */
const CommandRow *command_line_find(const char *name, size_t n);

/* Carries out a line such as "set optimizer.lr=1e-4". REPLY_REFUSED says what is wrong.
 */
Reply command_line_do(const Scene *scene, const char *line);
/* A note at the cursor; nothing but blanks makes a bookmark. */
Reply command_line_note(const Scene *scene, const char *text);
/* Lengthens `line` by what every fitting word or argument shares; `say` lists them when
 * there are several. */
void command_line_complete(const Scene *scene, char *line, size_t size, char *say, size_t say_size);

#endif
