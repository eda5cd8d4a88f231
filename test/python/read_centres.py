"""Reads a model of centres as docs/native-files.md describes it, and tells which of them rows belong to: {"file", "rows"} in, one JSON object out.

A row belongs to the nearest centre, ties to the lower number; its squared distance is over the columns that the centres have.
"""
import json
import sys

import numpy as np


def read(path):
    with open(path) as file:
        model = json.load(file)
    assert model["format"] == "trainer-centres" and model["format_version"] == 1, model
    return np.array(model["centers"], dtype="float64"), model["columns"]


def predict(centers, rows):
    rows = np.asarray(rows, dtype="float64")[:, : centers.shape[1]]
    squares = ((rows[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
    return squares.argmin(axis=1), squares.min(axis=1)


asked = json.load(sys.stdin)
centers, columns = read(asked["file"])
clusters, squares = predict(centers, asked["rows"])
json.dump({"clusters": clusters.tolist(), "squares": squares.tolist(), "columns": columns}, sys.stdout)
