"""Predicts every row of a CSV with pickles, as pandas reads it: {"csv", "pkls"} in; for each pickle {"values", "classes"} as JSON out."""
import json
import pickle
import sys

import pandas as pd


def predicted(path, frame):
    with open(path, "rb") as file:
        model = pickle.load(file)
    classes = getattr(model, "classes_", None)
    if classes is None:
        return {"values": [[value] for value in model.predict(frame).tolist()], "classes": None}
    return {"values": model.predict_proba(frame).tolist(), "classes": [str(label) for label in classes.tolist()]}


if __name__ == "__main__":
    case = json.load(sys.stdin)
    frame = pd.read_csv(case["csv"])
    print(json.dumps([predicted(path, frame) for path in case["pkls"]]))
