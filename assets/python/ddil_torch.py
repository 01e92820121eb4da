"""What a PyTorch distiller needs besides ddil_lab: the covariate shift, replay rings, one run over several ranks.

    shift = ddil_torch.Shift(4, student_x0, label, student_sampler, teacher_sampler, noise, data, alpha_sigma)
    for step in run:
        ...
        if run.shift_due: run.shift(**shift())
"""
from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
import numpy as np
import torch
import torch.distributed as dist
import ddil_lab

Tensor = torch.Tensor
X0 = Callable[[Tensor, float, Optional[Tensor]], Tensor]                # (z, u, classes) -> x0 estimate
Label = Callable[[Tensor, int, Optional[Tensor]], Tensor]               # (z, i, classes) -> x0 it is trained on at step i
Sampler = Callable[[Tensor, Optional[Tensor]], Sequence[Tensor]]        # (noise, classes) -> states, the noise first
PERMUTATIONS, BOOTSTRAPS, COMPONENTS = 200, 200, 32


def cosine(u: float) -> Tuple[float, float]:
    """alpha and sigma of ddil's own schedule."""
    first, last = math.atan(math.exp(-10)), math.atan(math.exp(10))
    angle = first + (last - first) * u
    return math.cos(angle), math.sin(angle)


def levels(u: Tensor) -> Tuple[Tensor, Tensor]:
    """The same of a tensor of times, as columns."""
    first, last = math.atan(math.exp(-10)), math.atan(math.exp(10))
    angle = first + (last - first) * u
    return angle.cos()[:, None], angle.sin()[:, None]


def ddim(x0: Tensor, z: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """From z at times t to times s, rows of vectors; at 0 it is the estimate itself."""
    (a, b), (c, d) = levels(t), levels(s)
    return torch.where(s[:, None] <= 0, x0, c * x0 + d * (z - a * x0) / b)


def share_gradients(model: torch.nn.Module) -> None:
    """Their mean over all ranks; nothing where there is one."""
    if dist.is_available() and dist.is_initialized():
        for p in model.parameters():
            dist.all_reduce(p.grad)
            p.grad /= dist.get_world_size()  # type: ignore


# ---- Maximum mean discrepancy, as engine/measure/mmd.c ----

def _squared(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a.double(), b.double(), compute_mode="donot_use_mm_for_euclid_dist").square()


def bandwidth(x: Tensor) -> float:
    """The median distance within x."""
    median = float(torch.quantile(torch.pdist(x.double()), 0.5)) if len(x) < 5000 else float(torch.pdist(x.double()).median())
    return median if median > 0 else 1.0


def _kernel(squared: Tensor, base: float) -> Tensor:
    wide = torch.exp(-squared / (32 * base * base))
    return sum(wide ** (4 ** j) for j in range(5)) / 5  # type: ignore


def _unbiased(k: Tensor, n: int) -> Tensor:
    xx, yy, xy, m = k[:n, :n], k[n:, n:], k[:n, n:], len(k) - n
    return (xx.sum() - xx.trace()) / (n * (n - 1)) + (yy.sum() - yy.trace()) / (m * (m - 1)) - 2 * xy.mean()


def mmd2(x: Tensor, y: Tensor, base: float) -> float:
    """Unbiased MMD^2, Gaussian kernels averaged over {0.25, 0.5, 1, 2, 4} x base."""
    both = torch.cat([x, y])
    return float(_unbiased(_kernel(_squared(both, both), base), len(x)))


def mmd2_null(x: Tensor, y: Tensor, base: float, seed: int = 1) -> float:
    """The 95 % quantile over permutations of the pooled sample."""
    both, draw, n = torch.cat([x, y]), torch.Generator().manual_seed(seed), len(x)
    k = _kernel(_squared(both, both), base)
    order = torch.stack([torch.randperm(len(both), generator=draw) for _ in range(PERMUTATIONS)])
    one = torch.zeros(order.shape, dtype=k.dtype).scatter_(1, order[:, :n], 1).to(k.device)  # who is an x
    other, m, own = 1 - one, len(y), k.diagonal()
    xx, yy, xy = ((a @ k * b).sum(1) for a, b in ((one, one), (other, other), (one, other)))
    values = (xx - one @ own) / (n * (n - 1)) + (yy - other @ own) / (m * (m - 1)) - 2 * xy / (n * m)
    return float(torch.quantile(values, 0.95))


class _Whitened:
    """Pictures are compared in their first principal components, whitened at each noise level."""
    def __init__(self, data: Tensor) -> None:
        rows = data.flatten(1).double()
        self.mean = rows.mean(0)
        k = min(COMPONENTS, rows.shape[1], len(rows) - 1)
        _, s, v = torch.linalg.svd(rows - self.mean, full_matrices=False)
        self.axis, self.variance = v[:k], s[:k] ** 2 / (len(rows) - 1)

    def __call__(self, z: Tensor, alpha: float, sigma: float) -> Tensor:
        along = (z.flatten(1).double() - alpha * self.mean) @ self.axis.T
        return along / torch.sqrt(alpha ** 2 * self.variance + sigma ** 2)


class Shift:
    """Covariate shift at each sampling step, as `ddil` measures it (cli.md, "What shift means"). Call it.

    steps: N; x0: the student's (averaged weights) estimate; label: what it is trained on; gap: instead of a label, each
    row's squared error where a method has none, gap(z, i, classes) -> (n,); student, teacher: samplers from noise to
    N + 1 states, i = N first; noise: (2, n, ...) and data: (2, n, ...), the fixed noise and clean data as the distiller
    sees them, the second halves for the null bands and the teacher's own law; schedule: u -> (alpha, sigma);
    classes: of the noise, of the data, (2, n) each. A forward law of one's own: forward, (2, N, n, ...)."""

    def __init__(self, steps: int, x0: Optional[X0], label: Optional[Label], student: Sampler, teacher: Sampler, noise: Tensor,
                 data: Tensor, schedule: Callable[[float], Tuple[float, float]] = cosine, *, gap: Optional[Label] = None,
                 classes: Optional[Tensor] = None, data_classes: Optional[Tensor] = None, forward: Optional[Tensor] = None,
                 seed: int = 1) -> None:
        self.steps, self.x0, self.label, self.gap, self.student = steps, x0, label, gap, student
        self.schedule, self.seed, self.noise = schedule, seed, noise[0]
        self.u = [(steps - s) / steps for s in range(steps)]
        self.classes, self.forward_classes = _first(classes), _first(data_classes)
        draw = torch.Generator().manual_seed(seed)
        if forward is None:
            fresh = torch.randn((2, steps, *data.shape[1:]), generator=draw).to(data)
            level = [schedule(u) for u in self.u]
            forward = torch.stack([torch.stack([a * x + s * e for (a, s), e in zip(level, eps)]) for x, eps in zip(data, fresh)])
        self.forward = forward[0]
        with torch.no_grad():
            self.teacher = [z for z in teacher(noise[0], self.classes)][:steps]
            other = [z for z in teacher(noise[1], None if classes is None else classes[1])][:steps]
            self.white = _Whitened(data.flatten(0, 1)) if data[0, 0].numel() > 3 else None
            self.forward_points = [self._points(self.forward[s], s) for s in range(steps)]
            self.teacher_points = [self._points(other[s], s) for s in range(steps)]
            self.base = [bandwidth(p) for p in self.forward_points]
            self.null = [mmd2_null(p, self._points(forward[1][s], s), self.base[s], seed) for s, p in enumerate(self.forward_points)]
            self.null_teacher = [mmd2_null(p, self._points(self.teacher[s], s), self.base[s], seed)
                                 for s, p in enumerate(self.teacher_points)]

    def _points(self, z: Tensor, s: int) -> Tensor:
        return self.white(z, *self.schedule(self.u[s])) if self.white else z.flatten(1)

    def _errors(self, z: Tensor, s: int, classes: Optional[Tensor]) -> Tensor:
        i = self.steps - s
        if self.gap:
            return self.gap(z, i, classes).double()
        miss = self.x0(z, self.u[s], classes).double() - self.label(z, i, classes).double()  # type: ignore
        return miss.flatten(1).square().mean(1)

    def _interval(self, own: Tensor, forward: Tensor) -> Tuple[float, float]:
        draw = torch.Generator().manual_seed(self.seed)
        pick = torch.randint(len(own), (BOOTSTRAPS, len(own)), generator=draw).to(own.device)
        ratios = own[pick].mean(1) / forward[pick].mean(1)
        return float(torch.quantile(ratios, 0.025)), float(torch.quantile(ratios, 0.975))

    @torch.no_grad()
    def __call__(self) -> Dict[str, List[float]]:
        """Columns for Run.shift."""
        states = self.student(self.noise, self.classes)
        said: Dict[str, List[float]] = {"u": list(self.u), "mmd2_null95": self.null, "mmd2_teacher_null95": self.null_teacher}
        for s in range(self.steps):
            own, forward = self._errors(states[s], s, self.classes), self._errors(self.forward[s], s, self.forward_classes)
            low, high = self._interval(own, forward)
            points, paired = self._points(states[s], s), (states[s].double() - self.teacher[s].double()).square().sum()
            row = {"own": own.mean(), "forward": forward.mean(), "low": low, "high": high,
                   "ratio": own.mean() / forward.mean() if own.mean() > 0 or forward.mean() > 0 else 1.0,
                   "mmd2": mmd2(points, self.forward_points[s], self.base[s]),
                   "mmd2_teacher": mmd2(points, self.teacher_points[s], self.base[s]),
                   "paired": paired / self.teacher[s].double().square().sum()}
            for name, value in row.items():
                said.setdefault(name, []).append(float(value))
        return said


def _first(x: Optional[Tensor]) -> Optional[Tensor]:
    return None if x is None else x[0]


class Replay:
    """A ring of roll-outs: states at each sampling step, the oldest replaced first. made: ever put in; Run.made wants it."""

    def __init__(self, capacity: int, max_age: int = 1 << 60) -> None:
        self.capacity, self.max_age, self.made, self.next = capacity, max_age, 0, 0
        self.states: Optional[Tensor] = None
        self.classes = torch.zeros(capacity, dtype=torch.long)
        self.born = torch.full((capacity,), -1, dtype=torch.long)

    def put(self, states: Sequence[Tensor], step: int, classes: Optional[Tensor] = None) -> None:
        """states: one (n, ...) a sampling step, i = N first. Roll-outs that are not finite are not kept."""
        block = torch.stack(list(states)).detach().transpose(0, 1)
        if self.states is None:
            self.states = torch.zeros((self.capacity, *block.shape[1:]), dtype=block.dtype, device=block.device)
        good = torch.isfinite(block).flatten(1).all(1)
        block, self.made = block[good][-self.capacity:], self.made + len(good)
        at = (self.next + torch.arange(len(block))) % self.capacity
        self.states[at.to(block.device)], self.born[at] = block, step
        if classes is not None:
            self.classes[at] = classes.cpu()[good.cpu()][-self.capacity:]
        self.next = (self.next + len(block)) % self.capacity

    def draw(self, stages: Tensor, step: int, draw: Optional[torch.Generator] = None) -> Optional[Tuple[Tensor, Tensor]]:
        """A state and a class for each stage (0 is i = N), from roll-outs young enough; None: there is none."""
        young = torch.nonzero((self.born >= 0) & (self.born >= step - self.max_age)).flatten()
        if self.states is None or not len(young):
            return None
        pick = young[torch.randint(len(young), (len(stages),), generator=draw)]
        return self.states[pick.to(self.states.device), stages.to(self.states.device)], self.classes[pick]

    def state_dict(self) -> Dict[str, Any]:
        return dict(self.__dict__)

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)


class Shared:
    """One run over all ranks of torch.distributed, or of the one there is: rank 0 has the Run and talks to the folder, each
    rank takes the same steps with the same values. `make`: called on rank 0 only. What is wanted is wanted by all."""

    GO, END, WAIT = 0.0, 1.0, 2.0

    def __init__(self, make: Callable[[], ddil_lab.Run]) -> None:
        several = dist.is_available() and dist.is_initialized()
        self.rank, self.ranks = (dist.get_rank(), dist.get_world_size()) if several else (0, 1)
        self.group = dist.new_group(backend="gloo") if several else None  # small words, whatever the gradients use
        self.run = make() if self.rank == 0 else None
        self.step, self.params, self.resumed, self.start = 0, {}, "", 0
        self.wants_samples = self.wants_checkpoint = self.shift_due = False
        self._beta, self._draws, self._version = np.array([1.0, 0, 0]), 0, -1
        if self.run:
            self.run.idle = lambda: self._send(self.WAIT)
        self.resumed, self.start = self._share(self.run and (self.run.resumed, self.run.start))

    def _share(self, thing: Any) -> Any:
        """Rank 0's on all of them."""
        box = [thing]
        if self.group:
            dist.broadcast_object_list(box, 0, group=self.group)
        return box[0]

    def _send(self, word: float, flags: Sequence[float] = (0,) * 8) -> Tensor:
        words = torch.tensor([word, *flags], dtype=torch.float64)
        if self.group:
            dist.broadcast(words, 0, group=self.group)
        return words

    def _lead(self) -> Tensor:
        run = self.run
        assert run
        if next(run, None) is None:
            return self._send(self.END)
        return self._send(self.GO, (run.step, run.changes, run.wants_samples, run.wants_checkpoint, run.shift_due,
                                    *map(float, run.priors())))

    def __iter__(self) -> Iterator[int]:
        while True:
            words = self._lead() if self.run else self._send(0)
            if words[0] == self.END:
                return
            if words[0] == self.WAIT:
                continue
            self.step, version = int(words[1]), int(words[2])
            self.wants_samples, self.wants_checkpoint, self.shift_due = (bool(w) for w in words[3:6])
            self._beta, self._draws = words[6:9].numpy(), 0
            if version != self._version:  # rare: the values themselves
                self.params, self._version = self._share(self.run and dict(self.run.params)), version
            yield self.step

    def origins(self, n: int, at: Any = None) -> np.ndarray:
        """Of this rank's n samples: rows [rank n, rank n + n) of the whole batch's. at: as on all other ranks, or none."""
        beta = self._beta if at is None else self._share(self.run and self.run.step_priors())
        here, self._draws = slice(self.rank * n, (self.rank + 1) * n), self._draws + 1
        return ddil_lab.draw(beta, here, (self.params["run.seed"], self.step, self._draws - 1), at)

    @property
    def made(self) -> Sequence[int]:
        """Roll-outs ever put into the teacher's and the student's ring: rank 0's count."""
        return self.run.made if self.run else (0, 0)

    @made.setter
    def made(self, made: Sequence[int]) -> None:
        if self.run:
            self.run.made = made

    def __getattr__(self, name: str) -> Any:
        """log, shift, samples, note, checkpointed, close: rank 0's, nothing elsewhere."""
        if name not in ("log", "shift", "samples", "note", "checkpointed", "close"):
            raise AttributeError(name)
        return getattr(self.run, name) if self.run else lambda *args, **more: None

    def checkpoint_path(self, ending: str = "") -> str:
        """The same path on all ranks."""
        return self._share(self.run and self.run.checkpoint_path(ending))
