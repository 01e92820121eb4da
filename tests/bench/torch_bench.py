#!/usr/bin/python3
"""The peer: the steps of `ddil bench` in PyTorch, for a ratio in one run. compare.py calls it.

usage: torch_bench.py [--threads N] [--seconds S] [--only NAME] [--channels-last] [--mode inference|traced]

Prints one JSON object a line. The networks are those of engine/nets/mlp.c and patch_unet.c, weight for weight; a
training step is batch, forward, v-prediction loss, backward, clip at 1, Adam, EMA; a sampling step makes a whole
batch of 64 pictures. --mode inference samples under torch.inference_mode instead of torch.no_grad; --mode traced runs
the network through torch.jit.trace, for sampling frozen and optimised for inference too. Times are medians after five
warm-up steps: a traced network is compiled in the first ones.
"""
import argparse
import ctypes
import json
import math
import resource
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def time_features(t, dim):
    half = dim // 2
    angle = t[:, None] * 1000 * torch.exp(-math.log(10000) * torch.arange(half) / half)[None]
    return torch.cat([angle.sin(), angle.cos()], 1)


class Mlp(nn.Module):
    """Denoiser of points: 64 time features, 4 hidden layers of 256, SiLU."""

    def __init__(self, dims=2, width=256, depth=4, features=64):
        super().__init__()
        self.features = features
        sizes = [dims + features] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(width, dims)

    def forward(self, x, t, label=None):
        h = torch.cat([x, time_features(t, self.features)], 1)
        for layer in self.layers:
            h = F.silu(layer(h))
        return self.out(h)


class Residual(nn.Module):
    def __init__(self, c, embed):
        super().__init__()
        self.n1, self.n2 = nn.GroupNorm(8, c), nn.GroupNorm(8, c)
        self.c1, self.c2 = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
        self.embed = nn.Linear(embed, c)

    def forward(self, x, e):
        h = self.c1(F.silu(self.n1(x))) + self.embed(e)[:, :, None, None]
        return x + self.c2(F.silu(self.n2(h)))


class Attention(nn.Module):
    def __init__(self, c, heads=4):
        super().__init__()
        self.norm, self.heads = nn.GroupNorm(8, c), heads
        self.qkv, self.out = nn.Conv2d(c, 3 * c, 1), nn.Conv2d(c, c, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        size = c // self.heads
        q, k, v = self.qkv(self.norm(x)).reshape(b, 3, self.heads, size, h * w).unbind(1)
        a = torch.softmax(q.transpose(2, 3) @ k * size**-0.5, -1)
        return x + self.out((a @ v.transpose(2, 3)).transpose(2, 3).reshape(b, c, h, w))


class PatchUnet(nn.Module):
    """Denoiser of 28x28x1 on 2x2 patches: residual blocks at 14x14, with attention at 7x7, one skip."""

    def __init__(self, w1=32, w2=96, fine=1, coarse=2, embed=128, classes=11):
        super().__init__()
        self.t1, self.t2, self.y = nn.Linear(64, embed), nn.Linear(embed, embed), nn.Embedding(classes, embed)
        self.inp, self.out = nn.Conv2d(4, w1, 3, padding=1), nn.Conv2d(w1, 4, 3, padding=1)
        self.down, self.up, self.mix = nn.Conv2d(4 * w1, w2, 1), nn.Conv2d(w2, 4 * w1, 1), nn.Conv2d(2 * w1, w1, 1)
        self.enc = nn.ModuleList(Residual(w1, embed) for _ in range(fine))
        self.mid = nn.ModuleList(nn.ModuleList([Residual(w2, embed), Attention(w2)]) for _ in range(coarse))
        self.dec = nn.ModuleList(Residual(w1, embed) for _ in range(fine))
        self.norm = nn.GroupNorm(8, w1)

    def forward(self, x, t, label):
        e = F.silu(self.t2(F.silu(self.t1(time_features(t, 64)))) + self.y(label))
        h = self.inp(F.pixel_unshuffle(x, 2))
        for block in self.enc:
            h = block(h, e)
        skip, h = h, self.down(F.pixel_unshuffle(h, 2))
        for block, attention in self.mid:
            h = attention(block(h, e))
        h = self.mix(torch.cat([F.pixel_shuffle(self.up(h), 2), skip], 1))
        for block in self.dec:
            h = block(h, e)
        return F.pixel_shuffle(self.out(F.silu(self.norm(h))), 2)


def trainer(net, make):
    params = list(net.parameters())
    ema = [p.detach().clone() for p in params]
    adam = torch.optim.Adam(params, 1e-3, foreach=True)

    def step():
        x, label = make()
        t = torch.rand(len(x))
        alpha, sigma = (f(t * math.pi / 2).view(-1, *[1] * (x.dim() - 1)) for f in (torch.cos, torch.sin))
        noise = torch.randn_like(x)
        inputs = (alpha * x + sigma * noise, t) + (() if label is None else (label,))
        loss = F.mse_loss(net(*inputs), alpha * noise - sigma * x)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()
        torch._foreach_mul_(ema, 0.999)
        torch._foreach_add_(ema, [p.detach() for p in params], alpha=0.001)

    return step


def sampler(net, steps, batch, mode):
    label = torch.arange(batch) % 10

    @(torch.no_grad() if mode == 'plain' else torch.inference_mode())
    def step():
        x = torch.randn(batch, 1, 28, 28)
        for i in range(steps, 0, -1):
            a, s = math.cos(i / steps * math.pi / 2), math.sin(i / steps * math.pi / 2)
            b, r = math.cos((i - 1) / steps * math.pi / 2), math.sin((i - 1) / steps * math.pi / 2)
            v = net(x, torch.full((batch,), i / steps), label)
            x = b * (a * x - s * v) + r * (s * x + a * v)

    return step


def traced(net, *inputs):
    return torch.jit.trace(net, inputs, check_trace=False)


def make_job(name, layout, mode):
    """The step and its batch; only what this step needs is built, so that the peak of memory is its own."""
    if name == 'mlp2d-train':
        net = Mlp() if mode != 'traced' else traced(Mlp(), torch.randn(512, 2), torch.rand(512))
        return trainer(net, lambda: (torch.randn(512, 2), None)), 512
    net = PatchUnet().to(memory_format=layout)
    inputs = torch.randn(64, 1, 28, 28), torch.rand(64), torch.zeros(64, dtype=torch.long)
    if name == 'image-train':
        net = traced(net, *inputs) if mode == 'traced' else net
        return trainer(net, lambda: (torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)))), 64
    if mode == 'traced':
        net = torch.jit.optimize_for_inference(torch.jit.freeze(traced(net.eval(), *inputs)))
    return sampler(net, int(name.rsplit('-', 1)[1]), 64, mode), 64


def measure(name, options):
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    step, batch = make_job(name, layout, options.mode)
    for _ in range(5):
        step()
    times = []
    cpu = time.process_time()
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / len(times)
    times.sort()
    return {
        'name': name,
        'threads': options.threads,
        'batch': batch,
        'steps_per_second': 1 / times[len(times) // 2],
        'best_steps_per_second': 1 / times[0],
        'cpu_seconds_per_step': cpu,
        'peak_rss_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--seconds', type=float, default=6)
    parser.add_argument('--only')
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--mode', choices=('plain', 'inference', 'traced'), default='plain')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        ctypes.CDLL('libopenblas.so.0').openblas_set_num_threads(options.threads)
    except OSError:
        pass
    torch.manual_seed(0)
    for name in ('mlp2d-train', 'image-train', 'image-sample-1', 'image-sample-4'):
        if options.only in (None, name):
            print(json.dumps(measure(name, options)), flush=True)


main()
