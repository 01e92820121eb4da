"""Exported samplers in ONNX Runtime beside ours: onnx.py FOLDER_WITH_NODE_MODULES. Needs PyTorch, node and onnxruntime-node."""
import os, subprocess, sys, tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "python"), os.path.join(HERE, "..", "assets", "python")]
import ddil_nets, test_nets, torch
from test_nets import ROOT, SMALL, ddil

TYPES = {np.dtype("float32"): "float32", np.dtype("int64"): "int64"}


def in_onnx_runtime(folder, weights, inputs, *words):
    model, out = os.path.join(folder, "m.onnx"), os.path.join(folder, "out")
    subprocess.run([sys.executable, os.path.join(ROOT, "assets", "python", "to_onnx.py"), weights, model, *words], check=True)
    feeds = []
    for name, x in inputs.items():
        x.tofile(os.path.join(folder, name))
        feeds.append(f"{name}={TYPES[x.dtype]}:{'x'.join(map(str, x.shape))}:{os.path.join(folder, name)}")
    subprocess.run(["node", os.path.join(HERE, "onnx.js"), model, *feeds, out], check=True,
                   env={**os.environ, "NODE_PATH": os.path.join(sys.argv[1], "node_modules")})
    return np.fromfile(out, np.float32).reshape(inputs["noise"].shape)


def compare(folder, run, n=7):
    """Another n than it was exported with."""
    runs, weights, states = (os.path.join(folder, x) for x in ("runs", "w.safetensors", "s.npy"))
    ddil("export", run, "--weights", weights, "--runs", runs, "--quiet")
    ddil("rollout", run, "-o", states, "-n", n, "--runs", runs, "--quiet")
    net = ddil_nets.load(weights)
    ours = test_nets.pictures(net, np.load(states))
    inputs = {"noise": ours[0].contiguous().numpy()}
    if net.size["classes"]:
        inputs["label"] = np.arange(n) % net.size["classes"]
    if net.meta["rule"] == "renoise" and len(ours) > 2:
        fresh = torch.randn(len(ours) - 2, *ours[0].shape)
        inputs["fresh"] = fresh.numpy()
        with torch.no_grad():
            ours = [net.sample(ours[0], label=torch.from_numpy(inputs["label"]) if "label" in inputs else None, fresh=list(fresh))]
    off = np.abs(in_onnx_runtime(folder, weights, inputs) - ours[-1].numpy()).max() / float(ours[-1].abs().max())
    print(f"{os.path.basename(net.meta['run'])}: {off:.2g} of the largest value apart")
    assert off < 1e-4


with tempfile.TemporaryDirectory() as folder:
    runs = ["--runs", os.path.join(folder, "runs"), "--quiet"]
    ddil("run", "ring-pd", "--steps", 60, *runs, *SMALL[2:])
    ddil("run", "ring-lcm", "--steps", 30, *runs, *SMALL[2:])
    ddil("run", "ring-dmd2", "--steps", 30, *runs, *SMALL[2:], "-s", "data.conditional=yes", "-s", "teacher.guidance=2")
    with open(os.path.join(folder, "t.ini"), "w") as file:
        file.write(f"[run]\nmethod = diffusion\nsteps = 4\n[data]\nname = folder\npath = {test_nets.pngs(folder, 40)}\n"
                   "[net]\nkind = patch_unet\ncoarse_width = 16\nembed = 16\n[student]\nsteps = 3\n[teacher]\nguidance = 2\n")
    ddil("run", os.path.join(folder, "t.ini"), *runs, *SMALL)
    for run in (1, 2, 3, 4):
        compare(folder, run)
