"""Scores a stand-in for a model of ours, spoiled or honest, against what it stands for.

In: {"double", "path", "splits": [{"seed", "test": [row, ...]}]}; out: as score.py has it.
"""
import json
import sys

import numpy as np
from paired import compare
from references import HONEST, MUTANTS, read, score

asked = json.load(sys.stdin)
table = read(asked["path"])
good, double = {**MUTANTS, **HONEST}[asked["double"]]
scores = {"ours": [], "theirs": []}
for split in asked["splits"]:
    test = np.array(split["test"])
    train = np.setdiff1d(np.arange(len(table)), test)
    for side, build in (("theirs", good), ("ours", double)):
        scores[side].append(score(table, "classification", train, test, *build(split["seed"])))
json.dump({**compare(scores["ours"], scores["theirs"], len(train), len(test)), "scores": scores}, sys.stdout)
