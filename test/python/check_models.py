"""Reads a list of cases as JSON from standard input, uses each model as a user would, and writes what it said as JSON.

A case: {"pkl", "ubj", "onnx", "columns", "rows"}; null in a row is a missing value.
"""
import copy
import io
import json
import pickle
import pickletools
import sys

import numpy as np
import pandas as pd
import xgboost


def said(model, rows):
    answer = {"labels": model.predict(rows).tolist()}
    if getattr(model, "classes_", None) is not None:
        answer["probabilities"] = model.predict_proba(rows).tolist()
    return answer


def parts(data, onnx):
    """What a pickle holds: the objects it asks of modules, its calls, its texts, and whether its only bytes are the ONNX file."""
    texts, blobs, names, calls = [], [], [], 0
    for opcode, argument, _ in pickletools.genops(data):
        if isinstance(argument, bytes):
            blobs.append(argument)
        elif isinstance(argument, str):
            texts.append(argument)
        if opcode.name in ("GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"):
            names.append(opcode.name)
        if opcode.name == "STACK_GLOBAL":
            names.append(".".join(texts[-2:]))
        calls += opcode.name == "REDUCE"
    return {"names": names, "calls": calls, "texts": texts, "only_onnx": blobs == [onnx]}


def refusal(model, rows):
    try:
        model.predict(rows)
    except ValueError as error:
        return str(error)
    return None


def native(booster, array):
    """What XGBoost's own package predicts of raw rows, or why it refuses them."""
    try:
        return booster.inplace_predict(array, missing=np.nan).tolist()
    except ValueError as error:
        return str(error)


def check(case):
    with open(case["pkl"], "rb") as file:
        data = file.read()
    with open(case["onnx"], "rb") as file:
        onnx = file.read()
    model = pickle.loads(data)
    rows, columns = case["rows"], case["columns"]
    array = np.array(rows, dtype=np.float64)
    frame = pd.DataFrame(array, columns=columns)
    again = pickle.loads(pickle.dumps(model))
    booster = xgboost.Booster(model_file=case["ubj"])
    return {
        "array": said(model, array),
        "list": said(model, rows),
        "dicts": said(model, [dict(zip(columns, row)) for row in rows]),
        "frame": said(model, frame[columns[::-1]].assign(unused="text")),
        "again": said(again, array),
        "thrice": said(pickle.loads(pickle.dumps(again, protocol=2)), array),
        "copied": said(copy.deepcopy(model), array),
        "classes": None if getattr(model, "classes_", None) is None else model.classes_.tolist(),
        "kind": None if getattr(model, "classes_", None) is None else model.predict(array).dtype.kind,
        "features": model.feature_names_in_.tolist(),
        "lacking": refusal(model, frame.drop(columns=[columns[1]])),
        "narrow": refusal(model, array[:, :1]),
        "parts": parts(data, onnx),
        "parts_again": parts(pickle.dumps(again, protocol=4), onnx),
        "xgboost": native(booster, array.astype(np.float32)),
        "native_columns": booster.feature_names,
        "native_attributes": booster.attributes(),
    }


if __name__ == "__main__":
    cases = json.load(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"))
    print(json.dumps([check(case) for case in cases]))
