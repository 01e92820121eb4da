/* The lines that pass through an engine's port, both ways. Plain text, so that a person
 * can type them (socat - UNIX:runs/.socket); one line a message, fields between single
 * spaces, the last field running to the line's end. In texts \n stands for a line's end
 * and \\ for a backslash; other control characters do not occur.
 *
 *   to the owner
 *     hello steer|look [VERSION]        announces a viewer; look: sends no commands
 *     do TAG WORD RUN NUMBER TEXT       a Command; WORD: new, start, pause, step, set, ...
 *     status                            what changed since this connection last asked;
 *                                       in a mailbox: status VIEWER, that one is still there
 *     samples RUN                       the newest samples, as a file
 *   to the viewer
 *     owner PROCESS KIND VIEWERS        answers hello; begins every status. KIND: workbench,
 * headless run ID STATE STEP CHECKPOINT SAMPLES SPEED LEFT NFE SHARE PRIOR*3 DRAWN*3 NAME NOTE a
 * run that changed gone ID                           a run that is no more end SERIAL CPU RSS ends
 * a status samples ID STEP                   samples/.live.safetensors holds these note TAG STATUS
 * RUN TIME TEXT     answers `do TAG`; TAG 0: news error TEXT                        the line before
 * made no sense
 *
 * Versions. A hello without VERSION is one of version 1 (ddil 0.1). An owner talks to each viewer
 * in the viewer's version and answers a newer one than its own with an error; who hears that may
 * say hello in an older one. Within a version no kind of line changes its form.
 *
 * Nothing here reads or writes a descriptor. No pointer into a line is kept. */
#ifndef DDIL_PORT_LINES_H
#define DDIL_PORT_LINES_H

#include "engine/engine.h"
#include "engine/store/news.h"

enum {
    LINE_SIZE = 4096, /* bytes of a line at most, with its newline */
    PORT_VERSION = 2, /* of these lines */
};

typedef enum LineKind {
    LINE_HELLO,
    LINE_DO,
    LINE_STATUS,
    LINE_SAMPLES,
    LINE_OWNER,
    LINE_RUN,
    LINE_GONE,
    LINE_END,
    LINE_NOTE,
    LINE_ERROR,
} LineKind;

typedef struct Line {
    LineKind kind;
    bool looks;      /* hello */
    int version;     /* hello, from 1 up; 1 is not written */
    long tag;        /* do; status in a mailbox: the viewer's number, else 0 */
    Command command; /* do */
    int run;         /* samples, gone */
    long step;       /* samples from the owner; -1 in a request */
    OwnerView owner;
    RunNews about; /* run */
    long serial;   /* end */
    double cpu_share, rss_mib;
    NoteView note;  /* its ticket is the tag */
    char text[256]; /* error */
} Line;

/* Reads one line without its newline. BAD_INPUT says what is wrong with it. */
Status line_read(Line *line, const char *text, Error *error);
/* Writes it with its newline; at most LINE_SIZE bytes and the zero. Returns the length. */
int line_write(char text[LINE_SIZE + 1], const Line *line);

#endif
