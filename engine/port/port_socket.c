/* Owns the address of the port's socket. */
#include "engine/port/port_socket.h"
#include "engine/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char NAME[] = ".socket";
enum { BACKLOG = 64 };

/* The address; *folder is a descriptor to be closed after its use, -1: none needed. */
static bool address_of(const char *runs, struct sockaddr_un *address, int *folder)
{
    char path[PATH_SIZE], fallback[64];
    *folder = -1;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    const char *name = file_join(path, runs, NAME);
    if (strlen(name) >= sizeof address->sun_path) {
        *folder = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        snprintf(fallback, sizeof fallback, "/proc/self/fd/%d/%s", *folder, NAME);
        name = fallback;
        if (*folder < 0)
            return false;
    }
    snprintf(address->sun_path, sizeof address->sun_path, "%s", name);
    return true;
}

void socket_tame(int descriptor)
{
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

void socket_remove(const char *runs)
{
    char path[PATH_SIZE];
    unlink(file_join(path, runs, NAME));
}

Status socket_listen(const char *runs, int *descriptor, Error *error)
{
    struct sockaddr_un address;
    char path[PATH_SIZE];
    int folder, made = socket(AF_UNIX, SOCK_STREAM, 0), problem = made < 0 ? errno : 0;
    *descriptor = -1;
    socket_remove(runs);
    bool good = address_of(runs, &address, &folder) && made >= 0;
    if (good) {
        socket_tame(made);
        fchmod(made, 0600); /* Linux takes the name's mode from here; else see below */
        good = bind(made, (const struct sockaddr *)&address, sizeof address) == 0 &&
               chmod(file_join(path, runs, NAME), 0600) == 0 && listen(made, BACKLOG) == 0;
    }
    if (made >= 0 && !good)
        problem = errno;
    if (problem == EPERM || problem == EAFNOSUPPORT || problem == EOPNOTSUPP) {
        if (made >= 0)
            close(made); /* no sockets here: nobody attaches, the mailboxes remain */
        if (folder >= 0)
            close(folder);
        return STATUS_OK;
    }
    Status status = good ? STATUS_OK
                         : fail(error, status_of(problem), "cannot listen on %s/%s: %s", runs, NAME,
                                strerror(problem));
    if (folder >= 0)
        close(folder);
    if (good)
        *descriptor = made;
    else if (made >= 0)
        close(made);
    return status;
}

int socket_connect(const char *runs)
{
    struct sockaddr_un address;
    int folder, made = socket(AF_UNIX, SOCK_STREAM, 0);
    if (made < 0)
        return -1;
    bool good = address_of(runs, &address, &folder);
    socket_tame(made);
    if (good)
        good = connect(made, (const struct sockaddr *)&address, sizeof address) == 0;
    if (folder >= 0)
        close(folder);
    if (good)
        return made;
    close(made);
    return -1;
}
