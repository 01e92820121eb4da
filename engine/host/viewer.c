/* Owns a viewer's side of the port: the connection, and what becomes of what the owner
 * says. The folders hold the bulk (curves, shift, marks); the owner tells what they do not:
 * which runs changed, their states and speeds, answers, news, newer samples. Without an
 * owner that listens the folders are looked at every second.
 *
 * All of it is the viewer's worker thread's, but kick. */
#include "engine/base/clock.h"
#include "engine/host/engine_parts.h"
#include "engine/port/channel.h"
#include "engine/port/port_socket.h"
#include "engine/store/folder.h"
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double SCAN_EVERY_S = 1, RETRY_S = 0.5, SAMPLES_EVERY_S = 1, ANSWER_S = 10,
                    READ_S = 0.05, FIRST_WAIT_S = 1, LAST_WAIT_S = 1, WAIT_S = 1,
                    LOCKSTEP_WAIT_S = 10;
/* A viewer asks between so often and so seldom, as its work allows with this share of one
 * core: ten of them must not slow the training they watch. */
static const double ASK_SOONEST_S = 0.2, ASK_LATEST_S = 1, CPU_SHARE = 0.004;

typedef struct Link {
    Channel *channel;   /* NULL: nobody listens */
    TrainerWatch watch; /* the channel's */
    int kick[2];        /* a pipe: bytes in it end the wait */
    OwnerView owner;
    int version;       /* of the hello said last */
    bool greet;        /* hello is to be said */
    bool puzzled;      /* a line was not understood: said once */
    double tried;      /* clock of the last attempt to connect */
    bool asking;       /* a status is on its way */
    double asked, ask; /* clocks of the last one and the next */
    double cpu;        /* seconds of CPU when the last one was asked for */
    bool wants_samples;
    double samples_asked;
    bool refresh;          /* there may be something to be read */
    long sent[QUEUE_SIZE]; /* tickets that were not answered yet */
    int unanswered;
} Link;

/* ---- The connection ---- */

static bool can_say(const Link *link) { return link->channel && channel_takes(link->channel); }

static void say_hello(Engine *engine)
{
    Link *link = engine->link;
    Line hello = {.kind = LINE_HELLO, .looks = engine->readonly, .version = link->version};
    if (!link->greet || !can_say(link))
        return;
    channel_say(link->channel, &hello);
    link->greet = false;
}

static bool connect_to_owner(Engine *engine)
{
    Link *link = engine->link;
    link->tried = clock_s();
    link->channel = channel_open(engine->runs, &link->watch);
    if (!link->channel)
        return false;
    link->asking = link->wants_samples = link->puzzled = false;
    link->ask = 0;
    link->version = PORT_VERSION;
    link->greet = true;
    say_hello(engine);
    return true;
}

static void lose_owner(Engine *engine)
{
    Link *link = engine->link;
    channel_close(link->channel);
    link->channel = NULL;
    note_add(engine, 0, STATUS_INTERRUPTED, 0, "process %ld%s%.60s, which trained here, has left",
             link->owner.process, *link->owner.host ? " on " : "", link->owner.host);
    for (int i = 0; i < link->unanswered; i++)
        note_add(engine, link->sent[i], STATUS_BLOCKED, 0, "nobody answers: the owner has left");
    link->unanswered = 0;
    link->owner = (OwnerView){.kind = OWNER_NONE};
    for (int i = 0; i < engine->slots; i++) {
        engine->slot[i].told = false;
        engine->slot[i].stale = true;
    }
    link->refresh = true;
    link->tried = engine->scanned = clock_s();
}

bool viewer_open(Engine *engine)
{
    if (!engine->link) {
        engine->link = calloc(1, sizeof *engine->link);
        need(engine->link);
        if (pipe(engine->link->kick) != 0)
            give_up("cannot make a pipe: %s", strerror(errno));
        socket_tame(engine->link->kick[0]);
        socket_tame(engine->link->kick[1]);
    }
    return connect_to_owner(engine);
}

void viewer_close(Engine *engine)
{
    Link *link = engine->link;
    if (!link)
        return;
    channel_close(link->channel);
    close(link->kick[0]);
    close(link->kick[1]);
    free(link);
    engine->link = NULL;
}

static void kick(Engine *engine)
{
    if (write(engine->link->kick[1], "", 1) < 0)
        return; /* full: it will wake up */
}

/* ---- What the owner says ---- */

static void hear_run(Engine *engine, const RunNews *about)
{
    char folder[PATH_SIZE], name[NAME_SIZE + 16];
    Slot *slot = slot_find(engine, about->id);
    if (!slot) {
        snprintf(name, sizeof name, "%04d-%s", about->id, about->name);
        slot_scan(engine, file_join(folder, engine->runs, name));
        slot = slot_find(engine, about->id);
    }
    if (!slot)
        return; /* gone already */
    slot->about = *about;
    slot->told = slot->stale = true;
}

static void hear_owner(Engine *engine, const OwnerView *owner)
{
    OwnerView *known = &engine->link->owner;
    if (owner->kind != known->kind || owner->process != known->process ||
        owner->viewers != known->viewers)
        engine->news = true;
    *known = *owner;
}

/* An owner that has not said who it is refuses the hello: it is older. */
static void hear_error(Engine *engine, const char *text)
{
    Link *link = engine->link;
    if (link->owner.kind == OWNER_NONE && link->version > 1) {
        link->version = 1;
        link->greet = true;
        return;
    }
    if (!link->wants_samples) /* else: there are none yet */
        note_add(engine, 0, STATUS_BLOCKED, 0, "the owner says: %s", text);
    link->wants_samples = false;
}

static void hear_note(Engine *engine, const NoteView *note)
{
    Link *link = engine->link;
    for (int i = 0; i < link->unanswered; i++)
        if (link->sent[i] == note->ticket)
            link->sent[i] = link->sent[--link->unanswered];
    note_add(engine, note->ticket, note->status, note->run, "%s", note->text);
    link->ask = 0; /* something happened: what? */
}

static void hear(Engine *engine, const Line *line)
{
    Link *link = engine->link;
    Slot *slot = NULL;
    switch (line->kind) {
    case LINE_OWNER: hear_owner(engine, &line->owner); break;
    case LINE_RUN: hear_run(engine, &line->about); break;
    case LINE_GONE:
        slot = slot_find(engine, line->run);
        if (slot)
            slot_remove(engine, slot);
        break;
    case LINE_END:
        link->asking = false;
        link->refresh = true;
        engine->cpu_share = line->cpu_share;
        engine->rss_mib = line->rss_mib;
        break;
    case LINE_SAMPLES:
        link->wants_samples = false;
        slot = slot_find(engine, line->run);
        if (slot)
            slot->stale = link->refresh = true;
        break;
    case LINE_NOTE: hear_note(engine, &line->note); break;
    case LINE_ERROR: hear_error(engine, line->text); break;
    default: break;
    }
}

static void wonder(Engine *engine, const char *text)
{
    if (!engine->link->puzzled)
        note_add(
            engine, 0, STATUS_BLOCKED, 0,
            "the owner says what this ddil does not understand (are they of one version?): %.80s",
            text);
    engine->link->puzzled = true;
}

static void listen_to_owner(Engine *engine)
{
    Link *link = engine->link;
    Line line;
    ChannelNews news = CHANNEL_LINE;
    while (link->channel && (news = channel_hear(link->channel, &line)) != CHANNEL_QUIET)
        if (news == CHANNEL_LINE)
            hear(engine, &line);
        else if (news == CHANNEL_NONSENSE)
            wonder(engine, line.text);
        else
            lose_owner(engine);
}

/* ---- What it is told and asked ---- */

static void refuse(Engine *engine, const Order *order)
{
    if (engine->readonly)
        note_add(engine, order->ticket, STATUS_BAD_INPUT, order->command.run,
                 "this is a viewer (--readonly): it sends no commands");
    else
        note_add(engine, order->ticket, STATUS_BLOCKED, order->command.run,
                 "nobody trains in this folder any more; leave and open ddil again to "
                 "own it");
}

static void pass_on(Link *link, const Order *order)
{
    Line line = {.kind = LINE_DO, .tag = order->ticket, .command = order->command};
    channel_say(link->channel, &line);
    link->sent[link->unanswered++] = order->ticket;
}

static void pass_orders(Engine *engine)
{
    Link *link = engine->link;
    Order order;
    bool refused = engine->readonly || !link->channel;
    while ((refused || (can_say(link) && link->unanswered < QUEUE_SIZE)) &&
           order_take(engine, &order))
        if (order.command.kind == COMMAND_LOOK) /* a cursor of one's own */
            look_order(engine, &order);
        else if (refused && (engine->readonly || !outside_mail(engine, &order)))
            refuse(engine, &order);
        else if (!refused)
            pass_on(link, &order);
}

/* How long until the next question, after what the last one cost. */
static double pause_after(double cpu)
{
    double pause = cpu / CPU_SHARE;
    return pause < ASK_SOONEST_S ? ASK_SOONEST_S : pause > ASK_LATEST_S ? ASK_LATEST_S : pause;
}

static void ask_status(Engine *engine)
{
    Link *link = engine->link;
    Line line = {.kind = LINE_STATUS};
    double now = clock_s(), cpu = clock_cpu_s();
    if (link->asking && now - link->asked > ANSWER_S) { /* stopped, or no owner of ours */
        lose_owner(engine);
        return;
    }
    if (link->asking || now < link->ask || !can_say(link))
        return;
    link->ask = now + (link->asked > 0 ? pause_after(cpu - link->cpu) : ASK_SOONEST_S);
    link->asking = true;
    link->asked = now;
    link->cpu = cpu;
    channel_say(link->channel, &line);
}

/* Newer samples of the run that is looked at. */
static void ask_samples(Engine *engine)
{
    Link *link = engine->link;
    const Slot *slot = slot_find(engine, atomic_load(&engine->watched));
    double now = clock_s();
    bool newer = slot && slot->told && slot->about.samples >= 0 &&
                 (slot->view->samples.n == 0 || slot->about.samples > slot->view->samples.step);
    double wait = link->wants_samples ? ANSWER_S : SAMPLES_EVERY_S;
    if (!newer || now - link->samples_asked < wait || !can_say(link))
        return;
    Line line = {.kind = LINE_SAMPLES, .run = slot->id, .step = -1};
    link->wants_samples = true;
    link->samples_asked = now;
    channel_say(link->channel, &line);
}

/* ---- Turns ---- */

/* For a while; true: there is more. */
static bool read_on(Engine *engine, double limit)
{
    Link *link = engine->link;
    double until = clock_s() + limit;
    bool more = link->refresh || !link->channel;
    while (more && (more = slots_read_on(engine)) && clock_s() < until)
        continue;
    link->refresh = more;
    return more;
}

static void scan_if_due(Engine *engine)
{
    double now = clock_s();
    if (engine->link->channel || now - engine->scanned < SCAN_EVERY_S)
        return;
    slots_scan(engine);
    engine->scanned = now;
}

/* What was known from looking on is forgotten: the folder is this process's own now. */
static void forget_viewing(Engine *engine)
{
    look_end(engine);
    if (engine->crew)
        crew_free(engine->crew);
    engine->crew = NULL;
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        slot->told = false;
        slot->stale = slot->look.due = true;
    }
}

/* Nobody listens: whoever still looks on takes the folder over, unless it is held by a plain run.
 */
static void inherit(Engine *engine)
{
    Error error = {{0}};
    if (engine->readonly || folder_owned(engine->runs))
        return;
    forget_viewing(engine);
    if (owner_take(engine, &error))
        return;
    atomic_store(&engine->kind, engine_kind(engine)->heir);
    slots_scan(engine);
    note_add(engine, 0, STATUS_OK, 0, "nobody owned this folder any more: it is this ddil's now");
    if (engine_kind(engine)->ready(engine, &error))
        note_add(engine, 0, STATUS_FAILED, 0, "%.250s", error.text);
}

static void reconnect_if_due(Engine *engine)
{
    Link *link = engine->link;
    if (!link->channel && clock_s() - link->tried >= RETRY_S && !connect_to_owner(engine))
        inherit(engine);
}

/* Sleeps until the owner speaks, somebody wants something, or the next question is due. */
static void doze(Engine *engine, double wait)
{
    Link *link = engine->link;
    char bytes[64];
    double now = clock_s();
    double due = !link->channel ? link->tried + RETRY_S : link->asking ? now + wait : link->ask;
    double left = link->refresh ? 0 : fmin(due - now, wait);
    struct pollfd fds[] = {{link->kick[0], POLLIN, 0}, {.fd = -1}};
    if (link->channel) {
        fds[1] = channel_wish(link->channel);
        left = fmin(left, channel_wait(link->channel));
    }
    poll(fds, 2, left > 0 ? (int)ceil(left * 1000) : 0);
    while (read(link->kick[0], bytes, sizeof bytes) > 0)
        link->refresh = true; /* another run may be looked at */
}

static void look_on(Engine *engine, double wait)
{
    reconnect_if_due(engine);
    if (engine_kind(engine)->owns)
        return;
    say_hello(engine);
    pass_orders(engine);
    ask_status(engine);
    ask_samples(engine);
    doze(engine, wait);
    listen_to_owner(engine);
    outside_hear(engine);
    scan_if_due(engine);
    read_on(engine, READ_S);
    look_again(engine);
    snapshot_publish(engine);
}

static void viewer_turn(Engine *engine) { look_on(engine, WAIT_S); }

/* Turns until the owner has said what is new, or so many seconds have passed; then reads. */
static void catch_up(Engine *engine, double limit, double read)
{
    Link *link = engine->link;
    double until = clock_s() + limit;
    if (!link->channel && !connect_to_owner(engine))
        inherit(engine);
    if (engine_kind(engine)->owns)
        return;
    pass_orders(engine);
    link->ask = 0;
    link->asking = false;
    do
        look_on(engine, 0.01);
    while (link->channel && link->asking && clock_s() < until);
    if (!link->channel)
        slots_scan(engine);
    link->refresh = true;
    read_on(engine, read);
    snapshot_publish(engine);
}

static Status hear_first(Engine *engine, Error *error)
{
    (void)error;
    catch_up(engine, FIRST_WAIT_S, READ_S);
    return STATUS_OK;
}

static Status hear_all(Engine *engine, Error *error)
{
    (void)error;
    catch_up(engine, FIRST_WAIT_S, ANSWER_S);
    return STATUS_OK;
}

static int viewer_advance(Engine *engine, int quanta)
{
    (void)quanta;
    catch_up(engine, LOCKSTEP_WAIT_S, ANSWER_S);
    return 0;
}

static void hand_over(Engine *engine)
{
    if (engine->tickets > 0 && engine->link->channel)
        catch_up(engine, LAST_WAIT_S, 0);
}

static OwnerView known_owner(const Engine *engine) { return engine->link->owner; }

const EngineKind ENGINE_VIEWER = {.ready = hear_first,
                                  .turn = viewer_turn,
                                  .finish = hand_over,
                                  .wake = kick,
                                  .owner = known_owner,
                                  .heir = &ENGINE_OWNER};

const EngineKind ENGINE_VIEWER_STEPPED = {.ready = hear_all,
                                          .advance = viewer_advance,
                                          .finish = hand_over,
                                          .wake = kick,
                                          .owner = known_owner,
                                          .heir = &ENGINE_OWNER_STEPPED};
