"""Fits one model of another library in this process: one JSON object in, one out.

In: {"case": of references.py, "with": "reference", "intelex" or "jax", "table": {"features", "target", "rows", "columns", "classes"}, "dtype",
"threads", "cpus", "seed", "limit_s"}. Out: milliseconds and CPU milliseconds of the fit alone, the process's peak in MiB, a score of the same rows
(accuracy, R2, or minus the mean squared distance to a row's centre), and the library's version. The process is killed by SIGALRM when its time is over.
"""
import importlib
import json
import os
import signal
import sys
import time

asked = json.load(sys.stdin)
signal.alarm(asked["limit_s"])
os.sched_setaffinity(0, asked["cpus"])
os.environ["OMP_WAIT_POLICY"] = "passive"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(asked["threads"])

import numpy as np


def peak_mib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def estimator(case):
    theirs = {name: asked["threads"] if name == "n_jobs" else value for name, value in case["theirs"].items()}
    build = getattr(importlib.import_module(case["module"]), case["class"])
    seeded = {"random_state": asked["seed"]} if "random_state" in build().get_params() else {}
    return build(**case["parameters"], **theirs, **seeded)


def score(fitted, features, target):
    if asked["table"]["classes"] == 0 and target is None:
        return -float(fitted.inertia_) / len(features)
    return float(fitted.score(features, target))


def main():
    case, table = asked["case"], asked["table"]
    if asked["with"] == "jax":
        from network import Network

        version, model = Network.version, Network(case["parameters"], case["epochs"], table["classes"], asked["seed"])
    else:
        if asked["with"] == "intelex":
            from sklearnex import patch_sklearn

            patch_sklearn(verbose=False)
        model = estimator(case)
        version = importlib.import_module("sklearnex" if asked["with"] == "intelex" else case["module"].split(".")[0]).__version__
        if asked["with"] == "intelex" and not type(model).__module__.startswith(("sklearnex", "daal4py")):
            return {"absent": f"scikit-learn-intelex has no {case['class']}"}
    features = np.fromfile(table["features"], dtype="float32").reshape(table["rows"], table["columns"]).astype(asked["dtype"], copy=False)
    target = None
    if table["target"] is not None:
        target = np.fromfile(table["target"], dtype="float64")
        target = target.astype("int64" if table["classes"] > 0 else asked["dtype"])
    begun, cpu = time.perf_counter(), time.process_time()
    fitted = model.fit(features, target)
    taken = {"wall_ms": (time.perf_counter() - begun) * 1000, "cpu_ms": (time.process_time() - cpu) * 1000, "peak_mib": peak_mib()}
    return {**taken, "score": score(fitted, features, target), "version": version}


json.dump(main(), sys.stdout)
