/* What a key, a click or a typed line comes to: said to the screen, or to the program around it. */
#ifndef DDIL_REPLY_H
#define DDIL_REPLY_H

#include "engine/engine.h"

typedef enum ReplyKind {
    REPLY_UNKNOWN,   /* the key means nothing here: flash the hints */
    REPLY_NONE,      /* taken; draw again */
    REPLY_SEND,      /* send `command` */
    REPLY_VIEW,      /* show view `view` */
    REPLY_ELSEWHERE, /* not mine: ask the view in front */
    REPLY_CLOSE,     /* close the popup */
    REPLY_LEAVE_SAVING,
    REPLY_LEAVE_DROPPING,
    REPLY_LEAVE_DETACHING, /* the engine goes on without this terminal */
    REPLY_SUSPEND,
    REPLY_REPAINT,
    REPLY_GRAPHICS,
    REPLY_MOUSE,   /* mouse on or off */
    REPLY_ASK,     /* let the person type: `asking`, label in `say`, `text` to begin with */
    REPLY_REFUSED, /* what was typed will not do: `say` why; the line stays */
    REPLY_HELP,    /* `text` searched for in it; ":": the commands alone */
    REPLY_FORM,    /* the preset `text`, changed before it starts */
    REPLY_DRAW,    /* points, by hand */
    REPLY_EXPLAIN, /* what the word `text` means; "": all of the view in front */
    REPLY_OUTPUT,  /* what the program that trains the run printed last */
    REPLY_QUIT,
    REPLY_LESSON,     /* `lesson` */
    REPLY_DISPLAY,    /* write the screen to the file `text` */
    REPLY_SHARE,      /* put `line`, which brings this screen back, on the clipboard */
    REPLY_SHARE_FILE, /* or into the file `text` */
    REPLY_METRICS,    /* as REPLY_SHARE, with the table of metrics; `text`: a file, or "" */
    REPLY_ALERT,      /* `text`: a rule to ring for; "": none any more */
    REPLY_BELL,
    REPLY_PICTURE, /* write the pictures on screen to the file `text` */
    REPLY_FIGURE,  /* write what view `view` shows of the runs `shown` to the file `text` */
} ReplyKind;

/* What a line is typed for. */
typedef enum Asking { ASK_NOTHING, ASK_COMMAND, ASK_FILTER, ASK_NOTE, ASK_VALUE } Asking;

typedef enum LessonMove { LESSON_NEXT, LESSON_BACK, LESSON_RESET, LESSON_LEAVE } LessonMove;

enum { SHOWN_MOST = 64, SEEDS_MOST = 64, SHARED_SIZE = 4096 };
typedef struct Reply {
    ReplyKind kind;
    int view;
    Asking asking;
    LessonMove lesson;
    char say[160];                 /* for the status row, "": nothing */
    char text[COMMAND_TEXT_SIZE];  /* a file's name, a rule, a line: as `kind` says */
    int showns, shown[SHOWN_MOST]; /* RunView.id, the chosen one first */
    int part[SHOWN_MOST];          /* which of them stand as one: the group's number, rising */
    bool slides;                   /* a figure for slides, not for paper */
    char line[SHARED_SIZE];        /* of a REPLY_SHARE: what is copied */
    Command command;
    int others, other[SEEDS_MOST]; /* the same command for these runs too: those of a group */
} Reply;

/* A reply that says something. */
Reply reply_say(ReplyKind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A reply with `text`, cut to what it holds. */
Reply reply_text(ReplyKind kind, const char *text);

#endif
