"""The recipes of external.md as they stand there, against stand-ins for the libraries: a loop of accelerate with a pipeline
of diffusers, a trainer that owns its loop and calls back. Skipped without PyTorch."""
import csv, itertools, os, re, types
import numpy as np
from tap import main, read, skip

try:
    import torch
except ImportError:
    skip("no PyTorch here")
import ddil_lab, ddil_torch

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "assets", "doc", "external.md")
RECIPES = re.findall(r"```python\n(.*?)```", read(PAGE).split("## Recipes")[1], re.S)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def model():
    net = torch.nn.Linear(2, 1)
    return net, torch.optim.SGD(net.parameters(), 0.1)


class Accelerator:
    is_main_process = True
    backward = staticmethod(lambda loss: loss.backward())

    def save_state(self, path):
        os.makedirs(path)
        with open(os.path.join(path, "state"), "w") as file:
            file.write(path)

    def load_state(self, path):
        self.loaded = read(path, "state")


def diffusers(accelerator, steps):
    net, optimizer = model()
    def training_loss(batch, origin):
        assert origin.dtype == np.int8 and len(origin) == len(batch)
        return net(batch).square().mean()
    pipeline = lambda prompts, generator, output_type: types.SimpleNamespace(images=np.full((len(prompts), 8, 8, 3), 0.5))
    exec(compile(RECIPES[0], PAGE, "exec"), dict(
        torch=torch, itertools=itertools, ddil_lab=ddil_lab, ddil_torch=ddil_torch, accelerator=accelerator, optimizer=optimizer,
        loader=[torch.randn(4, 2)] * 3, training_loss=training_loss, pipeline=pipeline, prompts=["a cat", "a dog"],
        args=types.SimpleNamespace(max_train_steps=steps, train_batch_size=4)))


def test_a_loop_of_accelerate(folder):
    os.chdir(folder)
    first = Accelerator()
    diffusers(first, 7)
    path = os.path.join("runs", "0001-lcm-lora")
    assert [int(r["step"]) for r in rows(os.path.join(path, "metrics.csv"))] == list(range(1, 8))
    assert os.path.exists(os.path.join(path, "samples", "latest.safetensors")) and not hasattr(first, "loaded")
    second = Accelerator()
    diffusers(second, 11)  # resumes; a longer run is the script's wish
    assert second.loaded.endswith("step-00000007"), second.loaded
    assert [int(r["step"]) for r in rows(os.path.join(path, "metrics.csv"))] == list(range(1, 12))
    assert read(path, "owner").split()[6:8] == ["done", "11"]


def test_a_trainer_that_calls_back(folder):
    os.chdir(folder)
    names = {"Callback": object, "ddil_lab": ddil_lab, "ddil_torch": ddil_torch}
    exec(compile(RECIPES[1], PAGE, "exec"), names)
    hook, saved = names["Workbench"](), []
    trainer = types.SimpleNamespace(max_iter=6, should_stop=False, optimizer=model()[1],
                                    save=lambda path: (open(path, "w").close(), saved.append(path)))
    hook.on_train_begin(trainer)
    hook.run.run._obey("set", 0, "optimizer.lr=0.25")  # as from the mailbox
    while not trainer.should_stop:
        hook.on_step_begin(trainer)
        if not trainer.should_stop:
            hook.on_step_end(trainer, {"loss": torch.tensor(1.0), "gan": 2.0})
    hook.on_train_end(trainer)
    path = os.path.join("runs", "0001-dmd2")
    table = rows(os.path.join(path, "metrics.csv"))
    assert [int(r["step"]) for r in table] == list(range(1, 7)) and table[-1]["lr"] == "0.25" and table[0]["gan"] == "2.0"
    assert trainer.optimizer.param_groups[0]["lr"] == 0.25 and saved and read(path, "owner").split()[6] == "done"


if __name__ == "__main__":
    main(globals())
