"""Trains on tables as people have them through REST, and predicts with the pickles from every kind of X: {"url"} in; findings as JSON out."""
import io
import json
import pickle
import sys
import time

import numpy as np
import onnxruntime
import pandas as pd
import polars
import pyarrow
import requests

URL = json.load(sys.stdin)["url"]
RANDOM = np.random.default_rng(1)


def train(name, data, **body):
    requests.put(URL + "/data/" + name, data=data).raise_for_status()
    asked = {"model_id": "xgboost_classifier", "data_id": name, "task_type": "classification", "epochs": 5, "patience": 3}
    answer = requests.post(URL + "/train", json=dict(asked, **body))
    answer.raise_for_status()
    job_id = answer.json()["job_id"]
    deadline = time.monotonic() + 90
    while True:
        job = requests.get(URL + "/train/" + job_id).json()
        if job["status"] in ("completed", "failed", "cancelled"):
            break
        if time.monotonic() > deadline:
            raise RuntimeError("%s did not end" % name)
        time.sleep(0.05)
    if job["status"] != "completed":
        raise RuntimeError("%s: %s" % (name, job["error_message"]))
    file = requests.get(URL + "/models/%s/download" % job_id, params={"format": "pkl"}).content
    return pickle.loads(file), job["warnings"], job_id


def refusal(model, X):
    try:
        model.predict(X)
    except ValueError as error:
        return str(error)
    return None


def penguins(rows=400):
    """Gaps, text, dates, booleans, an id, a running number, and names with spaces, quotes, accents and brackets."""
    species = RANDOM.choice(["Adelie", "Chinstrap", "Gentoo"], rows)
    gap = lambda: RANDOM.random(rows) < 0.05  # noqa: E731
    table = pd.DataFrame(
        {
            "No": np.arange(1, rows + 1),
            'Region, "name"': ["Anvers"] * rows,
            "île [d'été]": RANDOM.choice(["Biscoe", "Dream", "Torgersen", None], rows),
            "Individual ID": ["N%dA%d" % (at, at) for at in range(rows)],
            "Colony": ["colony %d" % (at * 7 % 50) for at in range(rows)],
            "Date Egg": pd.to_datetime("2007-11-01") + pd.to_timedelta(RANDOM.integers(0, 900, rows), "D"),
            "Culmen Length (mm)": np.where(gap(), np.nan, 40 + RANDOM.normal(0, 3, rows) + 8 * (species == "Chinstrap")),
            "Body Mass (g)": pd.Series(4000 + 1000 * (species == "Gentoo") + RANDOM.integers(0, 300, rows), dtype="Int64").mask(gap()),
            "tame": RANDOM.random(rows) < 0.5,
            "Species": species,
        }
    )
    csv = table.to_csv(index=False)
    model, warnings, _ = train("frames/penguins.csv", csv.encode())
    X = pd.read_csv(io.StringIO(csv))[list(model.feature_names_in_)]
    typed = table.drop(columns="Species")
    truth = model.predict_proba(X)
    objects = X.to_numpy(dtype=object)
    ways = {
        "array": objects,
        "masked array": np.ma.array(np.where(X.isna(), "covered", objects), mask=X.isna().to_numpy()),
        "list": objects.tolist(),
        "dicts": X.to_dict("records"),
        "dict of lists": X.to_dict("list"),
        "pandas, other order": X.iloc[:, ::-1],
        "pandas, typed": typed,
        "pandas, nullable": X.convert_dtypes(),
        "pandas, categories": X.astype({"Colony": "category"}),
        "polars": polars.from_pandas(typed).select(sorted(typed.columns)),
        "arrow": pyarrow.Table.from_pandas(typed.iloc[:, ::-1]),
        "arrow batch": pyarrow.RecordBatch.from_pandas(typed),
    }
    found = {name: float(np.abs(model.predict_proba(given) - truth).max()) for name, given in ways.items()}
    found["one dict"] = float(np.abs(model.predict_proba(X.iloc[0].to_dict()) - truth[:1]).max())
    found["series"] = float(np.abs(model.predict_proba(X.iloc[0]) - truth[:1]).max())
    again = pickle.loads(pickle.dumps(model))
    odd = X.head(2).assign(**{"île [d'été]": ["never met", None], "Colony": ["new", None], "Date Egg": None, "tame": None})
    return {
        "accuracy": float((model.predict(X) == table["Species"]).mean()),
        "features": model.feature_names_in_.tolist(),
        "warnings": warnings,
        "ways": found,
        "unseen": [model.predict(odd).tolist(), again.predict(odd).tolist()],
        "refusals": {
            "doubled": refusal(model, pd.concat([X, X[["No"]]], axis=1)),
            "missing": refusal(model, X.drop(columns="tame")),
            "narrow": refusal(model, objects[:, :3]),
            "one dimension": refusal(model, np.array([1.0, 2.0])),
            "no rows": refusal(model, []),
            "bad date": refusal(model, X.assign(**{"Date Egg": "2007-13-01"})),
            "number for a date": refusal(model, X.assign(**{"Date Egg": 5})),
            "bad number": refusal(model, X.assign(**{"Body Mass (g)": "heavy"})),
            "mixed dict": refusal(model, {**X.iloc[0].to_dict(), "No": [1]}),
        },
    }


SPELLINGS = {
    "ymd": "%Y-%m-%d",
    "ymd time": "%Y-%m-%d %H:%M:%S",
    "iso": "%Y-%m-%dT%H:%M:%SZ",
    "dotted": "%d.%m.%Y",
    "slashed": "%m/%d/%Y",
}


def passengers(rows=600):
    """A table as the Titanic's: names with commas and quotes, tickets, gaps in numbers and text, an id, dates in five spellings."""
    at = np.arange(rows)
    sex = RANDOM.choice(["male", "female"], rows)
    grade = RANDOM.integers(1, 4, rows)
    born = pd.to_datetime("1850-01-01") + pd.to_timedelta(RANDOM.integers(0, 22000, rows), "D")
    table = pd.DataFrame(
        {
            "PassengerId": at + 1,
            "Pclass": grade,
            "Name": ['Doe%d, Mr. "Jo" (of %d)' % (n, n) for n in at],
            "Sex": sex,
            "Age": np.where(RANDOM.random(rows) < 0.2, np.nan, RANDOM.integers(1, 80, rows).astype(float)),
            "Fare": RANDOM.gamma(2, 20, rows).round(4),
            "Cabin": np.where(RANDOM.random(rows) < 0.7, None, ["C%d" % (n % 60) for n in at]),
            "Embarked": RANDOM.choice(["S", "C", "Q", None], rows, p=[0.7, 0.18, 0.1, 0.02]),
        }
    )
    for name, spelling in SPELLINGS.items():
        table[name] = (born + pd.to_timedelta(RANDOM.integers(0, 9000, rows), "D")).strftime(spelling)
        table.loc[RANDOM.random(rows) < 0.05, name] = None
    late = pd.to_datetime(table["dotted"], format="%d.%m.%Y") > pd.to_datetime("1890-01-01")
    table["Survived"] = ((sex == "female") | ((grade == 1) & late.to_numpy())).astype(int)
    csv = table.to_csv(index=False)
    model, warnings, job_id = train("frames/passengers.csv", csv.encode(), target_column="Survived", epochs=20)
    onnx = requests.get(URL + "/models/%s/download" % job_id, params={"format": "onnx"}).content
    X = pd.read_csv(io.StringIO(csv))[list(model.feature_names_in_)]
    shares = model.predict_proba(X)
    # A date goes into the ONNX file as seconds since 1970, a missing text as the empty one, as docs/pickle.md says.
    session = onnxruntime.InferenceSession(onnx)
    feeds = {}
    for given, name in zip(session.get_inputs(), model.feature_names_in_):
        column = X[name]
        if name in SPELLINGS:
            when = pd.to_datetime(column, format=SPELLINGS[name], utc=True)
            column = (when - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta("1s")
        if given.type == "tensor(string)":
            values = column.fillna("").astype(str).to_numpy(dtype=object)
        else:
            values = column.to_numpy(dtype=np.float64 if given.type == "tensor(double)" else np.float32)
        feeds[given.name] = values.reshape(-1, 1)
    labels, theirs = session.run(["output_label", "output_probability"], feeds)
    return {
        "accuracy": float((model.predict(X) == table["Survived"]).mean()),
        "features": model.feature_names_in_.tolist(),
        "date_inputs": [given.type for given in session.get_inputs() if given.name in SPELLINGS],
        "warnings": warnings,
        "furthest": float(np.abs(np.asarray(theirs) - shares).max()),
        "same_labels": bool((np.asarray(labels) == model.predict(X)).all()),
    }


LABELS = {
    "integers": [0, 1, 7, 7],
    "large integers": [2**60, 2**60 + 1, -5, -5],
    "integers with gaps": [3, None, 5, 5],
    "floats": [0.5, 1.0, 2.5, 2.5],
    "whole floats": [1.0, 2.0, 1.0, 2.0],
    "booleans": [True, False, True, False],
    "text": ["b", "\U0001f600", "\ufb00", "a"],
    "text of digits": ["01", "1", "02", "02"],
}


def labels():
    """What predict gives for each type of label and each format of the file, beside what pandas reads."""
    found = []
    for name, values in LABELS.items():
        for form in ("csv", "parquet"):
            if (name, form) == ("text of digits", "csv"):
                continue  # They are numbers there, for pandas too.
            target = pd.Series(values * 50, dtype="Int64" if None in values else None)
            table = pd.DataFrame({"x": np.arange(200) % 4 + RANDOM.normal(0, 0.01, 200), "y": target})
            file = io.BytesIO()
            table.to_csv(file, index=False) if form == "csv" else table.to_parquet(file, index=False)
            data = file.getvalue()
            read = pd.read_csv(io.BytesIO(data)) if form == "csv" else pd.read_parquet(io.BytesIO(data))
            read = read[read["y"].notna()]
            # A file has no other way to write an integer column with gaps than pandas' nullable one.
            wanted = read["y"].astype("int64") if None in values else read["y"]
            model, _, _ = train("labels/%s.%s" % (name.replace(" ", "-"), form), data, hyperparameters={"min_child_weight": 0})
            given = model.predict(read[["x"]])
            same = [type(a) is type(b) and a == b for a, b in zip(given.tolist(), wanted.tolist())]
            in_order = model.classes_.tolist() == np.unique(np.array(wanted.tolist(), dtype=object if "text" in name else None)).tolist()
            found.append({"label": name, "format": form, "same": float(np.mean(same)), "in_order": in_order})
    return found


def levels():
    found = {}
    for count in (2, 30, 3000):
        city = ["c%d" % (at * 7919 % count) for at in range(12000)]
        table = pd.DataFrame({"city": city, "z": RANDOM.normal(0, 1, 12000)})
        table["y"] = [int(name[1:]) % 3 + z / 10 for name, z in zip(city, table["z"])]
        model, _, _ = train("levels/%d.csv" % count, table.to_csv(index=False).encode(), model_id="xgboost_regressor", task_type="regression")
        error = model.predict(table) - table["y"]
        found[count] = {"r2": float(1 - (error**2).mean() / table["y"].var()), "unseen": model.predict([["never met", 0.1], [None, 0.1]]).tolist()}
    return found


json.dump({"penguins": penguins(), "passengers": passengers(), "labels": labels(), "levels": levels()}, sys.stdout)
