/* Arena: memory that lives as long as a step, a run or a call, given back all at once.
 * An arena reserves address space once and touches pages as they are used; rewinding keeps them. */
#ifndef DDIL_ARENA_H
#define DDIL_ARENA_H

#include <stddef.h>

typedef struct Arena {
    char *base;  /* page-aligned start of the reserved range */
    size_t used; /* bytes handed out */
    size_t size; /* bytes reserved */
    size_t peak; /* most bytes ever handed out */
} Arena;

/* Reserves `size` bytes of address space (not memory), less under a limit on it. Gives up when even
 * that is refused. */
void arena_init(Arena *arena, size_t size);
/* As arena_init, for memory that is worked through again and again: asks the system for pages of
 * megabytes, so that addresses are translated from a few of them. */
void arena_of_large_pages(Arena *arena, size_t size);
void arena_done(Arena *arena);

/* 64-byte aligned, uninitialised; gives up naming the sizes when the arena is full. One thread at a
 * time. */
void *arena_alloc(Arena *arena, size_t bytes);
/* As arena_alloc, zeroed. */
void *arena_zero(Arena *arena, size_t bytes);
/* The first `size` bytes of an open file, mapped into the arena: read from the disk as they are
 * looked at, the arena's own when written to. Aligned to a page. NULL when the system refuses. The
 * file may be closed and removed, never cut. */
void *arena_map(Arena *arena, int descriptor, size_t size);
/* Of a range that arena_map mapped and nobody wrote to, `at` and what the system brought along with
 * it: given back, to be read again when it is looked at again. Any thread. */
void arena_unmap_some(const void *range, size_t size, const void *at, size_t n);
char *arena_text(Arena *arena, const char *text);

#define arena_new(arena, Type, count) ((Type *)arena_zero((arena), sizeof(Type) * (size_t)(count)))
#define arena_floats(arena, count)    ((float *)arena_alloc(arena, sizeof(float) * (size_t)(count)))

/* A mark taken now; rewinding to it frees everything handed out since. */
static inline size_t arena_mark(const Arena *arena) { return arena->used; }
void arena_rewind(Arena *arena, size_t mark);
/* Gives what nobody uses back to the system: for memory that will not be needed for a while. */
void arena_rest(Arena *arena);
/* Rewinds, but for one block, wherever it lies: it is moved to where the mark was. */
void *arena_rewind_to(Arena *arena, size_t mark, const void *block, size_t bytes);

#endif
