/* Owns MPI. Everything is started, then asked after until it is done: the wait gives the core away,
 * and now and then looks for ranks that are gone. Only whole numbers and bytes travel, and floats
 * where the library adds them up: the ordered sum is ours. */
#ifdef DDIL_MPI
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "engine/base/pool.h"
#include "engine/ranks/ranks.h"
#include "engine/tensor/kernels.h"
#include <errno.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What each rank says of itself when it joins. */
typedef struct Card {
    char host[64], space[64]; /* and where its process numbers hold */
    char kernels[16];
    long process;
    unsigned char cores[128]; /* those it may use, a bit each */
} Card;

struct Ranks {
    int rank, size;
    Card *card; /* [size] */
    char on_loss[1200];
};

/* ---- Waiting ---- */

enum {
    SPINS = 200,          /* looks before the first sleep */
    NAP_NS = 20000,       /* the first sleep; each is a quarter longer */
    NAP_MOST_NS = 300000, /* up to this */
    ROUND_NS = 50000000   /* slept between two looks for lost ranks */
};

typedef struct Waiting {
    int looks;
    long nap, slept;
} Waiting;

static void doze(long nanoseconds)
{
    struct timespec nap = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    nanosleep(&nap, NULL);
}

/* Who is told stands between two lines of the launcher's: one write. */
_Noreturn static void lose(const Ranks *ranks, int lost)
{
    char text[2048];
    if (ranks->rank == 0 || (ranks->rank == 1 && lost == 0)) {
        int n = snprintf(text, sizeof text, "ddil: rank %d (%s, process %ld) is gone%s\n", lost,
                         ranks->card[lost].host, ranks->card[lost].process, ranks->on_loss);
        ssize_t ignored = write(STDERR_FILENO, text, (size_t)n < sizeof text ? (size_t)n : 0);
        (void)ignored;
    } else {
        doze(900000000); /* so that rank 0 sees who was first */
    }
    _exit(STATUS_FAILED);
}

/* Processes of this host can be asked after. Elsewhere the line breaks, or the launcher ends us. */
static void look_for_lost(const Ranks *ranks)
{
    const Card *own = &ranks->card[ranks->rank];
    for (int r = 0; r < ranks->size; r++) {
        const Card *other = &ranks->card[r];
        bool near = !strcmp(own->host, other->host) && !strcmp(own->space, other->space);
        if (near && kill((pid_t)other->process, 0) != 0 && errno == ESRCH)
            lose(ranks, r);
    }
}

static void rest(const Ranks *ranks, Waiting *waiting)
{
    if (waiting->looks++ < SPINS) {
        sched_yield();
        return;
    }
    waiting->nap = waiting->nap ? waiting->nap + waiting->nap / 4 : NAP_NS;
    waiting->nap = waiting->nap < NAP_MOST_NS ? waiting->nap : NAP_MOST_NS;
    doze(waiting->nap);
    waiting->slept += waiting->nap;
    if (waiting->slept < ROUND_NS)
        return;
    waiting->slept = 0;
    look_for_lost(ranks);
}

/* Every call's answer. A broken line names nobody: whoever is near and gone is looked for first. */
static void check(const Ranks *ranks, int answer)
{
    char why[MPI_MAX_ERROR_STRING] = "";
    int n;
    if (answer == MPI_SUCCESS)
        return;
    doze(200000000);
    look_for_lost(ranks);
    MPI_Error_string(answer, why, &n);
    fprintf(stderr, "ddil: rank %d (%s): the line to the other ranks broke: %s%s\n", ranks->rank,
            ranks->card[ranks->rank].host, why, ranks->on_loss);
    _exit(STATUS_FAILED);
}

static void await(const Ranks *ranks, int n, MPI_Request *request)
{
    Waiting waiting = {0};
    for (int i = 0; i < n;) {
        int done = 0;
        check(ranks, MPI_Test(&request[i], &done, MPI_STATUS_IGNORE));
        if (done)
            i++;
        else
            rest(ranks, &waiting);
    }
}

/* ---- Joining and leaving ---- */

static void fill_cores(Card *card)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (size_t i = 0; i < 8 * sizeof card->cores && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set))
            card->cores[i / 8] |= (unsigned char)(1 << i % 8);
#else
    (void)card;
#endif
}

static Card own_card(void)
{
    Card card = {.process = (long)getpid()};
    if (gethostname(card.host, sizeof card.host - 1) != 0)
        snprintf(card.host, sizeof card.host, "a host");
    ssize_t n = readlink("/proc/self/ns/pid", card.space, sizeof card.space - 1);
    card.space[n > 0 ? n : 0] = 0;
    snprintf(card.kernels, sizeof card.kernels, "%s", kernel_cpu());
    fill_cores(&card);
    return card;
}

static void share_cards(Ranks *ranks)
{
    Card own = own_card();
    size_t *size = calloc((size_t)ranks->size, sizeof *size);
    need(size);
    for (int r = 0; r < ranks->size; r++)
        size[r] = sizeof own;
    ranks->card[ranks->rank] = own; /* for whoever is lost already */
    ranks_gather(ranks, &own, size, ranks->card);
    free(size);
}

/* Kernels of other processors differ in the last digits: no two ranks would have the same weights
 * for long. */
static Status check_kernels(const Ranks *ranks, Error *error)
{
    const Card *first = &ranks->card[0];
    for (int r = 1; r < ranks->size; r++)
        if (strcmp(first->kernels, ranks->card[r].kernels) != 0)
            return fail(error, STATUS_BAD_INPUT,
                        "rank 0 (%s) computes with %s, rank %d (%s) with %s, which differ in the "
                        "last digits; use machines of one kind",
                        first->host, first->kernels, r, ranks->card[r].host,
                        ranks->card[r].kernels);
    return STATUS_OK;
}

static Status refuse_size(const RanksLaunch *launch, int size, Error *error)
{
    return fail(error, STATUS_BAD_INPUT,
                "%s started %d processes, of which MPI sees %d: it belongs to another MPI than "
                "this ddil's; %s",
                launch->by, launch->size, size,
                strcmp(launch->by, "srun") ? "use that one's mpirun, or build again with it"
                                           : "try srun --mpi=pmix (srun --mpi=list)");
}

Status ranks_open(Ranks **made, Error *error)
{
    RanksLaunch launch = ranks_launch();
    int have;
    *made = NULL;
    if (launch.size == 1)
        return STATUS_OK;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &have) != MPI_SUCCESS)
        return fail(error, STATUS_FAILED, "MPI does not start");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    Ranks *ranks = need(calloc(1, sizeof *ranks));
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->size);
    ranks->card = need(calloc((size_t)ranks->size, sizeof *ranks->card));
    Status status =
        ranks->size == launch.size ? STATUS_OK : refuse_size(&launch, ranks->size, error);
    if (!status) {
        share_cards(ranks);
        status = check_kernels(ranks, error);
    }
    if (status) {
        ranks_close(ranks);
        ranks = NULL;
    }
    *made = ranks;
    return status;
}

void ranks_close(Ranks *ranks)
{
    if (!ranks)
        return;
    MPI_Finalize();
    free(ranks->card);
    free(ranks);
}

const char *ranks_library(char text[64])
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int n;
    MPI_Get_library_version(version, &n);
    n = snprintf(text, 64, "%.*s", (int)strcspn(version, ",\n"), version);
    for (int i = 0; i < n && i < 63; i++)
        text[i] = text[i] == '\t' ? ' ' : text[i];
    return text;
}

/* ---- Who ---- */

int ranks_rank(const Ranks *ranks) { return ranks ? ranks->rank : 0; }

int ranks_size(const Ranks *ranks) { return ranks ? ranks->size : 1; }

const char *ranks_host(const Ranks *ranks, int rank) { return ranks->card[rank].host; }

void ranks_on_loss(Ranks *ranks, const char *text)
{
    if (ranks)
        snprintf(ranks->on_loss, sizeof ranks->on_loss, "%s", text);
}

int ranks_cores(const Ranks *ranks)
{
    int sharing = 0, cores = pool_cores();
    if (!ranks)
        return cores;
    const Card *own = &ranks->card[ranks->rank];
    for (int r = 0; r < ranks->size; r++) {
        const Card *other = &ranks->card[r];
        sharing +=
            !strcmp(own->host, other->host) && !memcmp(own->cores, other->cores, sizeof own->cores);
    }
    return cores > sharing ? cores / sharing : 1;
}

/* ---- Bytes ---- */

void ranks_tell(Ranks *ranks, int from, void *data, size_t size)
{
    static const size_t most = (size_t)1 << 30;
    for (size_t done = 0; ranks && done < size;) {
        MPI_Request request;
        size_t n = size - done < most ? size - done : most;
        check(ranks,
              MPI_Ibcast((char *)data + done, (int)n, MPI_BYTE, from, MPI_COMM_WORLD, &request));
        await(ranks, 1, &request);
        done += n;
    }
}

void ranks_gather(Ranks *ranks, const void *own, const size_t *size, void *all)
{
    MPI_Request request;
    int *count = need(calloc(2 * (size_t)ranks->size, sizeof *count)), *at = count + ranks->size;
    size_t sum = 0;
    for (int r = 0; r < ranks->size; r++) {
        at[r] = (int)sum;
        count[r] = (int)size[r];
        sum += size[r];
        must(sum < (size_t)1 << 31);
    }
    check(ranks, MPI_Iallgatherv(own, count[ranks->rank], MPI_BYTE, all, count, at, MPI_BYTE,
                                 MPI_COMM_WORLD, &request));
    await(ranks, 1, &request);
    free(count);
}

/* ---- Sums ---- */

/* A piece is on its way to the next rank while this one adds to the piece behind. */
enum { PIECE = 1 << 16, TAG = 1 };

typedef struct Chain {
    Ranks *ranks;
    int pieces;
    MPI_Request *come, *go, *back; /* one a piece */
} Chain;

static size_t piece_size(size_t n, int piece)
{
    size_t from = (size_t)piece * PIECE;
    return n - from < PIECE ? n - from : PIECE;
}

static Chain chain_new(Ranks *ranks, size_t n)
{
    int pieces = (int)((n + PIECE - 1) / PIECE);
    MPI_Request *request = need(calloc(3 * (size_t)pieces + 1, sizeof *request));
    for (int i = 0; i < 3 * pieces; i++)
        request[i] = MPI_REQUEST_NULL;
    return (Chain){ranks, pieces, request, request + pieces, request + 2 * (size_t)pieces};
}

static void chain_await(const Chain *chain, const float *sum, size_t n)
{
    const Ranks *ranks = chain->ranks;
    for (int i = 0; i < chain->pieces && ranks->rank > 0; i++)
        check(ranks, MPI_Irecv((float *)sum + (size_t)i * PIECE, (int)piece_size(n, i), MPI_FLOAT,
                               ranks->rank - 1, TAG, MPI_COMM_WORLD, &chain->come[i]));
}

void ranks_chain(Ranks *ranks, size_t n, float *sum, RanksAdd *add, void *context)
{
    Chain chain = chain_new(ranks, n);
    int last = ranks->size - 1;
    chain_await(&chain, sum, n);
    for (int i = 0; i < chain.pieces; i++) {
        size_t from = (size_t)i * PIECE, size = piece_size(n, i);
        await(ranks, 1, &chain.come[i]);
        add(context, from, size);
        if (ranks->rank < last)
            check(ranks, MPI_Isend(sum + from, (int)size, MPI_FLOAT, ranks->rank + 1, TAG,
                                   MPI_COMM_WORLD, &chain.go[i]));
        else
            check(ranks, MPI_Ibcast(sum + from, (int)size, MPI_FLOAT, last, MPI_COMM_WORLD,
                                    &chain.back[i]));
    }
    for (int i = 0; i < chain.pieces && ranks->rank < last; i++) {
        await(ranks, 1, &chain.go[i]);
        check(ranks, MPI_Ibcast(sum + (size_t)i * PIECE, (int)piece_size(n, i), MPI_FLOAT, last,
                                MPI_COMM_WORLD, &chain.back[i]));
    }
    await(ranks, chain.pieces, chain.back);
    free(chain.come);
}

void ranks_sum(Ranks *ranks, size_t n, float *sum)
{
    MPI_Request request;
    must(n < (size_t)1 << 31);
    check(ranks,
          MPI_Iallreduce(MPI_IN_PLACE, sum, (int)n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &request));
    await(ranks, 1, &request);
}

#endif
