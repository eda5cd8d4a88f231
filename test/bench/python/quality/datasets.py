"""Writes the datasets of the quality harness as CSV files: {"folder"} in; what they are as JSON out.

The bundled sets of scikit-learn, generated sets of which 50,000 rows are for testing (small sets forgive too much), and tables as people
have them, with text, dates and gaps. All of them are the same in every run.
"""
import json
import os
import sys

import numpy as np
import pandas as pd
from sklearn import datasets

TEST_ROWS = 50_000
TRAIN_ROWS = 10_000
ROWS = TEST_ROWS + TRAIN_ROWS


def bundled():
    for name in ("iris", "wine", "breast_cancer", "digits"):
        yield name, "classification", datasets_frame(name), None
    yield "diabetes", "regression", datasets_frame("diabetes"), None


def datasets_frame(name):
    loaded = getattr(datasets, f"load_{name}")()
    table = pd.DataFrame(loaded.data, columns=[str(column) for column in loaded.feature_names])
    return table.assign(target=loaded.target)


def generated():
    share = TEST_ROWS / ROWS
    x, y = datasets.make_classification(ROWS, 20, n_informative=5, n_redundant=3, n_classes=3, flip_y=0.05, random_state=1)
    yield "noisy_20", "classification", frame(x, y), share
    random = np.random.default_rng(2)
    x = random.uniform(0, 12, (ROWS, 2))
    yield "checkerboard", "classification", frame(x, (np.floor(x).sum(axis=1) % 2).astype(int)), share
    # What tells the classes apart lies where the columns hardly vary.
    hidden = random.normal(size=(ROWS, 1))
    x = hidden + 0.05 * random.normal(size=(ROWS, 12))
    y = (x @ np.tile([1.0, -1.0], 6) + 0.05 * random.normal(size=ROWS) > 0).astype(int)
    yield "correlated", "classification", frame(x, y), share
    x, y = datasets.make_friedman1(ROWS, 12, noise=1.0, random_state=3)
    yield "friedman", "regression", frame(x, y), share
    x, y = datasets.make_regression(ROWS, 25, n_informative=10, noise=20.0, random_state=4)
    yield "linear_25", "regression", frame(x, y), share


def frame(x, y):
    return pd.DataFrame(x, columns=[f"x{at}" for at in range(x.shape[1])]).assign(target=y)


def mixed():
    yield "birds", "classification", birds(np.random.default_rng(5)), None
    yield "passengers", "classification", passengers(np.random.default_rng(6)), None
    yield "sales", "regression", sales(np.random.default_rng(7)), None


def birds(random):
    kinds = random.choice(3, 344, p=[0.44, 0.2, 0.36])
    length = np.round(random.normal(np.array([38.8, 48.8, 47.5])[kinds], 3), 1)
    mass = np.round(random.normal(np.array([3700, 3733, 5076])[kinds], 450), -1)
    islands = np.where(random.random(344) < 0.7, np.array(["Torgersen", "Dream", "Biscoe"])[kinds], "Biscoe")
    table = pd.DataFrame({"island": islands, "bill length (mm)": length, "body mass [g]": mass})
    table["sex"] = random.choice(["MALE", "FEMALE"], 344)
    table.loc[random.random(344) < 0.03, "sex"] = None
    table.loc[random.random(344) < 0.02, ["bill length (mm)", "body mass [g]"]] = np.nan
    return table.assign(target=np.array(["Adelie", "Chinstrap", "Gentoo"])[kinds])


def passengers(random):
    rows = 891
    grade = random.choice([1, 2, 3], rows, p=[0.24, 0.21, 0.55])
    sex = random.choice(["male", "female"], rows, p=[0.65, 0.35])
    age = np.round(random.gamma(6, 5, rows), 1)
    logit = 2.4 * (sex == "female") - 0.9 * (grade - 2) - 0.02 * (age - 30) - 0.6
    table = pd.DataFrame({"Pclass": grade, "Name": [f"Passenger no. {at}" for at in random.permutation(rows)], "Sex": sex, "Age": age})
    table["Fare"] = np.round(random.lognormal(4.4 - 0.7 * grade, 0.6), 2)
    table["Cabin"] = [f"{random.choice(list('ABCDE'))}{random.integers(1, 60)}" if random.random() < 0.25 else None for _ in range(rows)]
    table["Embarked"] = random.choice(["S", "C", "Q"], rows, p=[0.72, 0.19, 0.09])
    table.loc[random.random(rows) < 0.2, "Age"] = np.nan
    return table.assign(target=np.where(random.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no"))


def sales(random):
    rows = 20_000
    shops = random.integers(0, 300, rows)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 730, rows), unit="D")
    level = random.normal(100, 30, 300)
    price = np.round(random.uniform(5, 15, rows), 2)
    sold = level[shops] + 25 * (days.dayofweek >= 5) + 10 * np.sin(days.month / 12 * 2 * np.pi) - 4 * price + random.normal(0, 8, rows)
    table = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "shop": [f"shop {at:03d}" for at in shops], "price": price})
    table.loc[random.random(rows) < 0.05, "price"] = np.nan
    return table.assign(target=np.round(sold, 2))


def main():
    folder = json.load(sys.stdin)["folder"]
    listed = []
    for kind, group in (("bundled", bundled()), ("generated", generated()), ("mixed", mixed())):
        for name, task, table, share in group:
            path = os.path.join(folder, f"{name}.csv")
            table.to_csv(path, index=False)
            codes = np.unique(table["target"], return_inverse=True)[1].tolist() if task == "classification" else None
            listed.append(
                {"name": name, "kind": kind, "task": task, "path": path, "rows": len(table), "validationSplit": share, "classOf": codes}
            )
    json.dump(listed, sys.stdout)


if __name__ == "__main__":
    main()
