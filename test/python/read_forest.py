"""Predicts with a forest's native file by numpy alone: {"file", "rows": [[float, ...], ...]} in; {"predictions", "columns"} out.

docs/forest-file.md says what the file holds.
"""
import json
import sys

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "I32": "<i4"}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:start])
    metadata = head.pop("__metadata__")
    tensors = {}
    for name, place in head.items():
        begin, end = place["data_offsets"]
        tensors[name] = np.frombuffer(data[start + begin : start + end], TYPES[place["dtype"]]).reshape(place["shape"])
    return metadata, tensors


def predict(metadata, forest, rows):
    sums = np.zeros((len(rows), max(1, int(metadata["classes"]))))
    for root in forest["roots"]:
        for at, row in enumerate(rows):
            node = root
            while node >= 0:
                goes_left = row[forest["feature"][node]] <= forest["threshold"][node]
                node = forest["left" if goes_left else "right"][node]
            for entry in range(forest["leaf_start"][-1 - node], forest["leaf_start"][-node]):
                sums[at, forest["leaf_class"][entry]] += forest["leaf_value"][entry]
    return sums / len(forest["roots"]) + float(metadata["offset"])


asked = json.load(sys.stdin)
metadata, forest = read(asked["file"])
predictions = predict(metadata, forest, np.array(asked["rows"], np.float32))
json.dump({"predictions": predictions.tolist(), "columns": json.loads(metadata["columns"])}, sys.stdout)
