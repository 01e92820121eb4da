#!/usr/bin/env python3
"""Reference vectors for one training step of each method: writes methods.txt beside itself.

PyTorch in double precision, autograd, torch.optim.AdamW and clip_grad_norm_, from the equations:
Salimans & Ho 2022 (progressive distillation), Luo et al. 2023 (LCM), Ho & Salimans 2022 (guidance).
Run again only when a case below changes:  /usr/bin/python3 tests/vectors/methods.py
A line of the output is NAME COUNT VALUE..., as vectors.c reads it. Inputs are formulas, the same in
tests/test_distill.c.
"""
import math
import os

import torch

from states import stand

torch.set_default_dtype(torch.float64)
ROWS = 12
STEPS = 2  # optimiser steps on the same rows: the second one sees Adam's moments
ADAM = dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
CLIP = 0.5
EMA = 0.9


def waves(n, seed):
    """Values in [-1, 1) from an integer hash of (i, seed), as in vectors.c: rounded to float32."""
    x = (torch.arange(n) * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 2246822519) & 0xFFFFFFFF
    x = x ^ (x >> 13)
    return (x.double() / 2**31 - 1).float().double()


# ---- noise: clipped cosine, alpha^2 + sigma^2 = 1 -------------------------------------------------


def logsnr(u):
    b = math.atan(math.exp(-10))
    a = math.atan(math.exp(10)) - b
    return -2 * torch.log(torch.tan(a * u + b))


def noise(u):
    lam = logsnr(u)
    return torch.sqrt(torch.sigmoid(lam))[:, None], torch.sqrt(torch.sigmoid(-lam))[:, None]


def ddim(z, x, u, u_next):
    """One deterministic step; the step to u = 0 is the estimate itself."""
    alpha, sigma = noise(u)
    alpha_next, sigma_next = noise(u_next)
    eps = (z - alpha * x) / sigma
    return torch.where(u_next[:, None] == 0, x, alpha_next * x + sigma_next * eps)


# ---- denoisers: x0 estimates of rows z at times u with labels (-1: none) -----------------------------


class Exact:
    """A Gaussian mixture's posterior mean."""

    def __init__(self, mean, weight, label, deviation):
        self.mean, self.weight, self.label, self.deviation = mean, weight, label, deviation

    def x0(self, z, u, label):
        alpha, sigma = noise(u)
        own = self.deviation**2
        variance = alpha**2 * own + sigma**2
        gap = z[:, None, :] - alpha[:, :, None] * self.mean[None]
        log_w = torch.log(self.weight)[None] - (gap**2).sum(2) / (2 * variance)
        told = (label[:, None] < 0) | (self.label[None] == label[:, None])
        w = torch.softmax(torch.where(told, log_w, torch.tensor(-math.inf)), 1)
        x = self.mean[None] + (alpha * own / variance)[:, :, None] * gap
        return (w[:, :, None] * x).sum(1)


class Net:
    """The points' network: v prediction from the point and sinusoids of time."""

    def __init__(self, width, depth, features, classes, seed, told=0):
        self.told = told
        self.features, self.depth, self.classes = features, depth, classes
        shapes = []
        into = 2 + features
        for i in range(depth):
            shapes += [(f"layers.{i}.weight", (into, width)), (f"layers.{i}.bias", (width,))]
            if i == 0 and classes:
                shapes.append(("classes.weight", (classes + 1, width)))
            if i == 0 and told:
                shapes.append(("told.weight", (told, width)))
            into = width
        shapes += [("out.weight", (width, 2)), ("out.bias", (2,))]
        self.weight = {}
        for t, (name, shape) in enumerate(shapes):
            size = math.prod(shape)
            self.weight[name] = (0.7 * waves(size, t + seed)).float().double().reshape(shape)

    heard = None  # of each row, where the network is told a number

    @staticmethod
    def sinusoids(number, features):
        half = features // 2
        frequency = 30 * torch.exp(-math.log(30) * torch.arange(half) / half)
        angle = number[:, None] * frequency[None]
        return torch.cat([torch.sin(angle), torch.cos(angle)], 1)

    def hidden(self, z, u, label):
        h = torch.cat([z, self.sinusoids(u, self.features)], 1)
        for i in range(self.depth):
            h = h @ self.weight[f"layers.{i}.weight"] + self.weight[f"layers.{i}.bias"]
            if i == 0 and self.classes:
                h = h + self.weight["classes.weight"][torch.where(label < 0, self.classes, label)]
            if i == 0 and self.told:
                h = h + self.sinusoids(self.heard, self.told) @ self.weight["told.weight"]
            h = torch.nn.functional.silu(h)
        return h

    def v(self, z, u, label):
        return self.hidden(z, u, label) @ self.weight["out.weight"] + self.weight["out.bias"]

    def x0(self, z, u, label):
        alpha, sigma = noise(u)
        return alpha * z - sigma * self.v(z, u, label)


def guided(denoiser, scale, z, u, label):
    if not torch.is_tensor(scale) and scale == 1:
        return denoiser.x0(z, u, label)
    without = denoiser.x0(z, u, torch.full_like(label, -1))
    return without + scale * (denoiser.x0(z, u, label) - without)


# ---- the cases ---------------------------------------------------------------------------------------


def ring():
    angle = torch.arange(8) * (math.pi / 4)
    mean = 2 * torch.stack([torch.cos(angle), torch.sin(angle)], 1)
    scale = math.sqrt((mean**2).sum(1).mean() / 2 + 0.01)
    return Exact(mean / scale, torch.full((8,), 1 / 8), torch.arange(8), 0.1 / scale)


def arcs():
    """Six components of unequal weight in two classes, as test_distill.c builds them."""
    k = torch.arange(6)
    mean = torch.stack([1.2 * torch.cos(1.1 * k + 0.3), 0.9 * torch.sin(1.7 * k)], 1)
    weight = (k + 1) / 21
    return Exact(mean, weight, k % 2, 0.15)


class Case:
    told = 0

    def __init__(self, method, teacher, conditional=False, guidance=1.0, box=None, **more):
        self.method, self.teacher, self.guidance, self.box = method, teacher, guidance, box
        self.conditional, self.more = conditional, more
        r = torch.arange(ROWS)
        self.z = (2 * waves(2 * ROWS, 101)).float().double().reshape(ROWS, 2)
        self.label = torch.where(r % 5 == 4, -1, r % 2) if conditional else torch.full_like(r, -1)
        self.student = Net(16, 2, 8, 2 if conditional else 0, 0, self.told)
        for w in self.student.weight.values():
            w.requires_grad_(True)
        if "source" in more:
            self.z = stand(self, more["source"], method != "pd", noise, ddim, waves, ROWS)

    def own_x0(self, z, u):
        return self.clip(self.student.x0(z, u, self.label))

    def clip(self, x):
        return torch.clip(x, self.box[0], self.box[1]) if self.box else x

    def teacher_x0(self, z, u):
        return self.clip(guided(self.teacher, self.guidance, z, u, self.label))

    def student_x0(self):
        """Thresholded values, gradient straight through."""
        x = self.student.x0(self.z, self.u, self.label)
        return x + (self.clip(x) - x).detach()


class Pd(Case):
    def prepare(self):
        self.point = torch.arange(ROWS) % 4 + 1
        self.u = self.point / 4
        m, z = self.more["substeps"], self.z
        for k in range(m):
            u = (self.point - k / m) / 4
            x = self.teacher_x0(z, u)
            u_next = (self.point - (k + 1) / m) / 4 if k < m - 1 else (self.point - 1) / 4
            z = ddim(z, x, u, u_next)
        end = (self.point - 1) / 4
        alpha, sigma = noise(self.u)
        alpha_end, sigma_end = noise(end)
        ratio = sigma_end / sigma
        implied = (z - ratio * self.z) / (alpha_end - ratio * alpha)
        self.target = self.clip(torch.where(end[:, None] == 0, x, implied))
        snr, cap = torch.exp(logsnr(self.u)), self.more["cap"]
        self.weight = {
            "truncated_snr": torch.clip(snr, 1, cap),
            "snr_plus_1": torch.clip(snr, max=cap) + 1,
            "min_snr": torch.clip(snr, max=5),
            "constant": torch.ones_like(snr),
        }[self.more["weighting"]]

    def each(self):
        return self.weight * ((self.student_x0() - self.target) ** 2).mean(1)

    def after(self):
        pass


class Lcm(Case):
    def prepare(self):
        self.point = (5 * torch.arange(ROWS)) % 16 + 1
        if "source" in self.more:
            self.point = 4 * (torch.arange(ROWS) % 4 + 1)
        self.u = self.point / 16
        low = torch.clip(self.point - self.more["skip"], min=0) / 16
        self.low, self.z_low = low, self.jump(low)
        self.lagging = Net(16, 2, 8, 2 if self.conditional else 0, 50, self.told)
        self.lagging.heard = self.student.heard

    def jump(self, low):
        x = self.teacher_x0(self.z, self.u)
        z_low = ddim(self.z, x, self.u, low)
        solver = self.more.get("solver", "ddim")
        if solver == "heun":
            h = (logsnr(low) - logsnr(self.u)) / 2
            gone = -torch.expm1(-h)
            lean = ((1 - gone / h) / gone)[:, None]
            x = torch.where(low[:, None] == 0, x, x + lean * (self.teacher_x0(z_low, low) - x))
            z_low = ddim(self.z, x, self.u, low)
        if solver == "euler":  # of the probability-flow ODE in u, by autograd
            u = self.u.clone().requires_grad_(True)
            alpha, sigma = noise(u)
            slope = [torch.autograd.grad(a.sum(), u, retain_graph=True)[0][:, None] for a in (alpha, sigma)]
            eps = (self.z - alpha * x) / sigma
            step = self.z + (low - self.u)[:, None] * (slope[0] * x + slope[1] * eps)
            z_low = torch.where(low[:, None] == 0, x, step).detach()
        return z_low

    def each(self):
        estimate = self.clip(self.lagging.x0(self.z_low, self.low, self.label))
        target = torch.where(self.low[:, None] == 0, self.z_low, estimate)
        square, c = (self.student_x0() - target) ** 2, self.more["c"]
        if self.more["loss"] == "pseudo_huber":
            return torch.sqrt(square.mean(1) + c * c) - c
        if self.more["loss"] == "huber":
            return (torch.sqrt(square + c * c) - c).mean(1)
        return square.mean(1)

    def after(self):
        for name, w in self.lagging.weight.items():
            w.mul_(0.95).add_(self.student.weight[name].detach(), alpha=0.05)


class LcmTold(Lcm):
    """Each row has a guidance scale of its own, of which the student hears a 20th."""

    told = 16

    def prepare(self):
        chance = (torch.arange(ROWS) + 0.5) / ROWS
        self.guidance = (1 + 4 * chance)[:, None]
        self.student.heard = self.guidance[:, 0] / 20
        super().prepare()


class Ct(Case):
    """Consistency training: pairs of noise levels t = sigma / alpha; the published distance is over sums of squares."""

    def levels(self):
        chance = (torch.arange(ROWS) + 0.5) / ROWS
        mean, deviation, low, high = -0.3, 1.2, 0.01, 80
        if self.more["pairing"] == "ect":
            normal = torch.distributions.Normal(0.0, 1.0)
            t = torch.clip(torch.exp(mean + deviation * normal.icdf(chance)), low, high)
            r = torch.clip(t * (1 - 2.0 ** -(self.more["stage"] + 1) * (1 + 8 * torch.sigmoid(-t))), min=0)
            return t, torch.where(r < low, 0, r)
        n = self.more["points"]
        grid = (high ** (1 / 7) + torch.arange(n) / (n - 1) * (low ** (1 / 7) - high ** (1 / 7))) ** 7
        grid = grid.flip(0)
        share = torch.erf((torch.log(grid) - mean) / (math.sqrt(2) * deviation)).diff()
        index = torch.searchsorted(torch.cumsum(share / share.sum(), 0), chance, right=True)
        return grid[index + 1], grid[index]

    def prepare(self):
        self.t, self.r = self.levels()
        x = waves(2 * ROWS, 102).reshape(ROWS, 2)
        eps = (1.5 * waves(2 * ROWS, 103)).float().double().reshape(ROWS, 2)
        b = math.atan(math.exp(-10))
        a = math.atan(math.exp(10)) - b
        self.u, low = ((torch.atan(t) - b) / a for t in (torch.where(self.t < 80, self.t, math.exp(10)), self.r))
        low = torch.clip(low, min=0)
        self.x, states = x, []
        for u in (self.u, low):
            alpha, sigma = noise(u)
            states.append(alpha * x + sigma * eps)
        self.z, self.z_low, self.low = *states, low

    def each(self):
        with torch.no_grad():
            target = self.clip(self.student.x0(self.z_low, self.low, self.label))
            target = torch.where(self.r[:, None] == 0, self.x, target)
        c = 0.00054 * math.sqrt(2)
        distance = torch.sqrt(((self.student_x0() - target) ** 2).sum(1) + c * c) - c
        return distance / (self.t - self.r)

    def after(self):
        pass


class Shortcut(Case):
    """The shortest step by the teacher, longer ones folded from two of the student's averaged weights' steps."""

    told = 16

    def prepare(self):
        self.average = Net(16, 2, 8, 2 if self.conditional else 0, 0, 16)
        self.point = (5 * torch.arange(ROWS)) % 16 + 1
        self.u = self.point / 16
        chance, span = (torch.arange(ROWS) + 0.5) / ROWS, []
        for j, share in zip(self.point.tolist(), chance.tolist()):
            longest = int(math.log2(j))
            rest = (share - 0.3) / 0.7
            span.append(1 if share < 0.3 or longest < 1 else 2 ** min(1 + int(rest * longest), longest))
        self.span = torch.tensor(span)
        self.student.heard = torch.log2(self.span.double()) / 4
        self.average.heard = torch.where(self.span > 1, self.student.heard - 1 / 4, 0)
        self.weight = torch.clip(torch.exp(logsnr(self.u)), 1, 4)
        self.steps = 0

    def fold(self, x0, m):
        z = self.z
        for k in range(m):
            u, end = ((self.point - self.span * part / m) / 16 for part in (k, k + 1))
            x = self.clip(x0(z, u))
            z = ddim(z, x, u, end)
        alpha, sigma = noise(self.u)
        alpha_end, sigma_end = noise(end)
        ratio = sigma_end / sigma
        implied = (z - ratio * self.z) / (alpha_end - ratio * alpha)
        return self.clip(torch.where(end[:, None] == 0, x, implied))

    def each(self):
        with torch.no_grad():
            base = self.fold(lambda z, u: guided(self.teacher, self.guidance, z, u, self.label), 1)
            twice = self.fold(lambda z, u: self.average.x0(z, u, self.label), 2)
            target = torch.where(self.span[:, None] > 1, twice, base)
        return self.weight * ((self.student_x0() - target) ** 2).mean(1)

    def after(self):  # as the engine averages
        self.steps += 1
        decay = min(EMA, (1 + self.steps) / (10 + self.steps))
        for name, w in self.average.weight.items():
            w.mul_(decay).add_(self.student.weight[name].detach(), alpha=1 - decay)


class Diffusion(Case):
    def prepare(self):
        r = torch.arange(ROWS)
        self.u = (r + 0.5) / ROWS
        x = waves(2 * ROWS, 102).reshape(ROWS, 2)
        alpha, sigma = noise(self.u)
        eps = (self.z - alpha * x) / sigma
        self.target = alpha * eps - sigma * x
        chance = (r + 0.5) / ROWS
        self.label = torch.where(chance < 0.3, -1, self.label)

    def each(self):
        return ((self.student.v(self.z, self.u, self.label) - self.target) ** 2).mean(1)

    def after(self):
        pass


def cases():
    net = Net(12, 1, 8, 2, 20)
    yield "pd-ring", Pd("pd", ring(), substeps=3, weighting="truncated_snr", cap=4)
    yield "pd-arcs", Pd("pd", arcs(), True, 3.0, substeps=2, weighting="snr_plus_1", cap=3)
    yield "pd-net", Pd("pd", net, True, 2.5, substeps=4, weighting="min_snr", cap=100)
    yield "pd-box", Pd("pd", arcs(), True, 3.0, (-0.8, 0.9), substeps=2, weighting="constant", cap=1)
    yield "lcm-ring", Lcm("lcm", ring(), skip=1, loss="pseudo_huber", c=1e-3)
    yield "lcm-arcs", Lcm("lcm", arcs(), True, 3.0, skip=3, loss="huber", c=0.05)
    yield "lcm-net", Lcm("lcm", net, True, 2.5, (-0.8, 0.9), skip=2, loss="squared", c=0)
    yield "lcm-heun", Lcm("lcm", arcs(), True, 3.0, skip=3, loss="squared", c=0, solver="heun")
    yield "lcm-euler", Lcm("lcm", arcs(), True, 3.0, skip=3, loss="squared", c=0, solver="euler")
    yield "lcm-told", LcmTold("lcm", net, True, 2.5, skip=2, loss="pseudo_huber", c=0.05)
    for box, site in ((None, "off"), ((-0.8, 0.9), "on")):
        for source in ("data", "teacher", "student"):
            yield f"pd-{source}-{site}", Pd(
                "pd", arcs(), True, 3.0, box, substeps=2, weighting="constant", cap=1, source=source)
            yield f"lcm-{source}-{site}", Lcm("lcm", arcs(), True, 3.0, box, skip=2, loss="squared", c=0, source=source)
    yield "ct-ict", Ct("ct", None, True, pairing="ict", points=9)
    yield "ct-ect", Ct("ct", None, False, 1.0, (-0.8, 0.9), pairing="ect", stage=5)
    yield "shortcut-arcs", Shortcut("shortcut", arcs(), True, 3.0, (-0.8, 0.9))
    yield "shortcut-ring", Shortcut("shortcut", ring())
    yield "diffusion", Diffusion("diffusion", None, True)


# ---- what is written: of each tensor its norm, a projection and its first values ------------------------


def summary(tensor):
    flat = tensor.detach().reshape(-1)
    return [flat.norm().item(), (flat * waves(flat.numel(), 77)).sum().item(), *flat[:4].tolist()]


def tensors(weights):
    return [value for w in weights.values() for value in summary(w)]


def run(case, write):
    case.prepare()
    weight = case.student.weight
    average = {name: w.detach().clone() for name, w in weight.items()}
    optimiser = torch.optim.AdamW(list(weight.values()), **ADAM)
    if case.method == "pd":
        write("target", case.target.reshape(-1).tolist())
    for step in range(1, STEPS + 1):
        optimiser.zero_grad()
        each = case.each()
        each.mean().backward()
        write(f"{step}.loss", [each.mean().item()])
        write(f"{step}.each", each.tolist())
        write(f"{step}.gradient", tensors({name: w.grad for name, w in weight.items()}))
        norm = torch.nn.utils.clip_grad_norm_(list(weight.values()), CLIP)
        write(f"{step}.norm", [norm.item()])
        optimiser.step()
        decay = min(EMA, (1 + step) / (10 + step))
        for name, w in weight.items():
            average[name].mul_(decay).add_(w.detach(), alpha=1 - decay)
        case.after()
        write(f"{step}.weights", tensors(weight))
        write(f"{step}.ema", tensors(average))
    if case.method == "lcm":
        write("lagging", tensors(case.lagging.weight))


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "methods.txt")
    with open(path, "w", encoding="ascii") as out:
        for name, case in cases():

            def write(key, values, name=name):
                print(f"{name}.{key}", len(values), *(f"{v:.9g}" for v in values), file=out)

            run(case, write)


if __name__ == "__main__":
    main()
