"""assets/python/ddil_torch.py: the measure against the engine's, rings, several ranks. Skipped without PyTorch."""
import json, math, os, shutil, socket, struct, subprocess, sys
import numpy as np
from tap import main, read, skip, wait

try:
    import torch
except ImportError:
    skip("no PyTorch here")
import ddil_lab, ddil_torch

HERE = os.path.dirname(os.path.abspath(__file__))
DDIL = os.environ.get("DDIL", os.path.join(HERE, "..", "..", "ddil"))
SHIFT_STREAM = 6


def numbers(seed, stream, index, count):
    """The first `count` uniform numbers of a random stream of the engine's: Philox4x32-10, block after block."""
    out = []
    for block in range((count + 3) // 4):
        c, k = [block, stream, index & 0xFFFFFFFF, index >> 32], [seed & 0xFFFFFFFF, seed >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
            k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
        out += [(x + 0.5) / 2**32 for x in c]
    return np.array(out[:count])


def normals(u):
    radius, angle = np.sqrt(-2 * np.log(u[0::2])), 2 * math.pi * u[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()


def weights(path):
    with open(path, "rb") as file:
        head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {name: torch.from_numpy(np.frombuffer(data[slice(*x["data_offsets"])], np.float32).reshape(x["shape"]).copy())
            for name, x in head.items() if name != "__metadata__"}


RMS, STEPS, SUBSTEPS = math.sqrt(2.01), 4, 8
MEANS = torch.tensor([[math.cos(2 * math.pi * k / 8), math.sin(2 * math.pi * k / 8)] for k in range(8)], dtype=torch.float64) * 2 / RMS


def exact(z, u, classes=None):
    """The ring's own posterior mean."""
    alpha, sigma = ddil_torch.cosine(u)
    own = (0.1 / RMS) ** 2
    variance = alpha * alpha * own + sigma * sigma
    w = torch.softmax(-(z.double()[:, None] - alpha * MEANS).square().sum(2) / (2 * variance), 1)
    gain = alpha * own / variance
    return ((1 - gain * alpha) * (w @ MEANS) + gain * z).float()


def ddim(x0, z, t, s):
    (a, b), (c, d) = ddil_torch.cosine(t), ddil_torch.cosine(s)
    return x0 if s == 0 else c * x0 + d * (z - a * x0) / b


def implied(z, i, classes=None):
    t, s, end = i / STEPS, (i - 1) / STEPS, z
    for k in range(SUBSTEPS):
        u, v = (i - k / SUBSTEPS) / STEPS, (i - (k + 1) / SUBSTEPS) / STEPS
        end = ddim(exact(end, u), end, u, v if k + 1 < SUBSTEPS else s)
    (a, b), (c, d) = ddil_torch.cosine(t), ddil_torch.cosine(s)
    return end if s == 0 else ((b * end.double() - d * z) / (b * c - d * a)).float()


def sampler(x0, substeps):
    def sample(noise, classes=None):
        states, z = [noise], noise
        for i in range(STEPS, 0, -1):
            for k in range(substeps):
                u, v = (i - k / substeps) / STEPS, (i - (k + 1) / substeps) / STEPS
                z = ddim(x0(z, u, classes), z, u, v)
            states.append(z)
        return states
    return sample


def test_the_measure_is_the_engines(folder):
    """own, forward and paired of an exported student within 1e-3, at every sampling step; MMD^2 too."""
    n, env = 64, dict(os.environ, DDIL_RUNS=folder)
    def ddil(*words):
        done = subprocess.run([DDIL, *words], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
    ddil("run", "ring-pd-ddil", "--steps", "300", "--quiet", "-s", f"shift.samples={n}", "-s", "student.pretrain_steps=200")
    ddil("export", "1", "--weights", os.path.join(folder, "w.safetensors"))
    ours = json.loads(ddil("eval", "1", "--json", "--steps", str(STEPS), "--samples", "100", "--rollouts", str(n)))["steps"][0]["shift"]
    w = weights(os.path.join(folder, "w.safetensors"))
    prefix = next(name for name in w if name.endswith("layers.0.weight"))[:-len("layers.0.weight")]
    depth = sum(name.startswith(prefix + "layers.") and name.endswith("weight") for name in w)
    linear = torch.nn.functional.linear
    frequency = 30 * torch.exp(-math.log(30) * torch.arange(8, dtype=torch.float64) / 8)

    def student(z, u, classes=None):
        angle = (u * frequency).float().expand(len(z), -1)
        h = torch.cat([z, angle.sin(), angle.cos()], 1)
        for k in range(depth):
            h = torch.nn.functional.silu(linear(h, w[f"{prefix}layers.{k}.weight"], w[f"{prefix}layers.{k}.bias"]))
        v = linear(h, w[f"{prefix}out.weight"], w[f"{prefix}out.bias"])
        alpha, sigma = ddil_torch.cosine(u)
        return alpha * z - sigma * v

    noise = torch.tensor(np.stack([[normals(numbers(1, SHIFT_STREAM, what << 40 | r, 2)) for r in range(n)] for what in (0, 2)])).float()
    forward = torch.zeros(2, STEPS, n, 2)
    for k, what in enumerate((1, 3)):
        for r in range(n):
            u = numbers(1, SHIFT_STREAM, what << 40 | r, 3 + 2 * STEPS)
            e = torch.tensor(normals(u[1:]))
            x = (MEANS[int(u[0] * 3)] + 0.1 / RMS * e[:2]).float()
            for s in range(STEPS):
                alpha, sigma = ddil_torch.cosine((STEPS - s) / STEPS)
                forward[k, s, r] = alpha * x + sigma * e[2 + 2 * s:4 + 2 * s]
    shift = ddil_torch.Shift(STEPS, student, implied, sampler(student, 1), sampler(exact, SUBSTEPS), noise, forward[:, 0],
                             forward=forward)
    theirs = shift()
    for s, row in enumerate(ours):
        for name in ("own", "forward", "paired", "ratio"):
            a, b = row[name], theirs[name][s]
            assert abs(a - b) <= 1e-3 * abs(a) + 1e-9, (s, name, a, b)
        for name in ("mmd2", "mmd2_teacher"):
            assert abs(row[name] - theirs[name][s]) < 1e-4, (s, name, row[name], theirs[name][s])
        print("#", s, "null bands:", row["mmd2_null95"], theirs["mmd2_null95"][s])
        # Bands are drawn in other ways: from fresh batches there, from permutations of two here.
        assert row["mmd2_null95"] > 0 and theirs["mmd2_null95"][s] > 0
        assert theirs["low"][s] <= theirs["ratio"][s] <= theirs["high"][s]
    run = ddil_lab.Run(folder, "measured", steps=1)
    for step in run:
        run.shift(**theirs)
    run.close()
    assert len(read(run.path, "shift.csv").splitlines()) == 1 + STEPS


def test_rings(folder):
    ring = ddil_torch.Replay(8, max_age=5)
    assert ring.draw(torch.zeros(3, dtype=torch.long), 0) is None
    for step in range(6):
        states = [torch.full((3, 2), float(10 * step + k)) for k in range(4)]
        states[2][1] = float("nan") if step == 5 else states[2][1]
        ring.put(states, step, torch.full((3,), step))
    assert ring.made == 18
    z, classes = ring.draw(torch.tensor([0, 1, 2, 3] * 50), 9)
    assert torch.isfinite(z).all() and set(classes.tolist()) == {4, 5}
    assert torch.equal(z[:, 0], 10.0 * classes + torch.tensor([0, 1, 2, 3] * 50))
    again = ddil_torch.Replay(1)
    again.load_state_dict(ring.state_dict())
    assert again.made == 18 and again.draw(torch.tensor([0]), 30) is None


def test_pictures_of_half_precision(folder):
    run = ddil_lab.Run(folder, "half", steps=1)
    for step in run:
        run.log(loss=torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True))
        run.samples(torch.ones(2, 3, 8, 8, dtype=torch.bfloat16), classes=torch.tensor([3, 4]))
    run.close()
    with open(os.path.join(run.path, "samples", "latest.safetensors"), "rb") as file:
        assert file.read().count(b"\xff") >= 2 * 3 * 8 * 8
    assert "0.5" in read(run.path, "metrics.csv")


def test_shared_stands_in_the_place_of_a_run(folder):
    """What a ring has taken in moves the priors; origins by sampling step are those of the run itself."""
    params = {"source.beta_student": 0.5, "source.beta_data": 0.5, "source.schedule": "geometric", "source.warmup": 0.0}
    run = ddil_torch.Shared(lambda: ddil_lab.Run(folder, "shared", steps=3, params=params))
    shares = []
    for step in run:
        run.made = [0, 512 * step]
        shares.append(run.run.priors()[2])
    assert shares == [0.5 * (1 - 0.5 ** (step + 1)) for step in (1, 2, 3)] and run.made == [0, 1536], shares
    run.shift(own=[9, 3, 0.5], forward=[1, 1, 1])
    run.run.params["source.schedule"], at = "adaptive_steps", torch.tensor([1, 2, 3] * 200)
    for which in (1, 2, 3):
        share = (run.origins(600, at)[at == which] == ddil_lab.STUDENT).mean()
        assert abs(share - run.run.priors(which)[2]) < 0.12, (which, share)
    run.close()


def test_two_ranks_change_at_the_same_step(folder):
    """A change sent while both train is in force on both at one step; weights end equal."""
    script = os.path.join(HERE, "..", "..", "assets", "python", "examples", "ring_pd.py")
    # What torchrun --nproc_per_node 2 does, without what Debian 12's stumbles over (findings/).
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ranks = [subprocess.Popen([sys.executable, script, "--folder", folder, "--steps", "100000", "--trace",
                               os.path.join(folder, "trace")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, OMP_NUM_THREADS="1", RANK=str(r), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
                                       MASTER_PORT=port)) for r in (0, 1)]
    path = os.path.join(folder, "0001-ring-pd")
    wait(lambda: read(path, "metrics.csv").count("\n") > 20, "the first rows")
    ddil_lab._append(os.path.join(path, "commands"), "do 5 set 1 0 optimizer.lr=0.00042\\nsource.beta_student=0.5\n")
    wait(lambda: "0.00042" in read(path, "metrics.csv"), "the change")
    ddil_lab._append(os.path.join(path, "commands"), "do 6 stop 1 0 \n")
    for child in ranks:
        assert child.wait(60) == 0, child.stdout.read()
    traces = [read(folder, f"trace.{rank}").splitlines() for rank in (0, 1)]
    changed = [next(x for x in trace if "0.00042" in x) for trace in traces]
    assert changed[0] == changed[1] and traces[0][-1] == traces[1][-1] and traces[0][-1].startswith("sum "), traces[0][-1]


def test_torchrun_starts_two_ranks(folder):
    """The launcher itself; Debian 12's wants to be told where output goes (findings/)."""
    launcher = shutil.which("torchrun")
    if not launcher:
        return
    script = os.path.join(HERE, "..", "..", "assets", "python", "examples", "ring_pd.py")
    job = subprocess.Popen([launcher, "--nproc_per_node", "2", "--standalone", "--redirects", "1", "--tee", "1", "--log_dir",
                            os.path.join(folder, "log"), script, "--folder", folder, "--steps", "100000", "--trace",
                            os.path.join(folder, "trace")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env=dict(os.environ, OMP_NUM_THREADS="1"))
    path = os.path.join(folder, "0001-ring-pd")
    wait(lambda: job.poll() is not None or read(path, "metrics.csv").count("\n") > 20, "the first rows")
    ddil_lab._append(os.path.join(path, "commands"), "do 5 set 1 0 optimizer.lr=0.00042\n")
    wait(lambda: "0.00042" in read(path, "metrics.csv"), "the change")
    ddil_lab._append(os.path.join(path, "commands"), "do 6 stop 1 0 \n")
    assert job.wait(60) == 0
    traces = [read(folder, f"trace.{rank}").splitlines() for rank in (0, 1)]
    changed = [next(x for x in trace if "0.00042" in x) for trace in traces]
    assert changed[0] == changed[1] and traces[0][-1] == traces[1][-1] and traces[0][-1].startswith("sum ")


def test_fashion_example(folder):
    """A teacher and its distillation, a few steps of each: coloured previews, shift at each sampling step."""
    if not os.path.exists("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"):
        return
    script = os.path.join(HERE, "..", "..", "assets", "python", "examples", "teacher_lcm.py")
    subprocess.run([sys.executable, script, "--folder", folder, "--steps", "12"], check=True, timeout=300)
    for name, stages in (("0001-fashion-teacher", 5), ("0002-fashion-lcm", 3)):
        with open(os.path.join(folder, name, "samples", "latest.safetensors"), "rb") as file:
            head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        assert head["pictures"]["shape"] == [stages, 40, 14, 14, 3] and head["label"]["shape"] == [40]
        assert read(folder, name, "owner").split()[6] == "done"
    assert len(read(folder, "0002-fashion-lcm", "shift.csv").splitlines()) == 1 + 2 * 12


if __name__ == "__main__":
    main(globals())
