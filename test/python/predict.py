"""Predicts with a downloaded model as a user of the service would: {"pkl", "rows", "columns"} in; what it says as JSON out."""
import json
import pickle
import sys

case = json.load(sys.stdin)
with open(case["pkl"], "rb") as file:
    model = pickle.load(file)
dicts = [dict(zip(case["columns"], row)) for row in case["rows"]]
json.dump(
    {
        "labels": model.predict(case["rows"]).tolist(),
        "of_dicts": model.predict(dicts).tolist(),
        "probabilities": model.predict_proba(case["rows"]).tolist(),
        "classes": model.classes_.tolist(),
        "features": list(model.feature_names_in_),
    },
    sys.stdout,
)
