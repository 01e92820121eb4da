/* What this machine can do at most: the measures that every speed is held against. */
#ifndef DDIL_MACHINE_H
#define DDIL_MACHINE_H

typedef struct Machine {
    char cpu[128], simd[16], blas[128];
    int cores;   /* that this process may use */
    int threads; /* what "all" meant below */
    /* [0]: one thread, [1]: all of them. The best of repeated measurements: others on the
     * machine can only take away. */
    double fma_gflops[2];   /* float32 multiply-adds from registers, two flops each */
    double sgemm_gflops[2]; /* kernel_matmul, 512 x 512 x 512, a product a worker */
    double triad_gbs[2];    /* a = b + s c far larger than any cache, 12 bytes an element */
} Machine;

/* Names only. */
void machine_describe(Machine *machine);
/* Names and limits with one thread and with `threads`; takes about 6 x `seconds`. Memory
 * is given back before it returns, and no thread stays. */
void machine_measure(Machine *machine, int threads, double seconds);

#endif
