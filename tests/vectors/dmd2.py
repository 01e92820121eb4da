#!/usr/bin/env python3
"""Reference vectors for whole updates of DMD2, the student's and the critic's: writes dmd2.txt beside itself.

PyTorch in double precision, autograd, torch.optim.AdamW and clip_grad_norm_, from the equations of Yin et al. 2024
("Improved distribution matching distillation"). Run again only when a case below changes:
/usr/bin/python3 tests/vectors/dmd2.py  (a line is NAME COUNT VALUE..., inputs are formulas, as in tests/test_dmd2.c)
"""
import os

import torch

from torch.nn.functional import softplus

from methods import ROWS, Net, arcs, ddim, guided, noise, ring, waves
from states import stand

STEPS = 2
ADAM = dict(betas=(0.5, 0.9), eps=1e-8, weight_decay=0.1)
CLIP = 0.5


HEAD = 4


class Critic(Net):
    """With a head on the last hidden layer that gives one logit."""

    def __init__(self, width, depth, features, classes, seed):
        super().__init__(width, depth, features, classes, seed)
        shapes = {"head.0.weight": (width, HEAD), "head.0.bias": (HEAD,), "head.1.weight": (HEAD, 1), "head.1.bias": (1,)}
        for name, shape in shapes.items():
            t = len(self.weight) + seed
            size = torch.Size(shape).numel()
            self.weight[name] = (0.7 * waves(size, t)).float().double().reshape(shape)

    def logit(self, z, u, label):
        h = self.hidden(z, u, label)
        h = torch.nn.functional.silu(h @ self.weight["head.0.weight"] + self.weight["head.0.bias"])
        return (h @ self.weight["head.1.weight"] + self.weight["head.1.bias"])[:, 0]


class Case:
    def __init__(self, teacher, conditional=False, guidance=1.0, box=None, floor=0.01, gan=(0, 0), source=None):
        r = torch.arange(ROWS)
        self.teacher, self.guidance, self.box, self.floor = teacher, guidance, box, floor
        self.z = (2 * waves(2 * ROWS, 101)).float().double().reshape(ROWS, 2)
        self.label = torch.where(r % 5 == 4, -1, r % 2) if conditional else torch.full_like(r, -1)
        self.u = (r % 4 + 1) / 4
        self.t = 0.02 + 0.96 * (r + 0.5) / ROWS
        classes = 2 if conditional else 0
        self.student = Net(8, 1, 8, classes, 0)
        self.gan = gan
        self.real = waves(2 * ROWS, 105).float().double().reshape(ROWS, 2)
        self.real_label = r % 3 - 1 if conditional else torch.full_like(r, -1)
        self.critic = Critic(*((12, 1, 8) if isinstance(teacher, Net) else (8, 1, 8)), classes, 60)
        self.rates = {"student": 1e-2, "critic": 3e-2}
        self.optimiser = {}
        for name, net in (("student", self.student), ("critic", self.critic)):
            for w in net.weight.values():
                w.requires_grad_(True)
            self.optimiser[name] = torch.optim.AdamW(list(net.weight.values()), lr=self.rates[name], **ADAM)

        if source:
            self.z = stand(self, source, True, noise, ddim, waves, ROWS)

    def teacher_x0(self, z, u):
        return self.clip(guided(self.teacher, self.guidance, z, u, self.label))

    def own_x0(self, z, u):
        return self.clip(self.student.x0(z, u, self.label))

    def clip(self, x):
        return torch.clip(x, self.box[0], self.box[1]) if self.box else x

    def estimate(self):
        x = self.student.x0(self.z, self.u, self.label)
        return x + (self.clip(x) - x).detach()

    def diffused(self, x, seed):
        eps = (1.5 * waves(2 * ROWS, seed)).float().double().reshape(ROWS, 2)
        alpha, sigma = noise(self.t)
        return alpha * x + sigma * eps, alpha * eps - sigma * x

    def student_each(self):
        x = self.estimate()
        with torch.no_grad():
            z, _ = self.diffused(x, 103)
            real = self.clip(guided(self.teacher, self.guidance, z, self.t, self.label))
            fake = self.clip(self.critic.x0(z, self.t, self.label))
            size = (x - real).abs().mean(1, keepdim=True)
            grad = (fake - real) / torch.clip(size, min=self.floor)
            self.terms = [size.mean().item(), ((fake - real) ** 2).mean(1).mean().item()]
        z, _ = self.diffused(x, 103)
        for w in self.critic.weight.values():
            w.requires_grad_(False)
        fooled = softplus(-self.critic.logit(z, self.t, self.label)) if self.gan[0] else 0
        for w in self.critic.weight.values():
            w.requires_grad_(True)
        if self.gan[0]:
            self.terms.append(fooled.mean().item())
        return 0.5 * ((x - (x - grad).detach()) ** 2).mean(1) + self.gan[0] * fooled

    def critic_each(self):
        with torch.no_grad():
            z, v = self.diffused(self.estimate(), 104)
        each = ((self.critic.v(z, self.t, self.label) - v) ** 2).mean(1)
        real, _ = self.diffused(self.real, 104)
        told = softplus(self.critic.logit(z, self.t, self.label))
        told = told + softplus(-self.critic.logit(real, self.t, self.real_label))
        return each + self.gan[1] * told

    def update(self, name, other, each, write):
        net = getattr(self, name)
        for optimiser in self.optimiser.values():
            optimiser.zero_grad(set_to_none=True)
        each = each()
        each.mean().backward()
        assert all(w.grad is None for w in getattr(self, other).weight.values())
        flat = lambda values: torch.cat([v.detach().reshape(-1) for v in values]).tolist()
        write("each", each.tolist())
        write("gradient", flat(w.grad for w in net.weight.values()))
        torch.nn.utils.clip_grad_norm_(list(net.weight.values()), CLIP)
        self.optimiser[name].step()
        write("weights", flat(net.weight.values()))


def cases():
    net = Net(12, 1, 8, 2, 20)
    yield "ring", Case(ring())
    yield "arcs", Case(arcs(), True, 3.0, (-0.8, 0.9), 0.6)
    yield "net", Case(net, True, 2.5)
    for box, site in ((None, "off"), ((-0.8, 0.9), "on")):
        for source in ("data", "teacher", "student"):
            yield f"{source}-{site}", Case(arcs(), True, 3.0, box, 0.6, gan=(0.5, 0.5), source=source)
    yield "gan-ring", Case(ring(), gan=(0.7, 0.3))
    yield "gan-net", Case(net, True, 2.5, (-0.8, 0.9), gan=(2.0, 1.5))


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dmd2.txt")
    with open(path, "w", encoding="ascii") as out:
        for name, case in cases():
            for step in range(1, STEPS + 1):
                for net, other, each in (
                    ("student", "critic", case.student_each),
                    ("critic", "student", case.critic_each),
                ):

                    def write(key, values, at=f"{name}.{step}.{net}"):
                        print(f"{at}.{key}", len(values), *(f"{v:.9g}" for v in values), file=out)

                    case.update(net, other, each, write)
                    if net == "student":
                        write("terms", case.terms)


if __name__ == "__main__":
    main()
