#!/usr/bin/env python3
"""A student's whole K-step sampler as one ONNX graph, through PyTorch's exporter:

    python3 to_onnx.py w.safetensors sampler.onnx [--steps K] [--guidance S]

Inputs: noise (n, 2) or (n, channels, height, width); label (n) int64, -1 is none, where the network knows classes; fresh (K - 1,
*noise's shape), noise for each step but the last, where the sampler re-noises. Noise is an input because random nodes of one
seed would repeat each other. Output: samples. n is free. What depends on time alone is worked out in double beforehand and
stands in the graph as constants.
"""
import argparse
import torch
from torch import nn
import ddil_nets


class Sampler(nn.Module):
    def __init__(self, net: ddil_nets.Network, steps: int, guidance: float) -> None:
        super().__init__()
        self.net, self.steps, self.guidance = net, steps, guidance
        self.told = torch.tensor([float(net.meta.get("told_value", 0))])
        at = lambda i: torch.tensor([i / steps], dtype=torch.float64)
        self.level = [[float(x) for x in ddil_nets.levels(at(i), net.meta.get("noise", "cosine"))] for i in range(steps + 1)]
        self.row = [net.features(at(i), net.size["features"]).float() for i in range(steps + 1)]
        self.told_row = net.features(self.told, net.tells).float() if net.tells else None

    def forward(self, noise: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        net, z, inputs = self.net, noise, list(more)
        label = inputs.pop(0) if net.size["classes"] else None
        for i in range(self.steps, 0, -1):
            (a, b), (c, d), row = self.level[i], self.level[i - 1], self.row[i]
            net.features = lambda u, n: (self.told_row if u is self.told else row).expand(noise.shape[0], -1)  # type: ignore
            net.noise = lambda u, z: (a, b)  # type: ignore
            x = net.threshold(net.x0(z, row, label, self.told, self.guidance))
            if i == 1:
                return x
            z = c * x + d * (inputs[0][self.steps - i] if net.meta.get("rule") == "renoise" else (z - a * x) / b)
        return z


def main() -> None:
    args = argparse.ArgumentParser(description="A student's sampler as one ONNX graph.")
    args.add_argument("weights")
    args.add_argument("output")
    args.add_argument("--steps", type=int, default=0, help="sampling steps (default: as the student was made for)")
    args.add_argument("--guidance", type=float, default=0, help="where it is not baked in (default: as the file says)")
    args = args.parse_args()
    net = ddil_nets.load(args.weights)
    steps = args.steps or int(net.meta["sampling_steps"])
    size = [net.size[k] for k in ("channels", "height", "width")]
    shape = [3, 2] if size[1:] == [1, 1] else [3, *size]
    inputs = {"noise": torch.randn(shape)}
    if net.size["classes"]:
        inputs["label"] = torch.tensor([0, -1, 1])
    if net.meta.get("rule") == "renoise" and steps > 1:
        inputs["fresh"] = torch.randn([steps - 1, *shape])
    sampler = Sampler(net, steps, args.guidance or float(net.meta.get("sample_guidance", 1))).eval()
    free = {name: {1 if name == "fresh" else 0: "n"} for name in [*inputs, "samples"]}
    with torch.no_grad():
        torch.onnx.export(sampler, tuple(inputs.values()), args.output, opset_version=17, input_names=list(inputs),
                          output_names=["samples"], dynamic_axes=free)


if __name__ == "__main__":
    main()
