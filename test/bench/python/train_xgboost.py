"""Trains the table of a CSV file with XGBoost's own package: one JSON object in, one out.

In: {"csv": path, "rounds": n, "threads": n, "validation": share, "evaluate": bool}. The parameters are the package's defaults,
as ours are; `evaluate` asks for the scores of both parts after every round that a job with one epoch a round reports
(the package knows no macro means, and computes every score for both parts).
It runs as nicely as the ranks of jobs do, so that whatever else the machine does takes from both sides alike.
"""
import json
import os
import sys
import time

started = time.perf_counter()
asked = json.load(sys.stdin)
os.environ["OMP_WAIT_POLICY"] = "passive"
os.nice(10)

import pandas as pd
import xgboost as xgb

imported = time.perf_counter()
table = pd.read_csv(asked["csv"])
target = table.pop("y")
# The rows are drawn independently: the last ones are as good as any.
cut = int(len(table) * (1 - asked["validation"]))
read = time.perf_counter()
cpu = time.process_time()
train = xgb.DMatrix(table.iloc[:cut], label=target.iloc[:cut], nthread=asked["threads"])
validation = xgb.DMatrix(table.iloc[cut:], label=target.iloc[cut:], nthread=asked["threads"])
prepared = time.perf_counter()
parameters = {"objective": "binary:logistic", "tree_method": "hist", "eval_metric": ["logloss", "error", "auc"] if asked["evaluate"] else "logloss", "nthread": asked["threads"], "seed": 42}
evals = [(train, "train"), (validation, "validation")] if asked["evaluate"] else []
losses = {}
booster = xgb.train(parameters, train, asked["rounds"], evals=evals, verbose_eval=False, evals_result=losses)
trained = time.perf_counter()
cpu = time.process_time() - cpu
accuracy = float(((booster.predict(validation) > 0.5) == target.iloc[cut:].to_numpy()).mean())
size = len(booster.save_raw("ubj"))
done = time.perf_counter()
json.dump(
    {
        "import_ms": (imported - started) * 1000,
        "read_ms": (read - imported) * 1000,
        "matrix_ms": (prepared - read) * 1000,
        "train_ms": (trained - prepared) * 1000,
        "train_cpu_ms": cpu * 1000,
        "rest_ms": (done - trained) * 1000,
        "accuracy": accuracy,
        "trees": booster.num_boosted_rounds(),
        "bytes": size,
        "version": xgb.__version__,
    },
    sys.stdout,
)
