#!/usr/bin/env python3
"""The ring of eight modes, of which data show three, distilled to four steps by progressive distillation with DDIL, in
PyTorch: `ddil` shows and steers it. Alone or on several ranks:

    python3 ring_pd.py --folder runs
    torchrun --nproc_per_node 2 ring_pd.py --folder runs     # Debian 12's needs --redirects 1 --tee 1 (findings/)
"""
import argparse, math, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import torch
import torch.distributed as dist
from torch import nn
import ddil_lab, ddil_torch
from ddil_lab import DATA, STUDENT, TEACHER, Int, Real
from ddil_torch import ddim, levels

N, SUBSTEPS, RMS = 4, 8, math.sqrt(2.01)
MEANS = torch.tensor([[2 * math.cos(math.pi * k / 4), 2 * math.sin(math.pi * k / 4)] for k in range(8)]) / RMS
DEVIATION = 0.1 / RMS

args = argparse.ArgumentParser()
args.add_argument("--folder", default="runs")
args.add_argument("--name", default="ring-pd")
args.add_argument("--steps", type=int, default=4000)
args.add_argument("--batch", type=int, default=256)
args.add_argument("--resume", nargs="?", const=True, default=False)
args.add_argument("--trace", help="a line a step and rank: for tests")
args = args.parse_args()
torch.set_num_threads(1)

class Student(nn.Module):
    """Says v; asked for x0."""
    def __init__(self, width=96, features=16):
        super().__init__()
        self.register_buffer("frequency", 30 * torch.exp(-math.log(30) * torch.arange(features // 2) / (features // 2)))
        sizes = [2 + features, width, width, width]
        layers = [m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.SiLU())]
        self.net = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, z, u):
        angle = u[:, None] * self.frequency
        a, b = levels(u)
        return a * z - b * self.net(torch.cat([z, angle.sin(), angle.cos()], 1))

def exact(z, u):
    """The teacher: the posterior mean of the mixture."""
    a, b = levels(u)
    variance = a * a * DEVIATION**2 + b * b
    w = torch.softmax(-((z[:, None] - a[:, None] * MEANS) ** 2).sum(2) / (2 * variance), 1)
    gain = a * DEVIATION**2 / variance
    return (1 - gain * a) * (w @ MEANS) + gain * z

def fold(z, i):
    """Where the teacher's sub-steps of a sampling step end, and the x0 with which one step leads there."""
    u, end = i / N, z
    for k in range(SUBSTEPS):
        t, s = (i - k / SUBSTEPS) / N, (i - (k + 1) / SUBSTEPS) / N
        end = ddim(exact(end, t), end, t, torch.where(s < 1e-6, torch.zeros_like(s), s))
    (a, b), (c, d) = levels(u), levels(u - 1 / N)
    return end, torch.where(i[:, None] == 1, end, (b * end - d * z) / (b * c - d * a))

every = lambda i, n: torch.full((n,), float(i))

@torch.no_grad()
def roll(step, noise):
    """States at the sampling steps, the noise first."""
    states = [noise]
    for i in range(N, 0, -1):
        states.append(step(states[-1], every(i, len(noise))))
    return states

def kept(n):  # what the distiller sees of the data: three modes
    return MEANS[torch.randint(3, (n,))] + DEVIATION * torch.randn(n, 2)

def main():
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    make = lambda: ddil_lab.Run(args.folder, args.name, args.steps, params={
        "optimizer.lr": Real(1e-3, 0, 1, help="Learning rate."), "optimizer.ema": Real(0.98, 0, 0.99999, help="Of the weights."),
        "source.beta_data": 0.5, "source.beta_teacher": 0.25, "source.beta_student": 0.25,
        "source.refresh": Int(32, 0, 512, unit="roll-outs", help="Student roll-outs renewed a step.")},
        resume=bool(args.resume), data="ring", batch=args.batch)
    if ranks > 1:
        dist.init_process_group("gloo")
    run = ddil_torch.Shared(make) if ranks > 1 else make()
    rank, batch = (dist.get_rank() if ranks > 1 else 0), args.batch // ranks
    torch.manual_seed(1)
    student, average = Student(), Student()
    average.load_state_dict(student.state_dict())
    adam = torch.optim.Adam(student.parameters(), 1e-3)
    rings = ddil_torch.Replay(1024), ddil_torch.Replay(512, max_age=500)
    fixed_noise, fixed_data = torch.randn(2, 256, 2), torch.stack([kept(256), kept(256)])
    resume = args.resume if isinstance(args.resume, str) else run.resumed
    print("resumed from", resume or "nothing", flush=True)
    if resume:
        state = torch.load(resume)
        student.load_state_dict(state["student"]), average.load_state_dict(state["average"]), adam.load_state_dict(state["adam"])
    torch.manual_seed(1 + rank + ranks * run.start)
    generate = lambda z, i: ddim(average(z, i / N), z, i / N, (i - 1) / N)
    teach = lambda z, i: fold(z, i)[0]
    one = lambda f: (lambda z, u, classes: f(z, every(u, len(z))))
    shift = ddil_torch.Shift(N, one(average), lambda z, i, classes: fold(z, every(i, len(z)))[1],
                             lambda noise, classes: roll(generate, noise), lambda noise, classes: roll(teach, noise),
                             fixed_noise, fixed_data)
    trace = open(f"{args.trace}.{rank}", "w") if args.trace else None
    for step in run:
        adam.param_groups[0]["lr"] = run.params["optimizer.lr"]
        if rings[0].made < 1024:
            rings[0].put(roll(teach, torch.randn(128, 2))[:N], step)
        rings[1].put(roll(generate, torch.randn(max(1, run.params["source.refresh"] // ranks), 2))[:N], step)
        run.made = [rings[0].made, rings[1].made]
        i = torch.randint(1, N + 1, (batch,)).float()
        a, b = levels(i / N)
        z = a * kept(batch) + b * torch.randn(batch, 2)
        origin = torch.from_numpy(run.origins(batch))
        for ring, which in zip(rings, (TEACHER, STUDENT)):
            if (origin == which).any():
                z[origin == which] = ring.draw((N - i[origin == which]).long(), step)[0]
        with torch.no_grad():
            target = fold(z, i)[1]
        weight = (a**2 / b**2).clamp(1, 100)
        loss = (weight * (student(z, i / N) - target) ** 2).mean()
        adam.zero_grad()
        loss.backward()
        ddil_torch.share_gradients(student)
        norm = nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        adam.step()
        with torch.no_grad():
            for p, q in zip(average.parameters(), student.parameters()):
                p.lerp_(q, 1 - run.params["optimizer.ema"])
        run.log(loss=loss, grad_norm=norm, **{f"share_{name}": (origin == o).float().mean()
                                              for o, name in ((DATA, "data"), (TEACHER, "teacher"), (STUDENT, "student"))})
        if trace:
            print(step, run.params["optimizer.lr"], run.params["source.beta_student"], file=trace, flush=True)
        if run.shift_due and rank == 0:
            run.shift(**shift())
        if run.wants_samples and rank == 0:
            *states, last = roll(generate, fixed_noise[0])
            run.samples(last, states=states)
        if run.wants_checkpoint:
            path = run.checkpoint_path(".pt")
            if rank == 0:
                torch.save({"student": student.state_dict(), "average": average.state_dict(), "adam": adam.state_dict()}, path)
            run.checkpointed(path)
    if trace:
        print("sum", *(f"{float(p.detach().double().sum()):.17g}" for p in student.parameters()), file=trace)
    run.close()

if __name__ == "__main__":
    main()
