"""The networks of `ddil` in PyTorch (1.13 or later), under the names and in the layouts of the files that `ddil export --weights` writes:
    net = ddil_nets.load("w.safetensors")                # the network its metadata describe, its probe checked
    images = net.sample(torch.randn(16, 1, 28, 28))      # by the student's own sampler, in as many steps as it was made for
    ddil_nets.save(net, "teacher.safetensors")           # for teacher.file
Points are (n, 2), pictures (n, channels, height, width). What all of it means: assets/doc/pytorch.md. """
from __future__ import annotations
import json, math, struct
from typing import Dict, List, Optional, Sequence, Tuple
import torch
from torch import Tensor, nn
import torch.nn.functional as F

GROUPS, HEADS, CLIP = 8, 4, 20.0  # CLIP: of the log signal-to-noise ratio
SIZES = "height width channels classes hidden coarse depth coarse_depth embed features".split()
DTYPES = {"F32": torch.float32, "F64": torch.float64, "F16": torch.float16, "BF16": torch.bfloat16}

def levels(u: Tensor, schedule: str = "cosine") -> Tuple[Tensor, Tensor]:
    """alpha and sigma at times u, in double: u = 0 clean, 1 noise."""
    u = u.double()
    if schedule == "linear":
        log = torch.clamp(-(20 - 0.1) * u * u / 2 - 0.1 * u, max=-math.log1p(math.exp(-CLIP)))
        return torch.exp(log / 2), torch.sqrt(-torch.expm1(log))
    first, last = math.atan(math.exp(-CLIP / 2)), math.atan(math.exp(CLIP / 2))
    angle = first + (last - first) * u
    return angle.cos(), angle.sin()

def at_pixels(linear: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer over the channels of each pixel."""
    return linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

class Network(nn.Module):
    """What both networks share: says v = alpha eps - sigma x0 of z at times u in [0, 1]. meta: as in a file's metadata."""
    def __init__(self, meta: Dict[str, str], width: int) -> None:
        super().__init__()
        self.meta = {"time_scale": "1000", "time_range": "10000", **meta}
        self.size = {key: int(meta.get(key, 0)) for key in SIZES}
        self.tells = int(meta.get("told", 0))
        if self.size["classes"]:  # the last row: no class
            self.classes = nn.Embedding(self.size["classes"] + 1, width)
        if self.tells:
            self.told = nn.Linear(self.tells, width, bias=False)

    def features(self, u: Tensor, n: int) -> Tensor:
        """n / 2 sines, then n / 2 cosines; the angles in double, as large ones need."""
        falls = torch.arange(n // 2, device=u.device).double() / (n // 2)
        angle = u.double()[:, None] * float(self.meta["time_scale"]) * torch.exp(-math.log(float(self.meta["time_range"])) * falls)
        return torch.cat([angle.sin(), angle.cos()], 1)

    def extras(self, h: Tensor, label: Optional[Tensor], told: Optional[Tensor]) -> Tensor:
        """Class and condition, added to an embedding. label: None or -1 is none."""
        n, none = h.shape[0], self.size["classes"]
        if none:
            given = torch.full((n,), -1, dtype=torch.long, device=h.device) if label is None else label
            h = h + self.classes(torch.where(given < 0, none, given))
        if self.tells:
            told = torch.full((n,), float(self.meta.get("told_value", 0)), device=h.device) if told is None else told
            h = h + self.told(self.features(told, self.tells).to(h))
        return h

    def noise(self, u: Tensor, z: Tensor) -> Tuple[Tensor, Tensor]:
        """alpha and sigma for the rows of z."""
        a, b = levels(u, self.meta.get("noise", "cosine"))
        return a.to(z).view(-1, *[1] * (z.dim() - 1)), b.to(z).view(-1, *[1] * (z.dim() - 1))

    def x0(self, z: Tensor, u: Tensor, label: Optional[Tensor] = None, told: Optional[Tensor] = None, guidance: float = 1.0) -> Tensor:
        """The estimate of the clean sample; a guidance other than 1 asks twice."""
        a, b = self.noise(u, z)
        estimate = a * z - b * self(z, u, label, told)
        plain = a * z - b * self(z, u, None, told) if guidance != 1 and self.size["classes"] else estimate
        return plain + guidance * (estimate - plain)

    def threshold(self, x: Tensor) -> Tensor:
        """Of estimates at inference, where the file says so (site S): methods.md 5.2."""
        kind = self.meta.get("threshold", "none")
        if kind == "none" or "S" not in self.meta.get("threshold_sites", ""):
            return x
        low, high = map(float, self.meta["threshold_box"].split())
        y, last = (2 * x - low - high) / (high - low), x[0].numel() - 1
        if kind == "dynamic":  # by a quantile of |y| over the sample, where that is above 1
            order, at = y.abs().flatten(1).sort(1).values, last * float(self.meta.get("threshold_quantile", 0.995))
            y = y / torch.lerp(order[:, int(at)], order[:, min(int(at) + 1, last)], at % 1).clamp(min=1).view(-1, *[1] * (x.dim() - 1))
        y = 1 - ((y + 1) % 4 - 2).abs() if kind == "reflect" else y.tanh() if kind == "soft" else y.clamp(-1, 1)
        return (low + high + (high - low) * y) / 2

    def sample(self, noise: Tensor, label: Optional[Tensor] = None, steps: int = 0, fresh: Sequence[Tensor] = (),
               states: Optional[List[Tensor]] = None) -> Tensor:
        """From noise to samples. fresh: noise for each step but the last, where the sampler re-noises (rule = renoise),
        else drawn; states: gets the state before each step, and the samples."""
        z, fresh, states = noise, list(fresh), [] if states is None else states
        steps = steps or int(self.meta.get("sampling_steps", 1))
        states.append(z)
        for i in range(steps, 0, -1):
            t, s = (torch.full((len(z),), k / steps, dtype=torch.float64, device=z.device) for k in (i, i - 1))
            x = self.threshold(self.x0(z, t, label, guidance=float(self.meta.get("sample_guidance", 1))))
            (a, b), (c, d) = self.noise(t, z), self.noise(s, z)
            renoise = self.meta.get("rule") == "renoise" and i > 1
            rest = (fresh.pop(0) if fresh else torch.randn_like(z)) if renoise else (z - a * x) / b
            z = c * x + d * rest if i > 1 else x
            states.append(z)
        return z

class Mlp(Network):
    def __init__(self, meta: Dict[str, str]) -> None:
        super().__init__({"height": "1", "width": "1", "channels": "2", "hidden": "256", "depth": "4", "features": "64", **meta},
                         int(meta.get("hidden", 256)))
        sizes = [2 + self.size["features"]] + [self.size["hidden"]] * self.size["depth"]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], 2)

    def forward(self, z: Tensor, u: Tensor, label: Optional[Tensor] = None, told: Optional[Tensor] = None) -> Tensor:
        h = self.layers[0](torch.cat([z, self.features(u, self.size["features"]).to(z)], 1))
        h = F.silu(self.extras(h, label, told))
        for layer in self.layers[1:]:
            h = F.silu(layer(h))
        return self.out(h)

class Block(nn.Module):
    """A residual block and, at the coarse level, self-attention."""
    def __init__(self, c: int, embed: int, attends: bool) -> None:
        super().__init__()
        self.norm1, self.conv1, self.embed = nn.GroupNorm(GROUPS, c), nn.Conv2d(c, c, 3, padding=1), nn.Linear(embed, c)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, c), nn.Conv2d(c, c, 3, padding=1)
        if attends:
            self.norm3, self.qkv, self.out = nn.GroupNorm(GROUPS, c), nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.embed(e)[:, :, None, None]
        x = x + self.conv2(F.silu(self.norm2(h)))
        if not hasattr(self, "qkv"):
            return x
        n, c, h_, w = x.shape
        q, k, v = at_pixels(self.qkv, self.norm3(x)).reshape(n, 3, HEADS, c // HEADS, h_ * w).unbind(1)
        p = torch.softmax(q.transpose(2, 3) @ k * (c // HEADS) ** -0.5, -1)
        return x + at_pixels(self.out, (v @ p.transpose(2, 3)).reshape(n, c, h_, w))

class PatchUnet(Network):
    def __init__(self, meta: Dict[str, str]) -> None:
        meta = {"hidden": "32", "coarse": "96", "depth": "1", "coarse_depth": "2", "embed": "128", "features": "64", **meta}
        super().__init__(meta, int(meta["embed"]))
        fine, coarse, embed, patch = (self.size[k] for k in ("hidden", "coarse", "embed", "channels"))
        self.time = nn.ModuleList([nn.Linear(self.size["features"], embed), nn.Linear(embed, embed)])
        self.add_module("in", nn.Conv2d(4 * patch, fine, 3, padding=1))
        self.enc, self.dec = (nn.ModuleList(Block(fine, embed, False) for _ in range(self.size["depth"])) for _ in range(2))
        self.down, self.up, self.mix = nn.Linear(4 * fine, coarse), nn.Linear(coarse, 4 * fine), nn.Linear(2 * fine, fine)
        self.mid = nn.ModuleList(Block(coarse, embed, True) for _ in range(self.size["coarse_depth"]))
        self.norm, self.out = nn.GroupNorm(GROUPS, fine), nn.Conv2d(fine, 4 * patch, 3, padding=1)

    def forward(self, z: Tensor, u: Tensor, label: Optional[Tensor] = None, told: Optional[Tensor] = None) -> Tensor:
        e = self.time[1](F.silu(self.time[0](self.features(u, self.size["features"]).to(z))))
        e = F.silu(self.extras(e, label, told))
        h = self._modules["in"](F.pixel_unshuffle(z, 2))
        for block in self.enc:
            h = block(h, e)
        skip, h = h, at_pixels(self.down, F.pixel_unshuffle(h, 2))
        for block in self.mid:
            h = block(h, e)
        h = at_pixels(self.mix, torch.cat([F.pixel_shuffle(at_pixels(self.up, h), 2), skip], 1))
        for block in self.dec:
            h = block(h, e)
        return F.pixel_shuffle(self.out(F.silu(self.norm(h))), 2)
NETS = {"mlp": Mlp, "patch_unet": PatchUnet}
@torch.no_grad()
def probe(net: Network) -> Tuple[float, float]:
    """What the network answers to the fixed question of engine/nets/weights_probe.h."""
    shape = [2] + [net.size[k] for k in ("height", "width", "channels")]
    wave = torch.arange(1, math.prod(shape) + 1).double()
    z = wave.sin().float().view(shape).permute(0, 3, 1, 2)
    v = net(z.flatten(1) if isinstance(net, Mlp) else z, torch.tensor([0.3, 0.8]), torch.tensor([0, -1]), torch.full((2,), 0.5))
    v = v.double().view(z.shape).permute(0, 2, 3, 1).reshape(-1)
    return float(v.square().mean().sqrt()), float((v * wave.cos()).mean())

def load(path: str) -> Network:
    """Refuses a file whose probe answers otherwise than it says: an array was turned round, or changed."""
    with open(path, "rb") as file:
        head, data = json.loads(file.read(struct.unpack("<Q", file.read(8))[0])), bytearray(file.read())
    meta = head.pop("__metadata__", {})
    arrays = {k: torch.frombuffer(data, dtype=DTYPES[x["dtype"]], count=math.prod(x["shape"]), offset=x["data_offsets"][0])
              .view(x["shape"]) for k, x in head.items()}
    if meta.get("format") == "ddil weights 1":  # ddil 0.1: linear (in, out), convolution (3, 3, in, out)
        arrays = {k: x.permute(3, 2, 0, 1) if x.dim() == 4 else x.t() if x.dim() == 2 and k != "classes.weight" else x
                  for k, x in arrays.items()}
    net = NETS[meta["net"]](meta).eval()
    net.load_state_dict(arrays, strict=True)
    said, got = [float(x) for x in meta.get("probe", "").split()], probe(net)
    if any(abs(a - b) > 1e-3 * said[0] + 1e-7 for a, b in zip(said, got)):
        raise ValueError(f"{path}: the network answers its probe with {got}, not with {said}")
    return net

def save(net: Network, path: str, **more: str) -> None:
    """A file for teacher.file, or load_file; more: metadata (data, noise, keep, ...)."""
    meta = {**net.meta, **{k: str(n) for k, n in net.size.items()}, "net": next(k for k, x in NETS.items() if type(net) is x), "format": "ddil weights 2",
            "probe": "%.7g %.7g" % probe(net), **more}
    head, data = {"__metadata__": {k: str(v) for k, v in meta.items() if k != "crc32"}}, b""
    for name, x in net.state_dict().items():
        raw = x.detach().cpu().float().contiguous().numpy().tobytes()
        head[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
