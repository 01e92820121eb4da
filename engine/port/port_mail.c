/* Owns the owner's side of the mailbox of a runs folder: `.commands` and `.answers` carry the
 * socket's lines between hosts that share nothing but the folder; `.owner` says who answers, counts
 * on, and holds the whole status. The port's thread only. Form: external.md. */
#include "engine/base/clock.h"
#include "engine/base/plain.h"
#include "engine/port/port_parts.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double LOOK_S = 0.2, BEAT_S = 1, FORGET_S = 10;
enum { PIECE = 1 << 16, OWNER_SIZE = 256 };

void mail_open(Port *port)
{
    char path[PATH_SIZE];
    struct stat info;
    int file = open(file_join(path, port->runs, ".commands"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    Post *post = &port->post;
    *post = (Post){.client = {.socket = -1, .viewer = true, .told = port->notes}};
    if (file >= 0 && fstat(file, &info) == 0)
        post->read = info.st_size; /* what stands there was meant for another */
    if (file >= 0)
        close(file);
}

void mail_close(Port *port)
{
    char path[PATH_SIZE];
    free(port->post.client.out);
    port->post.client.out = NULL;
    if (port->post.beats)
        unlink(file_join(path, port->runs, ".owner"));
}

/* In place, so that the folder itself does not change every second. */
static bool write_over(const char *path, const Client *what)
{
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool good = pwrite(file, what->out, what->used, 0) == (ssize_t)what->used &&
                ftruncate(file, (off_t)what->used) == 0;
    close(file);
    return good;
}

/* Who this is and how often it was said, and all that a viewer would be told. */
static void beat(Port *port, double now)
{
    char path[PATH_SIZE], line[OWNER_SIZE], host[64] = "";
    Post *post = &port->post;
    Client all = {.socket = -1};
    if (gethostname(host, sizeof host - 1) != 0 || !host[0])
        return;
    snprintf(line, sizeof line, "ddil-owner 1 %s %ld %lx %ld live 0 nan -1", host, (long)getpid(),
             (unsigned long)getpid(), ++post->beats);
    client_text(&all, line);
    client_whole_status(port, &all, post->beats);
    if (write_over(file_join(path, port->runs, ".owner"), &all))
        post->beat = now;
    free(all.out);
}

/* A sender repeats what was not answered. */
static bool is_new(Post *post, long tag)
{
    for (int i = 0; i < TAGS; i++)
        if (post->tag[i] == tag)
            return false;
    post->tag[post->next_tag++ % TAGS] = tag;
    return true;
}

static void sight(Post *post, long viewer)
{
    Sight *place = &post->sight[0]; /* the same, else the one not seen for longest */
    for (int i = 1; i < CLIENTS && place->viewer != viewer; i++)
        if (post->sight[i].viewer == viewer || post->sight[i].when < place->when)
            place = &post->sight[i];
    *place = (Sight){viewer, clock_s()};
}

static void count_viewers(Port *port, double now)
{
    int n = 0;
    for (int i = 0; i < CLIENTS; i++)
        n += port->post.sight[i].viewer && now - port->post.sight[i].when < FORGET_S;
    if (n == port->post.viewers)
        return;
    port->post.viewers = n;
    port_count(port);
}

static void serve_line(Port *port, const char *text)
{
    Line line;
    if (line_read(&line, text, NULL))
        return;
    if (line.kind == LINE_STATUS && line.tag)
        sight(&port->post, line.tag);
    if (line.kind == LINE_SAMPLES || (line.kind == LINE_DO && is_new(&port->post, line.tag)))
        client_serve(port, &port->post.client, text);
}

static void serve_lines(Port *port, char *text)
{
    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = 0;
        serve_line(port, text);
    }
}

static void read_commands(Port *port)
{
    char path[PATH_SIZE], *piece = malloc(PIECE + 1);
    struct stat info;
    Post *post = &port->post;
    int file = open(file_join(path, port->runs, ".commands"), O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;
    need(piece);
    if (file >= 0 && fstat(file, &info) == 0) {
        post->read = info.st_size < post->read ? 0 : post->read;
        n = info.st_size > post->read ? pread(file, piece, PIECE, post->read) : 0;
    }
    if (file >= 0)
        close(file);
    ssize_t whole = n > 0 ? n : 0;
    while (whole > 0 && piece[whole - 1] != '\n')
        whole--;
    post->read += whole > 0 || n < PIECE ? whole : n;
    plain_zeros(piece, (size_t)whole);
    piece[whole] = 0;
    serve_lines(port, piece);
    free(piece);
}

static void write_answers(Port *port)
{
    char path[PATH_SIZE];
    Client *client = &port->post.client;
    client_notes(port, client);
    if (!client->used)
        return;
    int file = open(file_join(path, port->runs, ".answers"),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        return; /* again at the next turn */
    if (write(file, client->out, client->used) == (ssize_t)client->used) {
        client->used = 0;
        port->post.beat = 0; /* something happened: what? */
    }
    close(file);
}

void mail_turn(Port *port)
{
    double now = clock_s();
    if (now - port->post.looked < LOOK_S)
        return;
    port->post.looked = now;
    read_commands(port);
    count_viewers(port, now);
    write_answers(port);
    if (now - port->post.beat >= BEAT_S)
        beat(port, now);
}
