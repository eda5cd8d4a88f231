/**
 * The expression that a pickle evaluates first: a function from the program's text to its class. Kept apart from the program so
 * that the program is plain Python that can be read and checked.
 */
export const PICKLE_LOADER =
  "lambda source: (lambda scope: (exec(source, scope), scope['TrainerModel'])[1])({'__name__': 'trainer_model', 'SOURCE': source})";

/** Raises with any change of the program: models of one version hold the same text. */
export const PICKLE_PROGRAM_VERSION = 1;

/**
 * The Python program inside every `.pkl`, the same text in every model of a version; docs/pickle.md prints it (a test compares
 * them). It needs numpy and onnxruntime, and no package of ours.
 */
export const PICKLE_PROGRAM = String.raw`"""A model trained by Trainer, called like one of scikit-learn. Version 1.

It holds an ONNX file and a description of its columns and classes, and needs numpy and onnxruntime 1.21 or newer.
"""
import numpy as np

LOADER = "${PICKLE_LOADER}"


class _Recipe:
    """Pickles as the call of a function, so that a model can be pickled again without a package of its own."""

    def __init__(self, function, argument):
        self._function = function
        self._argument = argument

    def __reduce__(self):
        return self._function, (self._argument,)

    def __call__(self, *arguments):
        function = self._function
        if isinstance(function, _Recipe):
            function = function._function(function._argument)
        return function(self._argument)(*arguments)


class TrainerModel:
    """predict(X), for classes also predict_proba(X); X: an array, a list of rows, a list of dicts or a DataFrame."""

    def __init__(self, onnx, description):
        self._onnx = onnx
        self._description = description
        self._session = None
        self.feature_names_in_ = np.array([column["name"] for column in description["columns"]], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        if description["classes"] is not None:
            self.classes_ = np.array(description["classes"])

    def __reduce__(self):
        return _Recipe(_Recipe(eval, LOADER), SOURCE), (self._onnx, self._description)

    def __repr__(self):
        return "TrainerModel(task=%r, features=%d)" % (self._description["task"], self.n_features_in_)

    def predict(self, X):
        """The class of each row as it stood in the training data, or its value."""
        first = self._run(X)[0]
        if self._description["classes"] is None:
            return np.asarray(first).reshape(-1)
        return np.asarray(first).astype(self.classes_.dtype)

    def predict_proba(self, X):
        """Probabilities, rows x classes in the order of classes_."""
        if self._description["classes"] is None:
            raise AttributeError("predict_proba is for classification; this model does regression")
        return np.asarray(self._run(X)[1])

    def _run(self, X):
        if self._session is None:
            import onnxruntime

            self._session = onnxruntime.InferenceSession(self._onnx, providers=["CPUExecutionProvider"])
        values = self._matrix(X)
        matrix_input = self._description["matrix_input"]
        if matrix_input is not None:
            return self._session.run(None, {matrix_input: np.ascontiguousarray(values, dtype=np.float32)})
        feeds = {}
        for place, column in enumerate(self._description["columns"]):
            kind = np.float64 if column["type"] == "double" else np.float32
            feeds[column["input"]] = np.ascontiguousarray(values[:, place : place + 1], dtype=kind)
        return self._session.run(None, feeds)

    def _matrix(self, X):
        names = list(self.feature_names_in_)
        if hasattr(X, "iloc") and hasattr(X, "columns"):
            self._check_names(X.columns, "The DataFrame")
            columns = [X[name].to_numpy(dtype="float64", na_value=np.nan) for name in names]
            return np.column_stack(columns)
        if isinstance(X, (list, tuple)) and len(X) > 0 and isinstance(X[0], dict):
            for place, row in enumerate(X):
                self._check_names(row, "Row %d" % place)
            X = [[row[name] for name in names] for row in X]
        values = np.asarray(X, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(names):
            wanted = "X has the shape %s; this model takes rows of %d columns: %s"
            raise ValueError(wanted % (values.shape, len(names), ", ".join(map(str, names[:20]))))
        return values

    def _check_names(self, given, where):
        missing = [str(name) for name in self.feature_names_in_ if name not in given]
        if missing:
            raise ValueError("%s lacks %s; give None or NaN where a value is missing" % (where, ", ".join(missing[:20])))
`;
