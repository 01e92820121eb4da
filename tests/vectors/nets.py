#!/usr/bin/python3
"""Reference vectors for the networks, from PyTorch in double precision: usage: nets.py FOLDER

Writes mlp.txt, patch_unet.txt and patch_unet_colour.txt (three channels, not square): lines "NAME COUNT" followed by COUNT numbers. Weights, inputs and targets are not stored:
both sides compute them from wave(). Per parameter tensor, in our layout, the file has the gradient's norm, its product with
wave() and its first values, and the same of the weights after one AdamW step. Layouts: linear (in, out), convolution
(3, 3, in, out), pictures NHWC.
"""
import math, sys
import torch, torch.nn as nn, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
FIRST = 6  # values stored of each tensor
ADAM = dict(lr=1e-3, betas=(0.9, 0.99), eps=1e-4, weight_decay=0.05)
CLIP = 0.5


def wave(n, seed):
    """Values in [-1, 1) from an integer hash of (seed, i), i in 0..n-1, rounded to float32: the same on any machine."""
    x = (torch.arange(n) * 2654435761 + seed * 40503 + 12345) & 0xffffffff
    x = ((x ^ (x >> 16)) * 2246822519) & 0xffffffff
    x = x ^ (x >> 13)
    return (x.double() / 2 ** 31 - 1).float().double()


def time_features(t, dim, scale=1000, span=10000):
    half = dim // 2
    a = t[:, None] * scale * torch.exp(-math.log(span) * torch.arange(half) / half)[None]
    return torch.cat([a.sin(), a.cos()], 1)


class Mlp(nn.Module):
    def __init__(self, dims=2, width=256, depth=4, features=64, classes=3):
        super().__init__()
        self.features = features
        sizes = [dims + features] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.classes = nn.Embedding(classes + 1, width)
        self.out = nn.Linear(width, dims)

    def forward(self, x, t, label):
        h = torch.cat([x, time_features(t, self.features)], 1)
        for i, layer in enumerate(self.layers):
            h = layer(h)
            h = F.silu(h + self.classes(label) if i == 0 else h)
        return self.out(h)

    def order(self):
        yield 'layers.0', self.layers[0]
        yield 'classes', self.classes
        for i in range(1, len(self.layers)):
            yield f'layers.{i}', self.layers[i]
        yield 'out', self.out


class Res(nn.Module):
    def __init__(self, c, embed):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, c), nn.GroupNorm(8, c)
        self.conv1, self.conv2 = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
        self.embed = nn.Linear(embed, c)

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x))) + self.embed(e)[:, :, None, None]
        return x + self.conv2(F.silu(self.norm2(h)))

    def order(self):
        return ((part, getattr(self, part)) for part in ('norm1', 'conv1', 'embed', 'norm2', 'conv2'))


class Attention(nn.Module):
    def __init__(self, c, heads=4):
        super().__init__()
        self.norm3, self.qkv, self.out, self.heads = nn.GroupNorm(8, c), nn.Conv2d(c, 3 * c, 1), nn.Conv2d(c, c, 1), heads

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm3(x)).view(b, 3, self.heads, c // self.heads, h * w).unbind(1)
        a = torch.softmax(q.transpose(2, 3) @ k * (c // self.heads) ** -.5, -1)
        return x + self.out((a @ v.transpose(2, 3)).transpose(2, 3).reshape(b, c, h, w))

    def order(self):
        return ((part, getattr(self, part)) for part in ('norm3', 'qkv', 'out'))


class PatchUnet(nn.Module):
    def __init__(self, w1=32, w2=96, fine=1, coarse=2, embed=128, classes=11, channels=1):
        super().__init__()
        self.t1, self.t2, self.y = nn.Linear(64, embed), nn.Linear(embed, embed), nn.Embedding(classes, embed)
        self.inp, self.out = nn.Conv2d(4 * channels, w1, 3, padding=1), nn.Conv2d(w1, 4 * channels, 3, padding=1)
        self.down, self.up, self.mix = nn.Conv2d(4 * w1, w2, 1), nn.Conv2d(w2, 4 * w1, 1), nn.Conv2d(2 * w1, w1, 1)
        self.enc = nn.ModuleList(Res(w1, embed) for _ in range(fine))
        self.mid = nn.ModuleList(nn.ModuleList([Res(w2, embed), Attention(w2)]) for _ in range(coarse))
        self.dec = nn.ModuleList(Res(w1, embed) for _ in range(fine))
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

    def order(self):
        """Modules by the names and in the order of the C network."""
        yield from (('time.0', self.t1), ('time.1', self.t2), ('classes', self.y), ('in', self.inp))
        sides = [('enc', [[b] for b in self.enc]), ('mid', self.mid), ('dec', [[b] for b in self.dec])]
        for side, blocks in sides:
            if side == 'mid':
                yield 'down', self.down
            if side == 'dec':
                yield from (('up', self.up), ('mix', self.mix))
            for i, parts in enumerate(blocks):
                for part in parts:
                    for name, module in part.order():
                        yield f'{side}.{i}.{name}', module
        yield from (('norm', self.norm), ('out', self.out))


def to_ours(module, name, value):
    """A parameter (or its gradient) in the C layout."""
    if isinstance(module, nn.Embedding) or name == 'bias' or isinstance(module, nn.GroupNorm):
        return value
    return value.t() if value.dim() == 2 else value.permute(2, 3, 1, 0) if value.shape[-1] == 3 else value[:, :, 0, 0].t()


def parameters(net):
    for prefix, module in net.order():
        for name in ('weight', 'bias'):
            value = getattr(module, name, None)
            if value is not None:
                yield f'{prefix}.{name}', module, name, value


def fill(net):
    """Tensor k gets: norm gains 1 + 0.1 wave, biases 0.1 wave, others 1.75 wave / sqrt(rows), rows = size / last dimension."""
    for k, (full, module, name, value) in enumerate(parameters(net)):
        ours = to_ours(module, name, value.data)
        w = wave(value.numel(), k)
        if name == 'bias':
            w = 0.1 * w
        elif isinstance(module, nn.GroupNorm):
            w = 1 + 0.1 * w
        else:
            w = 1.75 * w / math.sqrt(value.numel() // ours.shape[-1])
        ours.copy_(w.float().double().view(ours.shape))


def emit(out, name, values):
    values = [float(v) for v in values]
    out.write(f'{name} {len(values)}\n' + ' '.join(f'{v:.9g}' for v in values) + '\n')


def summary(out, name, value):
    flat = value.reshape(-1)
    emit(out, name, [flat.norm(), flat @ wave(flat.numel(), 77), *flat[:FIRST]])


def vectors(path, net, shape, label):
    """shape: NHWC"""
    n = shape[0]
    fill(net)
    size = math.prod(shape)
    z = wave(size, 101).view(shape).permute(0, 3, 1, 2).reshape(n, *([shape[3]] if shape[1] == 1 else [shape[3], *shape[1:3]]))
    z.requires_grad_(True)
    target = wave(size, 102).view(shape).permute(0, 3, 1, 2).reshape(z.shape)
    t = ((torch.arange(n) + 0.4) / n).float().double()
    y = net(z, t, torch.tensor(label))
    weight = (1 / (torch.arange(n) + 1.0)).float().double()
    loss = (weight * ((y - target) ** 2).flatten(1).mean(1)).sum()
    optimiser = torch.optim.AdamW(net.parameters(), **ADAM)
    loss.backward()
    nhwc = lambda v: v if v.dim() == 2 else v.permute(0, 2, 3, 1)
    with open(path, 'w') as out, torch.no_grad():
        emit(out, 'parameters', [sum(p.numel() for p in net.parameters())])
        emit(out, 'output', nhwc(y).reshape(-1))
        emit(out, 'loss', [loss])
        summary(out, 'input', nhwc(z.grad))
        for full, module, name, value in parameters(net):
            summary(out, 'gradient.' + full, to_ours(module, name, value.grad))
        emit(out, 'norm', [nn.utils.clip_grad_norm_(net.parameters(), CLIP)])
        optimiser.step()
        for full, module, name, value in parameters(net):
            summary(out, 'stepped.' + full, to_ours(module, name, value))


def main():
    folder = sys.argv[1]
    vectors(folder + '/mlp.txt', Mlp(), (5, 1, 1, 2), [0, 3, 2, 1, 2])
    vectors(folder + '/patch_unet.txt', PatchUnet(), (2, 28, 28, 1), [3, 10])
    vectors(folder + '/patch_unet_colour.txt', PatchUnet(channels=3), (2, 16, 12, 3), [3, 10])


main()
