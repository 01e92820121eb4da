#!/usr/bin/python3
"""Writes priors.txt: what engine/distill/source.c and assets/python/ddil_lab.py must both say.
A line: schedule, beta_data, beta_teacher, beta_student, warmup, beta_floor, clock, steps, shift, made,
and the priors.
Shift is the ratio at i = N-1 of three sampling steps (5 at i = N, which does not count; half of it at i = 1); rings hold 64."""
import itertools, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "assets", "python"))
import ddil_lab

for schedule in "constant linear geometric indicator adaptive adaptive_steps".split():
    for beta, (warmup, floor), (clock, shift, made) in itertools.product(
            ((1, 0, 0), (0.5, 0.25, 0.25), (0, 0, 1), (0, 1, 0), (0.1, 0, 0.9)), ((0.1, 0.2), (0, 0), (0.5, 0.6)),
            ((0, 1, 0), (7, 3, 100), (60, 0.5, 64), (99, 40, 1000))):
        params = dict(zip(["source." + k for k in ("beta_data", "beta_teacher", "beta_student", "schedule", "warmup", "beta_floor",
                                                   "capacity", "teacher_capacity")], (*beta, schedule, warmup, floor, 64, 64)))
        said = ddil_lab.priors(params, clock, 100, [5, shift, shift / 2], (made, made))
        print(schedule, *beta, warmup, floor, clock, 100, shift, made, *map(repr, map(float, said)))
