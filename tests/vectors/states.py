"""Where training states come from, as the engine makes them: forward-diffused data, and the teacher's and the student's own
backward trajectories from given noise. The counter-based random numbers are Philox4x32-10 (Salmon et al. 2011) and Box-Muller."""
import math

import numpy as np
import torch

STREAM_ROLLOUT = 4


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normals(seed, stream, index, n):
    """The first n normals of a generator; n even."""
    words, block = [], 0
    while len(words) < n:
        words += philox((block, stream, index & 0xFFFFFFFF, index >> 32), (seed & 0xFFFFFFFF, seed >> 32))
        block += 1
    uniform = [float(np.float32((w + 0.5) * 2.0**-32)) for w in words]
    out = []
    for i in range(0, n, 2):
        radius, angle = math.sqrt(-2 * math.log(uniform[i])), 2 * math.pi * uniform[i + 1]
        out += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(out, dtype=torch.float64)


def stand(case, source, renoises, noise, ddim, waves, rows, substeps=2, seed=1):
    """States z of rows r at sampling step i = r % 4 + 1 of 4: case gives teacher_x0, own_x0 and data."""
    eps = (1.5 * waves(2 * rows, 106)).float().double().reshape(rows, 2)
    point = torch.arange(rows) % 4 + 1
    if source == "data":
        alpha, sigma = noise(point / 4)
        return alpha * waves(2 * rows, 102).reshape(rows, 2) + sigma * eps
    states, z = [eps], eps
    fresh = torch.stack([normals(seed, STREAM_ROLLOUT, r, 6) for r in range(rows)]).reshape(rows, 3, 2)
    for k in range(4):
        m = substeps if source == "teacher" else 1
        for j in range(m):
            u = torch.full((rows,), (4 - k - j / m) / 4)
            end = torch.full((rows,), (4 - k - (j + 1) / m) / 4 if j + 1 < m else (3 - k) / 4)
            x = case.teacher_x0(z, u) if source == "teacher" else case.own_x0(z, u)
            if source == "student" and renoises and k < 3:
                alpha, sigma = noise(end)
                z = alpha * x + sigma * fresh[:, k]
            else:
                z = ddim(z, x, u, end)
        states.append(z)
    return torch.stack(states)[4 - point, torch.arange(rows)].detach()
