/* Errors of the world (a file, a preset, a number) come back as a Status with text in the caller's
 * Error; errors of the programmer stop the program through must(); where the machine refuses memory
 * in the middle of work, need() says so and ends it. */
#ifndef DDIL_STATUS_H
#define DDIL_STATUS_H

#include <stddef.h>

/* What a call or the whole program came to. The values are the program's exit codes (cli.md). */
typedef enum Status {
    STATUS_OK = 0,          /* done */
    STATUS_FAILED = 1,      /* the run failed; the last good checkpoint stands */
    STATUS_BAD_INPUT = 2,   /* wrong usage, preset or file */
    STATUS_INTERRUPTED = 3, /* interrupted, state saved */
    STATUS_BLOCKED = 4,     /* the terminal or another owner stands in the way */
} Status;

/* One message for a person: what was wrong, where (file:line), and what would be right. */
typedef struct Error {
    char text[512];
} Error;

/* What a failed system call comes to, by its errno: BAD_INPUT when the name it was given is wrong,
 * FAILED when the system has no room, no descriptors or does not let us. */
Status status_of(int reason);

/* Writes the message (made plain, plain.h, and cut at the buffer's end) and returns `status`.
 * `error` may be NULL. */
Status fail(Error *error, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Called once before must() aborts, to give the terminal back; NULL for none. Any thread. */
void must_restore(void (*restore)(void));

/* Prints file, line and condition, restores the terminal and aborts. Always on. */
_Noreturn void must_fail(const char *file, int line, const char *condition);
#define must(condition) ((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))

/* Prints the message, restores the terminal and ends the program with STATUS_FAILED: for what the
 * machine refuses in the middle of work (memory, a thread). Checkpoints stand. Any thread. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What an allocation returned; gives up when that is nothing. */
void *need(void *block);
/* malloc that gives up: for libraries that would go on with less. */
void *need_bytes(size_t size);

#endif
