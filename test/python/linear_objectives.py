"""Fits scikit-learn's linear models to encoded rows, and judges a native file of ours beside them.

In: a list of {"model", "rows", "target", "parameters", "file"}, the file as JSON; out: for each the objective that both sides minimise, at scikit-learn's weights
and at the file's, the file's predictions (probabilities of classes), and the share of rows with another label.
"""
import json
import sys
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

warnings.simplefilter("ignore")


def read(text):
    """A reader of the file that docs/native-files.md describes: encoded rows to predictions."""
    file = json.loads(text)
    assert (file["format"], file["version"]) == ("trainer-affine", 1)
    weights, intercepts = np.array(file["coefficients"]), np.array(file["intercepts"])

    def predict(rows):
        scores = rows @ weights.T + intercepts
        if file["link"] == "identity":
            return scores[:, 0]
        if file["link"] == "sigmoid":
            scores = np.hstack([np.zeros_like(scores), scores])
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    return weights, intercepts, predict


def squares(x, y, weights, intercepts, parameters):
    left = y - x @ weights[0] - intercepts[0]
    return left @ left + parameters.get("alpha", 0) * weights[0] @ weights[0]


def penalties(parameters):
    penalty = parameters.get("penalty", "l2")
    l1 = {"l1": 1, "elasticnet": parameters.get("l1_ratio"), "l2": 0, None: 0}[penalty]
    return l1, (0 if penalty is None else 1 - l1)


def log_loss(x, y, weights, intercepts, parameters):
    scores = x @ weights.T + intercepts
    if len(weights) == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    most = scores.max(axis=1)
    losses = most + np.log(np.exp(scores - most[:, None]).sum(axis=1)) - scores[np.arange(len(y)), y]
    counts = np.bincount(y)
    row_weights = (len(y) / (len(counts) * counts))[y] if parameters.get("class_weight") else np.ones(len(y))
    l1, l2 = penalties(parameters)
    return parameters.get("C", 1.0) * row_weights @ losses + l1 * np.abs(weights).sum() + l2 / 2 * (weights**2).sum()


def estimator(model, parameters):
    chosen = {name: value for name, value in parameters.items() if name in ("fit_intercept", "alpha", "class_weight")}
    if model == "linear_regression":
        return LinearRegression(**chosen)
    if model == "ridge_regression":
        return Ridge(solver="svd", **{"alpha": 1.0, **chosen})
    l1, l2 = penalties(parameters)
    strength = {"C": parameters.get("C", 1.0) if l1 + l2 else np.inf, "l1_ratio": l1}
    # saga needs many passes to be as exact.
    how = {"solver": "saga", "max_iter": 100_000, "tol": 1e-9, "random_state": 0} if l1 else {"solver": "lbfgs", "max_iter": 10_000, "tol": 1e-10}
    return LogisticRegression(**chosen, **strength, **how)


def judged(case):
    x, parameters = np.array(case["rows"], dtype=np.float32).astype(float), case["parameters"]
    is_classes = case["model"] == "logistic_regression"
    y = np.array(case["target"], dtype=int if is_classes else float)
    if case["model"] == "ridge_regression":
        parameters = {"alpha": 1.0, **parameters}
    fitted = estimator(case["model"], parameters).fit(x, y)
    weights, intercepts, predict = read(case["file"])
    objective = log_loss if is_classes else squares
    said, known = predict(x), fitted.predict(x)
    labels = said.argmax(axis=1) if is_classes else said
    return {
        "theirs": objective(x, y, np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_), parameters),
        "ours": objective(x, y, weights, intercepts, parameters),
        "predictions": said.tolist(),
        "others": float(np.mean(labels != known)) if is_classes else float(np.abs(labels - known).max() / known.std()),
    }


json.dump([judged(case) for case in json.load(sys.stdin)], sys.stdout)
