/* A tape in an arena: ops record themselves as they compute, tape_backward walks them in
 * reverse. No op and no network knows about threads: a tape belongs to one worker and one
 * chunk of a batch. All memory comes from the arena; nothing is freed but by rewinding
 * it. */
#ifndef DDIL_TAPE_H
#define DDIL_TAPE_H

#include "engine/base/arena.h"
#include <stdbool.h>

/* Samples, height, width, channels, channels fastest (NHWC). A matrix is n x 1 x 1 x c.
 */
typedef struct Tensor {
    int n, h, w, c;
    float *x;    /* values */
    float *g;    /* gradient of the same shape, or NULL: nobody needs it. Of an op's output
                  * only backward functions may look inside: memory stands behind it from the
                  * first use to the last in tape_backward. */
    bool unset;  /* g is memory without values yet; see tape_sets */
    bool placed; /* g is the caller's and stays where it is */
} Tensor;

static inline size_t tensor_size(const Tensor *t)
{
    return (size_t)t->n * (size_t)t->h * (size_t)t->w * (size_t)t->c;
}

enum { TAPE_INPUTS = 6 };
typedef struct TapeNode TapeNode;
struct TapeNode {
    void (*backward)(TapeNode *node, Arena *scratch);
    TapeNode *previous;
    Tensor *in[TAPE_INPUTS], *out;
    void *saved; /* whatever the op needs again; in the tape's arena */
    unsigned sets;
};

typedef struct TapeLeaf TapeLeaf;
typedef struct Tape {
    Arena *arena;
    bool record; /* false: forward only, no gradients, nothing recorded */
    TapeNode *last;
    double flops; /* of the forward pass of one sample so far (multiply-add = 2), matrix
                     products only */
    float *block; /* see tape_block */
    size_t block_size;
    TapeLeaf *leaf; /* those in the block, the last one first */
} Tape;

/* Starts an empty tape in `arena` (which the caller rewinds when the step is over). */
void tape_begin(Tape *tape, Arena *arena, bool record);

/* An op's output: uninitialised values; a gradient (zero when backward begins) when
 * recording and `wants_gradient`. */
Tensor *tape_tensor(Tape *tape, int n, int h, int w, int c, bool wants_gradient);
/* Borrowed values, no gradient. */
Tensor *tape_input(Tape *tape, int n, int h, int w, int c, const float *x);
/* Borrowed values and gradient (g may be NULL). Backward adds into g. */
Tensor *tape_leaf(Tape *tape, int n, int h, int w, int c, const float *x, float *g);
/* t alone of all that was made since the mark (of the tape's arena): where nothing is recorded the
 * rest is given back, and t moves there. Elsewhere t as it is. */
Tensor *tape_keep(Tape *tape, size_t mark, Tensor *t);
/* Leaves' gradients within these `size` floats, of which none may hold a value, are set by
 * tape_backward: all of the block, zeros where no leaf is or none flows. A leaf that is made again
 * (the same gradient, values and shape, as where a network is run twice) is the one that is there;
 * new ones lie behind those before. */
void tape_block(Tape *tape, float *block, size_t size);
/* The values of t; no gradient flows past. */
Tensor *tape_detach(Tape *tape, Tensor *t);

/* Records an op. Does nothing when the tape does not record or out->g is NULL. Unused
 * inputs are NULL. */
void tape_node(Tape *tape, void (*backward)(TapeNode *, Arena *), Tensor *out, void *saved,
               Tensor *a, Tensor *b, Tensor *c, Tensor *d);

/* Two inputs more, the fifth and the sixth, of the op whose output this is, recorded just now. */
void tape_more(Tape *tape, const Tensor *out, Tensor *e, Tensor *f);

/* An op adds into its inputs' gradients, which begin at zero. One that can as well set
 * them says so after tape_node, bit i of `inputs` for input i, and its backward function
 * asks tape_first once for each: true when the gradient's values are still unset, and
 * then it must set all of them. */
void tape_sets(Tape *tape, const Tensor *out, unsigned inputs);
static inline bool tape_first(Tensor *t)
{
    bool first = t->unset;
    t->unset = false;
    return first;
}

/* For backward functions whose gradient goes on as it is: adds it, or copies it to what is unset;
 * nothing where nobody wants it. The other is the last use of an output's gradient: where nobody
 * has added yet the two change buffers. */
void tape_pass(const Tensor *out, Tensor *in);
void tape_hand_on(Tensor *out, Tensor *in);

/* Sets loss->g[0] = 1 (loss has one element) and runs every node backward, adding into
 * leaf gradients. Scratch memory for the backward pass is taken above the tape and given
 * back. Gradients of outputs take turns in a few buffers there, so that they stay in
 * cache; what the loss does not depend on is skipped. Once a tape. */
void tape_backward(Tape *tape, Tensor *loss);

#endif
