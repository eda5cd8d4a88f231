"""Scores one model on one dataset over several splits, ours and theirs on the same rows.

In: {"path", "task", "model", "parameters", "splits": [{"seed", "test": [row, ...], "pkl"}]}; out: the means of both, their difference and its p, and the scores.
Ours is the downloaded file, which is given the raw rows as a user's program has them.
"""
import json
import pickle
import sys

import numpy as np
import pandas as pd
from paired import compare
from references import MODELS, SCORES, read, score

asked = json.load(sys.stdin)
table, raw = read(asked["path"]), pd.read_csv(asked["path"])
task, build = MODELS[asked["model"]]
ours, theirs = [], []
for split in asked["splits"]:
    test = np.array(split["test"])
    train = np.setdiff1d(np.arange(len(table)), test)
    with open(split["pkl"], "rb") as file:
        said = pickle.load(file).predict(raw.iloc[test].drop(columns="target"))
    ours.append(float(SCORES[task](raw["target"].iloc[test], said)))
    theirs.append(score(table, task, train, test, *build(split["seed"], asked["parameters"])))
json.dump({**compare(ours, theirs, len(train), len(test)), "scores": {"ours": ours, "theirs": theirs}}, sys.stdout)
