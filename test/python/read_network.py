"""Predicts with a network's native file by numpy alone: {"file", "rows": [[float, ...], ...]} in; {"predictions", "columns"} out.

docs/native-files.md says what the file holds.
"""
import json
import sys

import numpy as np

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "identity": lambda x: x,
}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:start])
    texts = head.pop("__metadata__")
    place = lambda entry: data[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]]
    return texts, {name: np.frombuffer(place(entry), "<f4").reshape(entry["shape"]) for name, entry in head.items()}


def predict(texts, tensors, rows):
    layers = len(tensors) // 2
    for at in range(layers):
        rows = rows @ tensors["layers.%d.weights" % at] + tensors["layers.%d.biases" % at]
        if at < layers - 1:
            rows = ACTIVATIONS[texts["activation"]](rows)
    if texts["link"] == "sigmoid":
        second = ACTIVATIONS["sigmoid"](rows)
        return np.hstack([1 - second, second])
    if texts["link"] == "softmax":
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    target = json.loads(texts["target"])
    return rows if target is None else target["offset"] + target["factor"] * rows.astype(float)


asked = json.load(sys.stdin)
texts, tensors = read(asked["file"])
predictions = predict(texts, tensors, np.array(asked["rows"], np.float32)[:, : len(tensors["layers.0.weights"])])
json.dump({"predictions": predictions.tolist(), "columns": json.loads(texts["columns"])}, sys.stdout)
