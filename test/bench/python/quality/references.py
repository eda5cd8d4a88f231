"""The other side of the quality harness: what a scikit-learn user would write for the same table and the same model."""
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, adjusted_rand_score, r2_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, TargetEncoder
from xgboost import XGBClassifier, XGBRegressor

THREADS = 2
PASSES = 50
ONE_HOT_LEVELS = 32
SCORES = {"classification": accuracy_score, "regression": r2_score, "clustering": adjusted_rand_score}


def forest(estimator):
    return lambda seed, parameters: (estimator(random_state=seed, n_jobs=THREADS, **parameters), {"gaps": False, "scaled": False})


def tree_boosting(estimator):
    """Takes gaps, and needs no scale."""
    return lambda seed, parameters: (estimator(random_state=seed, n_jobs=THREADS, **parameters), {"gaps": True, "scaled": False})


def quiet(estimator):
    """LightGBM warns of every table whose columns it renames."""
    return lambda **parameters: estimator(verbosity=-1, **parameters)


def scaled(build):
    """Takes no gaps, and columns of mean 0 and deviation 1."""
    return lambda seed, parameters: (build(seed, parameters), {"gaps": False, "scaled": True})


def network(estimator):
    """As many passes as ours, whatever the loss does."""
    return lambda seed, parameters: estimator(random_state=seed, max_iter=PASSES, n_iter_no_change=PASSES + 1, tol=0, **parameters)


def of_standardised_target(build):
    return lambda seed, parameters: TransformedTargetRegressor(build(seed, parameters), transformer=StandardScaler())


# By model id: the task, and (seed, parameters) to an estimator and what it wants of the table.
MODELS = {
    "random_forest_classifier": ("classification", forest(RandomForestClassifier)),
    "random_forest_regressor": ("regression", forest(RandomForestRegressor)),
    "xgboost_classifier": ("classification", tree_boosting(XGBClassifier)),
    "xgboost_regressor": ("regression", tree_boosting(XGBRegressor)),
    "lightgbm_classifier": ("classification", tree_boosting(quiet(LGBMClassifier))),
    "lightgbm_regressor": ("regression", tree_boosting(quiet(LGBMRegressor))),
    "linear_regression": ("regression", scaled(lambda seed, parameters: LinearRegression(**parameters))),
    "ridge_regression": ("regression", scaled(lambda seed, parameters: Ridge(**parameters))),
    "logistic_regression": ("classification", scaled(lambda seed, parameters: LogisticRegression(**{"max_iter": 5_000, "tol": 1e-10, **parameters}))),
    "mlp_classifier": ("classification", scaled(network(MLPClassifier))),
    "mlp_regressor": ("regression", scaled(of_standardised_target(network(MLPRegressor)))),
    "kmeans": ("clustering", scaled(lambda seed, parameters: KMeans(random_state=seed, **parameters))),
}

# By model id, where it is more than the model alone: hyperparameters of both sides, and the epochs of ours.
_passes = {"parameters": {"batch_size": 64, "learning_rate_init": 0.003}, "epochs": PASSES}
ASKED = {"mlp_classifier": _passes, "mlp_regressor": _passes}

_forest = {"gaps": False, "scaled": False}
_scaled = {"gaps": False, "scaled": True}

# What the harness must refuse, as good and as spoiled: stand-ins until the models of ours stand that are spoiled so.
MUTANTS = {
    "logistic regression stopped after 5 iterations": (
        lambda seed: (LogisticRegression(max_iter=5_000), _scaled),
        lambda seed: (LogisticRegression(max_iter=5), _scaled),
    ),
    "25 neighbours for 5": (
        lambda seed: (KNeighborsClassifier(5, n_jobs=THREADS), _scaled),
        lambda seed: (KNeighborsClassifier(25, n_jobs=THREADS), _scaled),
    ),
    "a forest of 10 trees for 100": (
        lambda seed: (RandomForestClassifier(100, random_state=seed, n_jobs=THREADS), _forest),
        lambda seed: (RandomForestClassifier(10, random_state=seed + 1_000, n_jobs=THREADS), _forest),
    ),
    "a forest with max_features 1": (
        lambda seed: (RandomForestClassifier(100, random_state=seed, n_jobs=THREADS), _forest),
        lambda seed: (RandomForestClassifier(100, max_features=1, random_state=seed + 1_000, n_jobs=THREADS), _forest),
    ),
}

# And what it must not refuse.
HONEST = {
    "a forest with another seed": (
        lambda seed: (RandomForestClassifier(100, random_state=seed, n_jobs=THREADS), _forest),
        lambda seed: (RandomForestClassifier(100, random_state=seed + 1_000, n_jobs=THREADS), _forest),
    ),
}


def dates_to_numbers(table):
    parts = [table.apply(lambda column: getattr(column.dt, part)) for part in ("year", "month", "day", "dayofweek", "hour")]
    seconds = table.apply(lambda column: column.astype("int64") // 10**9)
    return np.hstack([part.to_numpy(dtype=float) for part in [*parts, seconds]])


class FrequencyEncoder(BaseEstimator, TransformerMixin):
    """Each text by its share of the fitted rows; missing ones are a text of their own."""

    def fit(self, table, target=None):
        self.shares_ = [column.value_counts(normalize=True, dropna=False) for _, column in table.items()]
        return self

    def transform(self, table):
        shares = zip(table.items(), self.shares_, strict=True)
        return np.column_stack([column.map(share).fillna(0).to_numpy(dtype=float) for (_, column), share in shares])


def encoder(train, task, wants):
    """The written encoding of the model page: imputation, encoding and scaling, all of it to be fitted on the training rows."""
    numbers = list(train.select_dtypes(["number", "bool"]).columns)
    dates = list(train.select_dtypes("datetime").columns)
    texts = [column for column in train.columns if column not in numbers and column not in dates]
    distinct = {column: train[column].nunique() for column in texts}
    kept = [column for column in texts if distinct[column] <= train[column].count() / 2]
    few = [column for column in kept if distinct[column] <= ONE_HOT_LEVELS]
    many = [column for column in kept if distinct[column] > ONE_HOT_LEVELS]
    rare = max(1, min(10, int(np.ceil(0.01 * len(train)))))
    scale = [StandardScaler()] if wants["scaled"] else []
    fill = [] if wants["gaps"] else [SimpleImputer(strategy="median", add_indicator=True)]
    target = "continuous" if task == "regression" else "auto"
    means = FrequencyEncoder() if task == "clustering" else TargetEncoder(target_type=target, random_state=0)
    steps = [
        ("numbers", make_pipeline(*fill, *scale) if fill or scale else "passthrough", numbers),
        ("dates", make_pipeline(FunctionTransformer(dates_to_numbers), *scale), dates),
        ("few", make_pipeline(OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare, sparse_output=False), *scale), few),
        ("many", make_pipeline(means, *scale), many),
    ]
    return ColumnTransformer([step for step in steps if step[2]], verbose_feature_names_out=False)


def read(path):
    """The table as a person would read it: text that is dates throughout becomes dates."""
    table = pd.read_csv(path)
    for column in table.columns:
        if column != "target" and pd.api.types.is_string_dtype(table[column]) and table[column].str.fullmatch(r"\d{4}-\d\d-\d\d").all():
            table[column] = pd.to_datetime(table[column], format="%Y-%m-%d")
    return table


def score(table, task, train_rows, test_rows, estimator, wants):
    train, test = table.iloc[train_rows], table.iloc[test_rows]
    encoded = train["target"]
    classes = None
    if task == "classification":
        classes, codes = np.unique(encoded, return_inverse=True)
        encoded = codes
    rows = train.drop(columns="target")
    fitted = make_pipeline(encoder(rows, task, wants), estimator).fit(rows, encoded)
    said = fitted.predict(test.drop(columns="target"))
    return float(SCORES[task](test["target"], said if classes is None else classes[said]))
