/* What the files that make up the port share. Nobody else includes this. */
#ifndef DDIL_PORT_PARTS_H
#define DDIL_PORT_PARTS_H

#include "engine/base/file.h"
#include "engine/port/port.h"
#include "engine/port/port_lines.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

enum {
    NOTES_A_SECOND = 10, /* commanded through the port: each stays in a run's log for ever */
};
enum { CLIENTS = 32, PENDING = 16, NOTES = 128, SAVED = 8, IN_SIZE = LINE_SIZE + 1 };
/* A command sent and not yet answered. */
typedef struct Pending {
    long ticket, tag;
} Pending;

typedef struct Client {
    int socket; /* -1: free */
    bool viewer, looks;
    char in[IN_SIZE];
    int filled;
    char *out; /* [room], answers not yet taken: [sent, used) */
    size_t sent, used, room;
    double since;         /* half a line, or an answer, waits since then; 0: nothing does */
    uint64_t told;        /* notes up to this number were passed on */
    const Snapshot *seen; /* of its last status, NULL */
    Pending pending[PENDING];
    int pendings;
} Client;

/* Samples that stand in a file already. */
typedef struct Saved {
    int run;
    long step;
} Saved;

/* The mailbox of the folder, for senders on other hosts. */
enum { TAGS = 64 };
typedef struct Sight {
    long viewer;
    double when; /* clock */
} Sight;
typedef struct Post {
    Client client;        /* without a socket: its answers go to a file */
    Sight sight[CLIENTS]; /* of viewers */
    int viewers;
    off_t read; /* of the commands */
    long tag[TAGS], beats;
    unsigned next_tag;
    double looked, beat; /* clocks */
} Post;

struct Port {
    PortHost host;
    char runs[PATH_SIZE];
    int socket, kick[2];
    pthread_t thread;
    bool running;
    atomic_int viewers;
    atomic_bool stop;
    Client client[CLIENTS]; /* the thread's */
    Post post;              /* the thread's */
    Saved saved[SAVED];     /* the thread's: the last ones, a ring */
    int next_saved;
    int highest;       /* descriptor that a guest may have: training needs some too */
    double full;       /* clock at which no more descriptors were to be had, 0: there are */
    double noted_from; /* a second of notes, and how many there were */
    int noted;

    pthread_mutex_t lock;
    /* under lock: the last notes; number n stands at n % NOTES */
    NoteView note[NOTES];
    uint64_t notes; /* so many were ever given */
};

/* ---- port_mail.c ---- */
void mail_open(Port *port);
/* Obeys, answers and counts on, so often and no oftener. */
void mail_turn(Port *port);
void mail_close(Port *port);
/* ---- port_answers.c ---- */
/* Appends a line of any text, and the status of all runs, whatever was said before. */
void client_text(Client *client, const char *text);
void client_whole_status(Port *port, Client *client, long serial);
/* Appends an error line to what the client is to be sent. */
void client_error(Client *client, const char *text);
/* Sends what there is room for; false: the connection is dead. */
bool client_flush(Client *client);
/* Answers one line. */
void client_serve(Port *port, Client *client, const char *text);
/* Appends the notes that are new to the client. */
void client_notes(Port *port, Client *client);
/* After a client came, went or said what it is. */
void port_count(Port *port);

#endif
