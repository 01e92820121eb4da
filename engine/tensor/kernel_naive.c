/* The naive twins: each kernel's formula as loops, sums in double. Slow on purpose. */
#include "engine/tensor/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double element(Matrix a, int row, int column)
{
    int i = a.transpose ? column : row, j = a.transpose ? row : column;
    return (double)a.x[(size_t)i * (size_t)a.stride + (size_t)j];
}

void naive_matmul(int m, int n, int k, float alpha, Matrix a, Matrix b, bool add, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum += element(a, i, l) * element(b, l, j);
            float *out = c + (size_t)i * (size_t)ldc + (size_t)j;
            *out = (float)((double)alpha * sum + (add ? (double)*out : 0.0));
        }
}

/* What the three directions share: every (sample, pixel, tap) whose source pixel is
 * inside. */
typedef void Visit(void *context, size_t pixel, size_t source, int tap);

static void each_tap(ConvShape s, Visit *visit, void *context)
{
    for (int i = 0; i < s.n * s.h * s.w * 9; i++) {
        int tap = i % 9, x = i / 9 % s.w, y = i / 9 / s.w % s.h, sample = i / 9 / s.w / s.h;
        int row = y + tap / 3 - 1, column = x + tap % 3 - 1;
        if (row < 0 || row >= s.h || column < 0 || column >= s.w)
            continue;
        size_t picture = (size_t)sample * (size_t)(s.h * s.w);
        visit(context, picture + (size_t)(y * s.w + x), picture + (size_t)(row * s.w + column),
              tap);
    }
}

typedef struct Conv {
    ConvShape s;
    const float *a, *b;
    double *sum;
} Conv;

static void forward_tap(void *context, size_t pixel, size_t source, int tap)
{
    Conv *v = context;
    size_t in = (size_t)v->s.in, out = (size_t)v->s.out;
    for (size_t i = 0; i < in; i++)
        for (size_t o = 0; o < out; o++)
            v->sum[pixel * out + o] +=
                (double)v->a[source * in + i] * (double)v->b[((size_t)tap * in + i) * out + o];
}

static void input_tap(void *context, size_t pixel, size_t source, int tap)
{
    Conv *v = context;
    size_t in = (size_t)v->s.in, out = (size_t)v->s.out;
    for (size_t i = 0; i < in; i++)
        for (size_t o = 0; o < out; o++)
            v->sum[source * in + i] +=
                (double)v->a[pixel * out + o] * (double)v->b[((size_t)tap * in + i) * out + o];
}

static void weight_tap(void *context, size_t pixel, size_t source, int tap)
{
    Conv *v = context;
    size_t in = (size_t)v->s.in, out = (size_t)v->s.out;
    for (size_t i = 0; i < in; i++)
        for (size_t o = 0; o < out; o++)
            v->sum[((size_t)tap * in + i) * out + o] +=
                (double)v->a[pixel * out + o] * (double)v->b[source * in + i];
}

/* Sums in double, then adds to `result`. */
static void run(ConvShape s, Visit *visit, const float *a, const float *b, size_t size,
                float *result)
{
    Conv v = {s, a, b, calloc(size + 1, sizeof(double))};
    if (!v.sum)
        abort();
    each_tap(s, visit, &v);
    for (size_t i = 0; i < size; i++)
        result[i] = (float)((double)result[i] + v.sum[i]);
    free(v.sum);
}

void naive_conv3x3(ConvShape s, const float *x, const float *weight, const float *bias, float *y)
{
    size_t size = (size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.out;
    for (size_t i = 0; i < size; i++)
        y[i] = bias ? bias[i % (size_t)s.out] : 0.0f;
    run(s, forward_tap, x, weight, size, y);
}

void naive_conv3x3_input(ConvShape s, const float *gy, const float *weight, float *gx)
{
    run(s, input_tap, gy, weight, (size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.in, gx);
}

void naive_conv3x3_weight(ConvShape s, const float *gy, const float *x, float *gweight)
{
    run(s, weight_tap, gy, x, 9 * (size_t)s.in * (size_t)s.out, gweight);
}

double naive_silu(double x) { return x / (1.0 + exp(-x)); }

double naive_silu_slope(double x)
{
    double s = 1.0 / (1.0 + exp(-x));
    return s + x * s * (1.0 - s);
}

static double gelu_inner(double x) { return sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x); }

double naive_gelu(double x) { return 0.5 * x * (1.0 + tanh(gelu_inner(x))); }

double naive_gelu_slope(double x)
{
    double t = tanh(gelu_inner(x));
    return 0.5 * (1.0 + t) +
           0.5 * x * (1.0 - t * t) * sqrt(2.0 / acos(-1.0)) * (1.0 + 3 * 0.044715 * x * x);
}

/* Index of element `e` of group `g` of sample `i`. */
static size_t member(NormShape s, int i, int g, int e)
{
    int width = s.c / s.groups;
    return ((size_t)i * (size_t)s.pixels + (size_t)(e / width)) * (size_t)s.c +
           (size_t)(g * width + e % width);
}

static void group_statistics(NormShape s, const float *x, int i, int g, double *mean,
                             double *inverse)
{
    int count = s.pixels * (s.c / s.groups);
    double sum = 0, square = 0;
    for (int e = 0; e < count; e++)
        sum += (double)x[member(s, i, g, e)];
    *mean = sum / count;
    for (int e = 0; e < count; e++)
        square += pow((double)x[member(s, i, g, e)] - *mean, 2);
    *inverse = 1.0 / sqrt(square / count + 1e-5);
}

void naive_group_norm(NormShape s, const float *x, const float *gamma, const float *beta, float *y)
{
    for (int i = 0; i < s.n; i++)
        for (int g = 0; g < s.groups; g++) {
            double mean, inverse;
            group_statistics(s, x, i, g, &mean, &inverse);
            for (int e = 0; e < s.pixels * (s.c / s.groups); e++) {
                size_t k = member(s, i, g, e), ch = k % (size_t)s.c;
                double pre = (double)gamma[ch] * ((double)x[k] - mean) * inverse + (double)beta[ch];
                y[k] = (float)(s.silu ? naive_silu(pre) : pre);
            }
        }
}

void naive_group_norm_grad(NormShape s, const float *x, const float *gamma, const float *beta,
                           const float *gy, float *gx, float *ggamma, float *gbeta)
{
    int count = s.pixels * (s.c / s.groups);
    for (int i = 0; i < s.n; i++)
        for (int g = 0; g < s.groups; g++) {
            double mean, inverse, m1 = 0, m2 = 0;
            group_statistics(s, x, i, g, &mean, &inverse);
            for (int pass = 0; pass < 2; pass++)
                for (int e = 0; e < count; e++) {
                    size_t k = member(s, i, g, e), ch = k % (size_t)s.c;
                    double xhat = ((double)x[k] - mean) * inverse;
                    double pre = (double)gamma[ch] * xhat + (double)beta[ch];
                    double gpre = (double)gy[k] * (s.silu ? naive_silu_slope(pre) : 1.0);
                    double gxhat = gpre * (double)gamma[ch];
                    if (pass == 1) {
                        gx[k] += (float)(inverse * (gxhat - m1 - xhat * m2));
                        continue;
                    }
                    m1 += gxhat / count;
                    m2 += gxhat * xhat / count;
                    ggamma[ch] += (float)(gpre * xhat);
                    gbeta[ch] += (float)gpre;
                }
        }
}

void naive_softmax(int rows, int n, float *x)
{
    for (int j = 0; j < n; j++, x++) {
        double top = -INFINITY, sum = 0;
        for (int i = 0; i < rows * n; i += n)
            top = (double)x[i] > top ? (double)x[i] : top;
        for (int i = 0; i < rows * n; i += n)
            sum += exp((double)x[i] - top);
        for (int i = 0; i < rows * n; i += n)
            x[i] = (float)(exp((double)x[i] - top) / sum);
    }
}

/* Attention weights of pixel `i` over all pixels, for the head whose channels start at
 * `at`. */
static void weights_of(AttentionShape s, const float *sample, int at, int i, float *p)
{
    int width = s.c / s.heads;
    for (int j = 0; j < s.pixels; j++) {
        double dot = 0;
        for (int d = at; d < at + width; d++)
            dot += (double)sample[i * 3 * s.c + d] * (double)sample[j * 3 * s.c + s.c + d];
        p[j] = (float)(dot / sqrt(width));
    }
    naive_softmax(s.pixels, 1, p);
}

void naive_attention(AttentionShape s, const float *qkv, float *y)
{
    float *p = malloc(sizeof(float) * (size_t)(s.pixels + 1));
    if (!p)
        abort();
    int width = s.c / s.heads;
    for (int i = 0; i < s.n * s.heads * s.pixels; i++) {
        int pixel = i % s.pixels, at = i / s.pixels % s.heads * width, n = i / s.pixels / s.heads;
        const float *sample = qkv + n * s.pixels * 3 * s.c;
        weights_of(s, sample, at, pixel, p);
        for (int d = at; d < at + width; d++) {
            double sum = 0;
            for (int j = 0; j < s.pixels; j++)
                sum += (double)p[j] * (double)sample[j * 3 * s.c + 2 * s.c + d];
            y[(n * s.pixels + pixel) * s.c + d] = (float)sum;
        }
    }
    free(p);
}

/* Gradient of one query row: through v, through the softmax, then to q and k. */
static void attention_row_grad(AttentionShape s, const float *sample, int at, int i,
                               const float *gy, float *gsample, float *p)
{
    int width = s.c / s.heads, row = 3 * s.c;
    float *gp = p + s.pixels;
    double dot = 0;
    weights_of(s, sample, at, i, p);
    for (int j = 0; j < s.pixels; j++) {
        double sum = 0;
        for (int d = at; d < at + width; d++) {
            sum += (double)gy[d] * (double)sample[j * row + 2 * s.c + d];
            gsample[j * row + 2 * s.c + d] += p[j] * gy[d];
        }
        gp[j] = (float)sum;
        dot += sum * (double)p[j];
    }
    for (int j = 0; j < s.pixels; j++)
        for (int d = at; d < at + width; d++) {
            double gs = (double)p[j] * ((double)gp[j] - dot) / sqrt(width);
            gsample[i * row + d] += (float)(gs * (double)sample[j * row + s.c + d]);
            gsample[j * row + s.c + d] += (float)(gs * (double)sample[i * row + d]);
        }
}

void naive_attention_grad(AttentionShape s, const float *qkv, const float *gy, float *gqkv)
{
    float *p = malloc(sizeof(float) * 2 * (size_t)(s.pixels + 1));
    if (!p)
        abort();
    for (int i = 0; i < s.n * s.heads * s.pixels; i++) {
        int pixel = i % s.pixels, head = i / s.pixels % s.heads, n = i / s.pixels / s.heads;
        attention_row_grad(s, qkv + n * s.pixels * 3 * s.c, head * (s.c / s.heads), pixel,
                           gy + (n * s.pixels + pixel) * s.c, gqkv + n * s.pixels * 3 * s.c, p);
    }
    free(p);
}
