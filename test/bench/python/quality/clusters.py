"""Scores k-means on one table over several seeds, ours and theirs on all its rows.

In: {"path", "model", "parameters", "seeds": [{"seed", "pkl", "begun"}]}, where `begun` is the same training ended after its first iteration. Out: the means of the
adjusted Rand indices where each draws its own first centres, their difference and its p, and the scores; and of scikit-learn gone on from where ours
began, the worst of all seeds: by how much our objective is above, as a share of theirs, and the rows with another cluster.

Objectives are those of the clusters alone: the squared distances to their means in the encoded rows, so that the order of the encoded columns does not matter.
"""
import json
import pickle
import sys

import numpy as np
import pandas as pd
from paired import compare
from references import MODELS, SCORES, encoder, read
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone


def means(rows, clusters, count):
    sizes = np.bincount(clusters, minlength=count)
    assert sizes.min() > 0, f"a cluster has no rows: {sizes}"
    return np.stack([rows[clusters == cluster].mean(axis=0) for cluster in range(count)])


def objective(rows, clusters, count):
    return float(((rows - means(rows, clusters, count)[clusters]) ** 2).sum())


def differing(ours, theirs, count):
    """Rows in another cluster, whatever the numbers of the clusters are."""
    shared = np.zeros((count, count), dtype=int)
    np.add.at(shared, (ours, theirs), 1)
    return int(len(ours) - shared[linear_sum_assignment(-shared)].sum())


def predicted(path, raw):
    with open(path, "rb") as file:
        return np.asarray(pickle.load(file).predict(raw.drop(columns="target")))


asked = json.load(sys.stdin)
table, raw = read(asked["path"]), pd.read_csv(asked["path"])
task, build = MODELS[asked["model"]]
count = table["target"].nunique()
ours, theirs, above, others = [], [], [], []
for one in asked["seeds"]:
    estimator, wants = build(one["seed"], {"n_clusters": count, **asked["parameters"]})
    features = table.drop(columns="target")
    rows = encoder(features, task, wants).fit_transform(features)
    said = predicted(one["pkl"], raw)
    ours.append(float(SCORES[task](table["target"], said)))
    theirs.append(float(SCORES[task](table["target"], clone(estimator).fit(rows).labels_)))
    going_on = clone(estimator).set_params(init=means(rows, predicted(one["begun"], raw), count), n_init=1).fit(rows)
    least = objective(rows, going_on.labels_, count)
    above.append((objective(rows, said, count) - least) / least)
    others.append(differing(said, going_on.labels_, count))
# The seeds' draws are independent, and nothing is held out: no correction.
same = {"above": max(above), "others": max(others), "rows": len(table)}
json.dump({**compare(ours, theirs, len(table), 0), "same": same, "scores": {"ours": ours, "theirs": theirs}}, sys.stdout)
