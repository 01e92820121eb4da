"""A training loop of nothing, for tests: toy.py FOLDER [--resume PATH] [-s key=value]... Loss falls; checkpoints are texts."""
import os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "assets", "python"))
import ddil_lab

run = ddil_lab.Run(sys.argv[1], "toy", steps=200000, params={
    "optimizer.lr": ddil_lab.Real(1e-3, 0, 1, help="Learning rate."), "source.beta_student": 0.25, "run.checkpoint_every": 50})
print("resumed from", run.resumed or "nothing", flush=True)
for step in run:
    time.sleep(0.002)
    run.log(loss=1 / step**0.5, **{"odd\x1b[31mname": step})
    if run.wants_samples:
        run.samples([[[0, 255], [128, 64]]] * 4)
    if run.shift_due:
        run.shift(own=[0.1, 0.4], forward=[0.1, 0.1])
    if run.wants_checkpoint:
        path = run.checkpoint_path(".txt")
        with open(path, "w") as file:
            file.write(str(step))
        run.checkpointed(path)
run.close()
