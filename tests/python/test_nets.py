"""assets/python/ddil_nets.py beside the engine: the same states from the same noise, both ways. Skipped without PyTorch."""
import os, struct, subprocess, sys, zlib
import numpy as np
from tap import main, skip

try:
    import torch
except ImportError:
    skip("no PyTorch here")
import ddil_nets

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
DDIL = os.environ.get("DDIL", os.path.join(ROOT, "ddil"))
SMALL = ["-s", "net.width=16", "-s", "shift.samples=8", "-s", "student.pretrain_steps=2", "-s", "run.batch=16"]


def ddil(*words):
    done = subprocess.run([DDIL, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=100 * int(os.environ.get("PATIENCE", 3)))
    assert done.returncode == 0, (words, done.stderr)


def pictures(net, states):
    size = [net.size[k] for k in ("height", "width", "channels")]
    states = torch.from_numpy(states)
    return states if size == [1, 1, 2] else states.reshape(*states.shape[:2], *size).permute(0, 1, 4, 2, 3)


def weights_at(folder):
    return os.path.join(folder, "w.safetensors")


@torch.no_grad()
def assert_same_states(folder, run, n=12):
    """The exported student's states at every sampling step, within 1e-5 of ours."""
    runs, weights, states = os.path.join(folder, "runs"), weights_at(folder), os.path.join(folder, "s.npy")
    ddil("export", run, "--weights", weights, "--runs", runs, "--quiet")
    ddil("rollout", run, "-o", states, "-n", n, "--runs", runs, "--quiet")
    net = ddil_nets.load(weights)
    ours, theirs = pictures(net, np.load(states)), []
    label = torch.arange(n) % net.size["classes"] if net.size["classes"] else None
    net.sample(ours[0], label, states=theirs)
    assert len(theirs) == len(ours)
    for step, (a, b) in enumerate(zip(ours, theirs)):
        off = float((a - b).abs().max() / a.abs().max())
        assert off < 1e-5, (run, step, off)
    return net


def pngs(folder, n, side=16):
    """Colour pictures of two classes, as files."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    draw = np.random.RandomState(1)
    for i in range(n):
        where = os.path.join(folder, "data", "ab"[i % 2])
        os.makedirs(where, exist_ok=True)
        rows = draw.randint(0, 256, (side, side, 3), np.uint8)
        rows[:, :, i % 2] //= 4
        raw = b"".join(b"\0" + r.tobytes() for r in rows)
        with open(os.path.join(where, f"{i}.png"), "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
                       + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    return os.path.join(folder, "data")


def test_points(folder):
    runs = os.path.join(folder, "runs")
    ddil("run", "ring-pd", "--steps", 60, "--runs", runs, "--quiet", *SMALL[2:])
    ddil("run", "ring-pd", "--steps", 60, "--runs", runs, "--quiet", *SMALL[2:], "-s", "data.conditional=yes", "-s",
         "teacher.guidance=2", "-s", "run.noise=linear", "-s", "threshold.kind=static")
    ddil("run", "ring-shortcut", "--steps", 60, "--runs", runs, "--quiet", *SMALL[2:])
    for run, classes in ((1, 0), (2, 8), (3, 0)):
        net = assert_same_states(folder, run)
        assert net.size["classes"] == classes


def test_thresholds(folder):
    """Every operator, where it acts: without it the samples are others."""
    runs = os.path.join(folder, "runs")
    for i, kind in enumerate(("static", "dynamic", "reflect", "soft")):
        ddil("run", "ring-pd", "--steps", 2, "--runs", runs, "--quiet", *SMALL[2:], "-s", f"threshold.kind={kind}", "-s",
             "threshold.low=-.5", "-s", "threshold.high=.7", "-s", "threshold.quantile=.8")
        net = assert_same_states(folder, i + 1)
        noise = torch.randn(64, 2)
        with torch.no_grad():
            bounded = net.sample(noise)
            net.meta["threshold"] = "none"
            assert float((bounded - net.sample(noise)).abs().max()) > 0.01, kind
        assert float(bounded.min()) > -0.501 and float(bounded.max()) < 0.701, kind


def test_a_sampler_that_renoises(folder):
    """One step of it has no noise of its own; more take theirs as arguments."""
    runs = os.path.join(folder, "runs")
    ddil("run", "ring-lcm", "--steps", 30, "--runs", runs, "--quiet", "-s", "student.steps=1", *SMALL[2:])
    net = assert_same_states(folder, 1)
    fresh = [torch.zeros(4, 2)] * 2
    with torch.no_grad():
        a, b = (net.sample(torch.ones(4, 2), steps=3, fresh=fresh) for _ in range(2))
    assert torch.equal(a, b) and net.meta["rule"] == "renoise"


def test_pictures(folder):
    """Grey and colour, with and without classes and guidance."""
    data, runs = pngs(folder, 40), os.path.join(folder, "runs")
    base = ["run", os.path.join(folder, "t.ini"), "--runs", runs, "--quiet", *SMALL]
    with open(os.path.join(folder, "t.ini"), "w") as file:
        file.write(f"[run]\nmethod = diffusion\nsteps = 4\nnoise = cosine\n[data]\nname = folder\npath = {data}\n"
                   "[net]\nkind = patch_unet\ncoarse_width = 16\nembed = 16\n[student]\nsteps = 3\n")
    student = ("-s", "run.method=pd", "-s", "teacher.kind=file", "-s", f"teacher.file={weights_at(folder)}")
    for run, channels, classes, guidance in ((1, 3, 2, 2), (3, 1, 0, 1)):
        kind = ("-s", f"data.channels={channels}", "-s", f"data.conditional={'yes' if classes else 'no'}", "-s",
                f"teacher.guidance={guidance}")
        ddil(*base, *kind)
        net = assert_same_states(folder, run)
        assert (net.size["channels"], net.size["classes"]) == (channels, classes)
        assert float(net.meta["sample_guidance"]) == guidance
        ddil(*base, *kind, *student)
        assert_same_states(folder, run + 1)


def test_a_teacher_of_pytorch_is_distilled(folder):
    """Trained here with the reference network, taken as teacher.file; refused where it was turned round."""
    torch.manual_seed(1)
    net = ddil_nets.Mlp({"hidden": "32", "depth": "3", "features": "16", "time_scale": "30", "time_range": "30"})
    adam, modes = torch.optim.Adam(net.parameters(), 3e-3), torch.arange(8) * np.pi / 4
    centres = 2 * torch.stack([modes.cos(), modes.sin()], 1) / 2.01**0.5
    for _ in range(400):
        x, eps, u = centres[torch.randint(8, (256,))] + 0.07 * torch.randn(256, 2), torch.randn(256, 2), torch.rand(256)
        a, b = net.noise(u, x)
        loss = (net(a * x + b * eps, u) - (a * eps - b * x)).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    path, runs = os.path.join(folder, "teacher.safetensors"), os.path.join(folder, "runs")
    ddil_nets.save(net, path, data="ring", noise="cosine")
    again = ddil_nets.load(path)
    assert all(torch.equal(x, again.state_dict()[k]) for k, x in net.state_dict().items())
    words = ["run", "ring-pd", "--steps", "60", "--runs", runs, "--quiet", *SMALL[2:], "-s", "teacher.kind=file", "-s",
             f"teacher.file={path}"]
    ddil(*words)
    ours = os.path.join(folder, "t.npy")
    ddil("rollout", 1, "--teacher", "--steps", 4, "-o", ours, "-n", 16, "--runs", runs, "--quiet")
    states = torch.from_numpy(np.load(ours))
    with torch.no_grad():
        theirs = net.sample(states[0], steps=4)
    assert float((theirs - states[-1]).abs().max()) < 1e-5 * float(states[-1].abs().max())
    meta = net.state_dict()
    square = next(k for k, x in meta.items() if x.dim() == 2 and x.shape[0] == x.shape[1])
    good = ddil_nets.probe(net)
    with torch.no_grad():
        net.get_parameter(square).copy_(meta[square].t().clone())
    ddil_nets.save(net, path, probe="%.7g %.7g" % good)
    try:
        ddil_nets.load(path)
        raise SystemExit("a layer turned round was taken")
    except ValueError as problem:
        assert "probe" in str(problem)
    refused = subprocess.run([DDIL, *words], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 2 and "probe" in refused.stderr, refused.stderr


def test_files_of_the_first_version(folder):
    net = ddil_nets.load(os.path.join(ROOT, "assets", "fashion-teacher.safetensors"))
    assert net.size["classes"] == 10 and net(torch.zeros(1, 1, 28, 28), torch.ones(1)).shape == (1, 1, 28, 28)


if __name__ == "__main__":
    main(globals())
