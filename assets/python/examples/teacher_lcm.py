#!/usr/bin/env python3
"""A teacher of Fashion-MNIST at 14 x 14, and its distillation to two steps by latent-consistency distillation with DDIL, in
PyTorch: two runs, the previews coloured by class. About a minute on a CPU; longer makes better clothes.

    python3 teacher_lcm.py --folder runs
"""
import argparse, gzip, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy as np
import torch
from torch import nn
import ddil_lab, ddil_torch
from ddil_lab import STUDENT, TEACHER, Real

SIDE, N, POINTS = 14, 2, 16
COLOURS = torch.tensor([[231, 76, 60], [230, 126, 34], [241, 196, 15], [46, 204, 113], [26, 188, 156], [52, 152, 219],
                        [155, 89, 182], [236, 240, 241], [255, 121, 198], [149, 165, 166]]) / 255
args = argparse.ArgumentParser()
args.add_argument("--folder", default="runs")
args.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
args.add_argument("--steps", type=int, default=600)
args.add_argument("--batch", type=int, default=128)
args = args.parse_args()
torch.manual_seed(1)
torch.set_num_threads(1)


def load(name, head):
    with gzip.open(os.path.join(args.data, name)) as file:
        return np.frombuffer(file.read(), np.uint8, offset=head)


pixels = torch.from_numpy(load("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:20000].copy()).float()
images = nn.functional.avg_pool2d(pixels[:, None], 2).flatten(1) / 127.5 - 1
labels = torch.from_numpy(load("train-labels-idx1-ubyte.gz", 8)[:20000].copy()).long()


def levels(u):
    angle = u * (np.pi / 2) * 0.998 + 1e-3
    return angle.cos()[:, None], angle.sin()[:, None]


class Net(nn.Module):
    """Says v of a picture, a time and a class; asked for x0."""
    def __init__(self, width=384):
        super().__init__()
        self.classes, self.time = nn.Embedding(10, width), nn.Linear(16, width)
        self.first, self.rest = nn.Linear(SIDE * SIDE, width), nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.last = nn.Linear(width, SIDE * SIDE)

    def forward(self, z, u, c):
        angle = u[:, None] * 2.0 ** torch.arange(8)
        h = self.first(z) + self.time(torch.cat([angle.sin(), angle.cos()], 1)) + self.classes(c)
        for layer in self.rest:
            h = h + layer(nn.functional.silu(h))
        a, b = levels(u)
        return a * z - b * self.last(nn.functional.silu(h))


def step_to(net, z, t, s, c):
    x, (a, b), (p, q) = net(z, t, c), levels(t), levels(s)
    return torch.where(s[:, None] <= 0, x, p * x + q * (z - a * x) / b)


def every(u, n):
    return torch.full((n,), float(u))


@torch.no_grad()
def roll(net, noise, c, steps, keep):
    """States at `keep` even times, the noise first."""
    z, states = noise, [noise]
    for k in range(steps):
        z = step_to(net, z, every(1 - k / steps, len(z)), every(1 - (k + 1) / steps, len(z)), c)
        if (k + 1) % (steps // keep) == 0:
            states.append(z)
    return states


def coloured(x, c):
    grey = ((x.clamp(-1, 1) + 1) / 2).reshape(-1, SIDE, SIDE, 1)
    return (grey * COLOURS[c][:, None, None]) * 2 - 1


def batch():
    pick = torch.randint(len(images), (args.batch,))
    return images[pick], labels[pick]


def train(run, net, average, loss_of, sample, shift=None):
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    seeds, c = torch.randn(40, SIDE * SIDE), torch.arange(40) % 10
    for step in run:
        adam.param_groups[0]["lr"] = run.params["optimizer.lr"]
        loss = loss_of(step)
        adam.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        with torch.no_grad():
            for p, q in zip(average.parameters(), net.parameters()):
                p.lerp_(q, min(0.05, 1 / (step + 1) + 0.01))
        run.log(loss=loss, grad_norm=norm)
        if shift and run.shift_due:
            run.shift(**shift())
        if run.wants_samples:
            *states, last = [coloured(x, c) for x in sample(seeds, c)]
            run.samples(last, classes=c, states=states)
        if run.wants_checkpoint:
            path = run.checkpoint_path(".pt")
            torch.save(average.state_dict(), path)
            run.checkpointed(path)
    run.close()


def main():
    teacher, teacher_average = Net(), Net()
    teacher_average.load_state_dict(teacher.state_dict())

    def denoise(step):
        x, c = batch()
        u = torch.rand(len(x))
        a, b = levels(u)
        return ((1 / b).clamp(max=5) * (teacher(a * x + b * torch.randn_like(x), u, c) - x) ** 2).mean()

    rate = {"optimizer.lr": Real(1e-3, 0, 1, help="Learning rate.")}
    train(ddil_lab.Run(args.folder, "fashion-teacher", args.steps, params=rate, data="fashion", batch=args.batch), teacher,
          teacher_average, denoise, lambda z, c: roll(teacher_average, z, c, 16, 4))

    student, average = Net(), Net()
    student.load_state_dict(teacher_average.state_dict()), average.load_state_dict(teacher_average.state_dict())
    run = ddil_lab.Run(args.folder, "fashion-lcm", args.steps, data="fashion", batch=args.batch, params={
        **rate, "source.beta_data": 0.5, "source.beta_teacher": 0.25, "source.beta_student": 0.25})
    rings = ddil_torch.Replay(1024), ddil_torch.Replay(512, max_age=200)

    def consistency(step):
        x, c = batch()
        for ring, net, many in zip(rings, (teacher_average, average), (16, POINTS // N)):
            classes = torch.randint(10, (32,))
            ring.put(roll(net, torch.randn(32, SIDE * SIDE), classes, POINTS if many == 16 else N, N)[:N], step, classes)
        run.made = [ring.made for ring in rings]
        j = torch.randint(1, POINTS + 1, (len(x),))
        a, b = levels(j / POINTS)
        z, origin = a * x + b * torch.randn_like(x), torch.from_numpy(run.origins(len(x)))
        for ring, which in zip(rings, (TEACHER, STUDENT)):
            rows = origin == which
            if rows.any():  # where roll-outs pass: at the sampling steps
                stages = torch.randint(0, N, (int(rows.sum()),))
                z[rows], c[rows] = ring.draw(stages, step)
                j[rows] = POINTS - stages * (POINTS // N)
        u, s = j / POINTS, (j - 1) / POINTS
        with torch.no_grad():
            ahead = step_to(teacher_average, z, u, s, c)
            target = torch.where(s[:, None] <= 0, ahead, average(ahead, s.clamp(min=1e-3), c))
        return nn.functional.huber_loss(student(z, u, c), target)

    data, classes = images[:256].reshape(2, 128, -1), torch.stack([labels[:128], labels[128:256]])
    shift = ddil_torch.Shift(
        N, lambda z, u, c: average(z, every(u, len(z)), c),
        lambda z, i, c: roll_from(teacher_average, z, i, c), lambda z, c: roll(average, z, c, N, N),
        lambda z, c: roll(teacher_average, z, c, POINTS, N), torch.randn(2, 128, SIDE * SIDE), data, classes=classes,
        data_classes=classes)
    train(run, student, average, consistency, lambda z, c: roll(average, z, c, N, N), shift)


def roll_from(net, z, i, c):
    """The teacher's end point from sampling step i."""
    k = i * POINTS // N
    for j in range(k, 0, -1):
        z = step_to(net, z, every(j / POINTS, len(z)), every((j - 1) / POINTS, len(z)), c)
    return z


if __name__ == "__main__":
    main()
