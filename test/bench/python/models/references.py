"""The other side of the bench of models: of each model the class that a user of its library would take, and the parameters of both sides.

Of a case: "model", an id of the catalog; "parameters", the same names and values on both sides; "theirs", what only the other side is
told; "epochs" of ours; "floor": how many times the reference's time ours may take; "beside": others, with the share of their speed that is the goal.
"""

BOOSTING = 1.05
# Three passes on both sides: where they stop by themselves depends on luck.
BATCH = 200
PASSES = {"max_iter": 3, "n_iter_no_change": 1_000_000, "tol": 0.0}


def case(model, module, estimator, parameters=None, theirs=None, **others):
    return {
        "model": model,
        "name": model,
        "module": module,
        "class": estimator,
        "parameters": parameters or {},
        "theirs": theirs or {},
        "epochs": 1,
        "floor": 1.0,
        "beside": {},
        **others,
    }


def network(model, estimator, hidden, said):
    parameters = {"hidden_layer_sizes": hidden, "batch_size": BATCH, "learning_rate_init": 0.001}
    return case(model, "sklearn.neural_network", estimator, parameters, PASSES, name=said, epochs=PASSES["max_iter"], beside={"jax": 0.8})


CASES = [
    case("xgboost_classifier", "xgboost", "XGBClassifier", theirs={"n_jobs": True}, floor=BOOSTING),
    case("xgboost_regressor", "xgboost", "XGBRegressor", theirs={"n_jobs": True}, floor=BOOSTING),
    case("lightgbm_classifier", "lightgbm", "LGBMClassifier", theirs={"n_jobs": True, "verbosity": -1}, floor=BOOSTING),
    case("lightgbm_regressor", "lightgbm", "LGBMRegressor", theirs={"n_jobs": True, "verbosity": -1}, floor=BOOSTING),
    case("random_forest_classifier", "sklearn.ensemble", "RandomForestClassifier", {"n_estimators": 20}, {"n_jobs": True}, beside={"intelex": 1.0}),
    case("random_forest_regressor", "sklearn.ensemble", "RandomForestRegressor", {"n_estimators": 20}, {"n_jobs": True}, beside={"intelex": 1.0}),
    case("logistic_regression", "sklearn.linear_model", "LogisticRegression", beside={"intelex": 1.0}),
    case("linear_regression", "sklearn.linear_model", "LinearRegression", beside={"intelex": 1.0}),
    case("ridge_regression", "sklearn.linear_model", "Ridge", beside={"intelex": 1.0}),
    case("kmeans", "sklearn.cluster", "KMeans", beside={"intelex": 1.0}),
    network("mlp_classifier", "MLPClassifier", [100], "mlp_classifier"),
    network("mlp_classifier", "MLPClassifier", [256, 256], "mlp_classifier, 256-256"),
    network("mlp_regressor", "MLPRegressor", [100], "mlp_regressor"),
]
