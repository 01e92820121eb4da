/* The Unix socket of a runs folder: its name, its mode, its two ends. A path too long for
 * a socket's address is reached through /proc/self/fd. */
#ifndef DDIL_PORT_SOCKET_H
#define DDIL_PORT_SOCKET_H

#include "engine/base/status.h"

/* Listens on runs/.socket (mode 0600), in place of one a dead owner left: only for who
 * holds the folder's lock. The descriptor (-1: the system gives no sockets, and nobody can attach)
 * neither blocks nor survives exec. */
Status socket_listen(const char *runs, int *descriptor, Error *error);
/* Connects; -1 when nobody listens. The descriptor neither blocks nor survives exec. */
int socket_connect(const char *runs);
/* Removes the socket's name. */
void socket_remove(const char *runs);
/* Neither blocking nor surviving exec. */
void socket_tame(int descriptor);

#endif
