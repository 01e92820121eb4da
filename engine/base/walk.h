/* A walk over the state of a struct: one function per struct names every array and scalar to
 * persist, and the same walk sizes, verifies, reads and writes. Checkpoints are walks; so a field
 * cannot be saved and not restored. */
#ifndef DDIL_WALK_H
#define DDIL_WALK_H

#include <stddef.h>
#include <stdint.h>

typedef enum WalkType {
    WALK_F32,
    WALK_F64,
    WALK_I32,
    WALK_I64,
    WALK_U8,
    WALK_F16, /* these two in other programs' files alone */
    WALK_BF16
} WalkType;

typedef struct Walk Walk;
struct Walk {
    /* Called once an array. `data` is read or overwritten; the count is fixed by the configuration,
     * never by a file. shape has rank entries whose product is the number of elements. */
    void (*visit)(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                  void *data);
};

static inline void walk_array(Walk *walk, const char *name, WalkType type, long n, void *data)
{
    walk->visit(walk, name, type, 1, &n, data);
}
static inline void walk_f32(Walk *walk, const char *name, long n, float *data)
{
    walk_array(walk, name, WALK_F32, n, data);
}
static inline void walk_f64(Walk *walk, const char *name, long n, double *data)
{
    walk_array(walk, name, WALK_F64, n, data);
}
static inline void walk_i32(Walk *walk, const char *name, long n, int *data)
{
    walk_array(walk, name, WALK_I32, n, data);
}
static inline void walk_i64(Walk *walk, const char *name, long n, int64_t *data)
{
    walk_array(walk, name, WALK_I64, n, data);
}
static inline void walk_u8(Walk *walk, const char *name, long n, unsigned char *data)
{
    walk_array(walk, name, WALK_U8, n, data);
}

#endif
