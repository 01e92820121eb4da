/* Owns reserved address ranges. May call libc, must() and give_up(). Under AddressSanitizer what is
 * not handed out is poisoned as soon as it has been used once, and a gap stands behind
 * every block. */
#include "engine/base/arena.h"
#include "engine/base/status.h"
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
enum { GAP = 0 };
#endif

enum { ALIGN = 64 };

_Noreturn static void die(const char *what, size_t wanted, size_t used, size_t size)
{
    give_up("out of memory, %s: %zu bytes wanted, %zu of %zu in use", what, wanted, used, size);
}

/* Under a limit on address space (ulimit -v) no arena takes more than a part of it. */
static size_t within_limit(size_t size)
{
    enum { PARTS = 20, PAGE = 1 << 16 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return size;
    size_t most = (size_t)limit.rlim_cur / PARTS / PAGE * PAGE + PAGE;
    return size < most ? size : most;
}

void arena_init(Arena *arena, size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
    flags |= MAP_NORESERVE;
#endif
    must(size > 0);
    size = within_limit(size);
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED)
        die("address space refused to an arena", size, 0, size);
    *arena = (Arena){.base = base, .size = size};
}

void arena_of_large_pages(Arena *arena, size_t size)
{
    arena_init(arena, size);
#ifdef MADV_HUGEPAGE
    (void)madvise(arena->base, arena->size, MADV_HUGEPAGE);
#endif
}

void arena_done(Arena *arena)
{
    if (!arena->base)
        return;
    ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->peak);
    munmap(arena->base, arena->size);
    *arena = (Arena){0};
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    size_t room = arena->size - arena->used;
    if (bytes > SIZE_MAX - 2 * ALIGN || bytes > room)
        die("arena is full", bytes, arena->used, arena->size);
    size_t whole = (bytes + GAP + ALIGN - 1) / ALIGN * ALIGN;
    if (whole > room)
        die("arena is full", whole, arena->used, arena->size);
    char *block = arena->base + arena->used;
    arena->used += whole;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    ASAN_POISON_MEMORY_REGION(block + bytes, whole - bytes);
    return block;
}

void *arena_zero(Arena *arena, size_t bytes) { return memset(arena_alloc(arena, bytes), 0, bytes); }

void *arena_map(Arena *arena, int descriptor, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
    char *block = arena_alloc(arena, whole + page); /* holds whole pages, wherever it begins */
    char *begin = block + (page - (size_t)(block - arena->base) % page) % page;
    void *at = mmap(begin, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, descriptor, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* Linux brings the whole piece of 64 KiB that a page lies in, where the file is in its cache. */
void arena_unmap_some(const void *range, size_t size, const void *at, size_t n)
{
    enum { AROUND = 1 << 16 };
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t least = (uintptr_t)range / page * page,
              most = ((uintptr_t)range + size + page - 1) / page * page;
    uintptr_t from = (uintptr_t)at / AROUND * AROUND,
              to = ((uintptr_t)at + n + AROUND - 1) / AROUND * AROUND;
    from = from > least ? from : least;
    to = to < most ? to : most;
#ifdef MADV_DONTNEED
    (void)madvise((void *)from, to - from, MADV_DONTNEED);
#endif
}

char *arena_text(Arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(arena, size), text, size);
}

void arena_rewind(Arena *arena, size_t mark)
{
    must(mark <= arena->used);
    ASAN_POISON_MEMORY_REGION(arena->base + mark, arena->used - mark);
    arena->used = mark;
}

void *arena_rewind_to(Arena *arena, size_t mark, const void *block, size_t bytes)
{
    must(mark + bytes <= arena->used);
    ASAN_UNPOISON_MEMORY_REGION(arena->base + mark, bytes);
    memmove(arena->base + mark, block, bytes);
    arena_rewind(arena, mark);
    return arena_alloc(arena, bytes);
}

void arena_rest(Arena *arena)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), from = (arena->used + page - 1) / page * page;
#ifdef MADV_DONTNEED
    if (arena->peak > from)
        (void)madvise(arena->base + from, arena->peak - from, MADV_DONTNEED);
#endif
}
