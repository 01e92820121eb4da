/* An engine's port: a thread of its own that listens on the runs folder's socket and
 * passes lines (port_lines.h) between viewers and the engine. The engine's worker is never
 * waited for and never waits: commands go through the bounded queue, everything else is
 * answered from the newest snapshot.
 *
 * Whoever connects is not trusted with more than the owner's own user may do anyway (mode
 * 0600), and not with the port's health either: lines are bounded, half a line and an
 * unread answer are waited for so long and no longer, connections and unanswered commands
 * are counted. */
#ifndef DDIL_PORT_H
#define DDIL_PORT_H

#include "engine/engine.h"

typedef struct Port Port;

/* What the port asks of the engine it belongs to. Called by the port's thread. */
typedef struct PortHost {
    Engine *engine;
    OwnerView (*owner)(const Engine *engine);
    const Snapshot *(*take)(Engine *engine); /* the newest; dropped by the port */
    void (*drop)(Engine *engine, const Snapshot *snapshot);
    long (*send)(Engine *engine, const Command *command); /* as engine_send */
    void (*stir)(Engine *engine);                         /* viewers came or went */
    /* Writes the view's samples to where viewers find them. */
    Status (*save_samples)(const RunView *view, const char *runs, Error *error);
} PortHost;

/* Listens and starts the thread. Only for who holds the folder's lock. */
Status port_open(Port **port, const PortHost *host, const char *runs, Error *error);
/* Ends the thread, removes the socket; NULL is fine. */
void port_close(Port *port);

/* Ends the thread and keeps all connections, so that the process may fork; port_wake goes
 * on in whichever process calls it. */
void port_rest(Port *port);
Status port_wake(Port *port, Error *error);

/* A note for those who are connected. Called by the engine's worker; never waits. */
void port_note(Port *port, const NoteView *note);
/* Viewers connected now. Any thread. */
int port_viewers(const Port *port);

#endif
