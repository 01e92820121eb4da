#!/usr/bin/python3
"""Reference values of the metrics on two sets of vectors, from numpy and scipy in double: usage: metrics.py FOLDER

Writes metrics.txt: lines "NAME COUNT" followed by COUNT numbers. Rows are not stored: both sides compute them from wave() (see
nets.py), x: 40 x 6 from seed 1, y: 34 x 6 from seed 2, scaled and moved by column. Formulas are the definitions, written out pair by
pair; the Frechet distance takes scipy's general square root of S1 S2, the two-sample test scipy's BFGS.

More shapes follow, x of NAME from seed 3, y from seed 4: wide (300 and 280 rows of 48), few (20 and 30 of 64: singular covariances),
ties (90 and 80 of 20, each coordinate a sign: many equal distances). There the trace of the root is the sum of the singular values
of one set's centred rows times the other's.
"""
import sys
import numpy as np
from scipy.linalg import sqrtm
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

N, M, D, RIDGE = 40, 34, 6, 1e-3
SHAPES = {'wide': (300, 280, 48), 'few': (20, 30, 64), 'ties': (90, 80, 20)}


def wave(n, seed):
    x = (np.arange(n, dtype=np.uint64) * 2654435761 + seed * 40503 + 12345) & 0xffffffff
    x = ((x ^ (x >> 16)) * 2246822519) & 0xffffffff
    x = x ^ (x >> 13)
    return (x / 2 ** 31 - 1).astype(np.float32).astype(np.float64)


def rows():
    x = wave(N * D, 1).reshape(N, D)
    y = wave(M * D, 2).reshape(M, D)
    scale, move = 1 + 0.25 * np.arange(D), 0.125 * np.arange(D)
    return x, (y * scale + move).astype(np.float32).astype(np.float64)


def frechet(x, y):
    root = sqrtm(np.cov(x.T) @ np.cov(y.T))
    apart = x.mean(0) - y.mean(0)
    return apart @ apart + np.trace(np.cov(x.T) + np.cov(y.T) - 2 * root.real)


def frechet_of_rows(x, y):
    apart, a, b = x.mean(0) - y.mean(0), x - x.mean(0), y - y.mean(0)
    n, m = len(x) - 1, len(y) - 1
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum() / np.sqrt(n * m)
    return apart @ apart + (a ** 2).sum() / n + (b ** 2).sum() / m - 2 * root


def unbiased(kernel, x, y):
    n, m = len(x), len(y)
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    return (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()


def gaussians(x):
    h = np.median(cdist(x, x)[np.triu_indices(len(x), 1)])
    return lambda a, b: np.mean([np.exp(-cdist(a, b) ** 2 / (2 * (f * h) ** 2)) for f in (.25, .5, 1, 2, 4)], 0)


def radii(x, k):
    return np.sort(cdist(x, x), 1)[:, k]


def neighbours(real, fake):
    d = cdist(real, fake)
    return [(d <= radii(real, 3)[:, None]).any(0).mean(), (d <= radii(fake, 3)[None]).any(1).mean(),
            (d < radii(real, 5)[:, None]).sum() / (5 * len(fake)), (d < radii(real, 5)[:, None]).any(1).mean()]


def auc(x, y):
    """The first half of each set trains."""
    train, test = np.vstack([x[:len(x) // 2], y[:len(y) // 2]]), np.vstack([x[len(x) // 2:], y[len(y) // 2:]])
    label = np.r_[np.zeros(len(x) // 2), np.ones(len(y) // 2)]
    mean, deviation = train.mean(0), train.std(0)
    train, test = (train - mean) / deviation, (test - mean) / deviation

    def loss(w):
        s = train @ w[:-1] + w[-1]
        return np.mean(np.logaddexp(0, s) - label * s) + RIDGE / 2 * w[:-1] @ w[:-1]
    w = minimize(loss, np.zeros(D + 1), method='BFGS', options=dict(gtol=1e-9)).x
    score = test @ w[:-1] + w[-1]
    a, b = score[:len(x) - len(x) // 2], score[len(x) - len(x) // 2:]
    return mannwhitneyu(b, a).statistic / (len(a) * len(b))


def shaped(name):
    n, m, d = SHAPES[name]
    x, y = wave(n * d, 3).reshape(n, d), wave(m * d, 4).reshape(m, d)
    return (np.sign(x), np.sign(y)) if name == 'ties' else (x, y)


def values_of(name):
    x, y = shaped(name)
    d = x.shape[1]
    return [frechet_of_rows(x, y), unbiased(lambda a, b: (a @ b.T / d + 1) ** 3, x, y), *neighbours(x, y),
            unbiased(lambda a, b: -cdist(a, b), x, y), unbiased(gaussians(x), x, y)]


def main(folder):
    x, y = rows()
    value = {'frechet': frechet(x, y), 'kid': unbiased(lambda a, b: (a @ b.T / D + 1) ** 3, x, y),
             'prdc': neighbours(x, y), 'energy': unbiased(lambda a, b: -cdist(a, b), x, y),
             'mmd2': unbiased(gaussians(x), x, y), 'auc': auc(x, y)}
    jackknife = [frechet(x, np.delete(y, range(M * b // 10, M * (b + 1) // 10), 0)) for b in range(10)]
    value['frechet.blocks'] = jackknife
    value['prdc.blocks'] = np.ravel([neighbours(x, np.delete(y, range(M * b // 10, M * (b + 1) // 10), 0))
                                     for b in range(10)])
    value |= {name: values_of(name) for name in SHAPES}
    with open(f'{folder}/metrics.txt', 'w') as out:
        for name, numbers in value.items():
            numbers = np.ravel(numbers)
            print(name, len(numbers), *(f'{v:.15g}' for v in numbers), file=out)


main(sys.argv[1])
