/**
 * The expression that a pickle evaluates first: a function from the program's text to its class. Kept apart from the program so
 * that the program is plain Python that can be read and checked.
 */
export const PICKLE_LOADER =
  "lambda source: (lambda scope: (exec(source, scope), scope['TrainerModel'])[1])({'__name__': 'trainer_model', 'SOURCE': source})";

/** Raises with any change of the program: models of one version hold the same text. */
export const PICKLE_PROGRAM_VERSION = 4;

/**
 * The Python program inside every `.pkl`, the same text in every model of a version; docs/pickle.md prints it (a test compares
 * them). It needs numpy and onnxruntime, and no package of ours.
 */
export const PICKLE_PROGRAM = String.raw`"""A model trained by Trainer, called like one of scikit-learn. Version 4.

It holds an ONNX file and a description of its columns and classes, and needs numpy and onnxruntime 1.21 or newer.
"""
import datetime
import os
import re

import numpy as np

LOADER = "${PICKLE_LOADER}"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


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
    """predict(X), for classes also predict_proba(X).

    X is an array or a list of rows, read by position; or one dict, a list of dicts, a dict of lists, a pandas Series, or a frame with
    column names (pandas, polars, Arrow), read by name. None, NaN, NaT, NA and what an array's mask covers are missing values.
    """

    def __init__(self, onnx, description):
        self._onnx = onnx
        self._description = description
        self._session = None
        self.feature_names_in_ = np.array([column["name"] for column in description["columns"]], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        if description["classes"] is not None:
            self.classes_ = _classes(description["classes"], description["target_type"])

    def __reduce__(self):
        return _Recipe(_Recipe(eval, LOADER), SOURCE), (self._onnx, self._description)

    def __repr__(self):
        return "TrainerModel(task=%r, features=%d)" % (self._description["task"], self.n_features_in_)

    def predict(self, X):
        """The class of each row as pandas reads it in the training data, its value, or the number of its cluster."""
        first = self._run(X)[0]
        if self._description["target_type"] == "cluster":
            return np.asarray(first, dtype=np.int64)
        if self._description["classes"] is None:
            return np.asarray(first, dtype=np.float64).reshape(-1)
        if self._description["target_type"] == "int64":
            return np.asarray(first, dtype=np.int64)
        place = {label: at for at, label in enumerate(self._description["classes"])}
        return self.classes_[np.array([place[label] for label in first], dtype=np.int64)]

    def predict_proba(self, X):
        """Probabilities, rows x classes in the order of classes_."""
        if self._description["classes"] is None:
            raise AttributeError("predict_proba is for classification; this model does " + self._description["task"])
        return np.asarray(self._run(X)[1])

    def _run(self, X):
        if self._session is None:
            # onnxruntime tells its maker of each model that it opens, unless this is set before its first import.
            os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
            import onnxruntime

            self._session = onnxruntime.InferenceSession(self._onnx, providers=["CPUExecutionProvider"])
        columns = self._description["columns"]
        values = [_read(given, column) for given, column in zip(self._given(X), columns)]
        if len({len(each) for each in values}) > 1:
            raise ValueError("The columns of X have different lengths: " + ", ".join(str(len(each)) for each in values[:20]))
        matrix_input = self._description["matrix_input"]
        if matrix_input is not None:
            return self._session.run(None, {matrix_input: np.column_stack(values).astype(np.float32)})
        kinds = {"float": np.float32, "double": np.float64, "string": object}
        feeds = {column["input"]: each.astype(kinds[column["type"]]).reshape(-1, 1) for each, column in zip(values, columns)}
        return self._session.run(None, feeds)

    def _given(self, X):
        """The columns of X in the order of feature_names_in_, as they were given."""
        if hasattr(X, "column_names"):
            return self._by_name(list(X.column_names), X.__getitem__, "The table")
        if hasattr(X, "columns") and hasattr(X, "__getitem__"):
            return self._by_name(list(X.columns), X.__getitem__, "The frame")
        if getattr(getattr(X, "dtype", None), "names", None):
            return self._by_name(list(X.dtype.names), X.__getitem__, "The array")
        if isinstance(X, dict) or _is_series(X):
            return self._of_dict(dict(X.items()))
        if isinstance(X, (list, tuple)):
            return self._of_rows(list(X))
        array = X if isinstance(X, np.ndarray) else np.asarray(X)
        if array.ndim != 2 or array.shape[1] != self.n_features_in_:
            raise ValueError("X has the shape %s; %s" % (array.shape, self._wanted()))
        return [array[:, place] for place in range(self.n_features_in_)]

    def _of_dict(self, given):
        lists = [hasattr(value, "__len__") and not isinstance(value, (str, bytes)) for value in given.values()]
        if any(lists) and not all(lists):
            raise ValueError("The dict mixes lists and single values: give one value a column for one row, or one list a column")
        columns = self._by_name(list(given), given.__getitem__, "The dict")
        return columns if all(lists) else [[value] for value in columns]

    def _of_rows(self, rows):
        if not rows:
            raise ValueError("X has no rows; " + self._wanted())
        if any(isinstance(row, dict) or _is_series(row) for row in rows):
            if not all(isinstance(row, dict) or _is_series(row) for row in rows):
                raise ValueError("X mixes rows with names and rows without")
            read = [self._by_name(list(row.keys()), row.__getitem__, "Row %d" % place) for place, row in enumerate(rows)]
            return [list(column) for column in zip(*read)]
        for place, row in enumerate(rows):
            width = len(row) if hasattr(row, "__len__") and not isinstance(row, (str, bytes)) else None
            if width != self.n_features_in_:
                found = "is a single value" if width is None else "has %d values" % width
                raise ValueError("Row %d of X %s; %s" % (place, found, self._wanted()))
        return [[row[place] for row in rows] for place in range(self.n_features_in_)]

    def _by_name(self, names, get, where):
        keys = {}
        for name in names:
            if str(name) in keys:
                raise ValueError("%s has the column %r more than once" % (where, str(name)))
            keys[str(name)] = name
        missing = [name for name in self.feature_names_in_ if name not in keys]
        if missing:
            raise ValueError("%s lacks %s; give None or NaN where a value is missing" % (where, ", ".join(missing[:20])))
        return [get(keys[name]) for name in self.feature_names_in_]

    def _wanted(self):
        names = list(self.feature_names_in_)
        return "this model takes rows of %d columns: %s" % (len(names), ", ".join(names[:20]))


def _classes(texts, kind):
    if kind == "int64":
        return np.array([int(text) for text in texts], dtype=np.int64)
    if kind == "float64":
        return np.array([float(text) for text in texts], dtype=np.float64)
    if kind == "boolean":
        return np.array([text == "True" for text in texts], dtype=bool)
    return np.array(texts, dtype=object)


def _is_series(X):
    return hasattr(X, "index") and hasattr(X, "keys") and hasattr(X, "items") and getattr(X, "ndim", 0) == 1


def _is_missing(value):
    if value is None or value is np.ma.masked or type(value).__name__ == "NAType":
        return True
    return isinstance(value, (float, np.floating, np.datetime64)) and value != value or type(value).__name__ == "NaTType"


def _read(given, column):
    """One column as numbers, or as texts with the empty one for a missing value."""
    holds = column["holds"]
    if isinstance(given, np.ma.MaskedArray):
        array = np.array(given.data, dtype=object)
        array[np.ma.getmaskarray(given)] = None
    elif isinstance(given, (list, tuple)):
        array = np.empty(len(given), dtype=object)
        array[:] = given
    else:
        array = np.asarray(given)
    if array.ndim != 1:
        raise ValueError("The column %r has %d dimensions; give one value a row" % (column["name"], array.ndim))
    if holds in ("number", "boolean") and array.dtype.kind in "fiub":
        return array.astype(np.float64)
    if holds == "date" and array.dtype.kind == "M":
        seconds = array.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(array), np.nan, seconds)
    one = {"number": _number, "boolean": _boolean, "date": _date, "text": _text}[holds]
    values = []
    for row, value in enumerate(array):
        if _is_missing(value):
            values.append("" if holds == "text" else np.nan)
            continue
        try:
            values.append(one(value, column))
        except (TypeError, ValueError, OverflowError):
            wanted = "date written as " + column["spelling"] if holds == "date" else holds
            shown = value.item() if isinstance(value, np.generic) else value
            raise ValueError("Row %d: %r in the column %r is not a %s" % (row, shown, column["name"], wanted)) from None
    return np.array(values, dtype=object if holds == "text" else np.float64)


def _number(value, column):
    return float(value)


def _boolean(value, column):
    if isinstance(value, str):
        known = {"true": 1.0, "false": 0.0}
        return known[value.strip().lower()] if value.strip().lower() in known else float(value)
    return float(value)


def _text(value, column):
    return value if isinstance(value, str) else str(value)


def _date(value, column):
    """Seconds since 1970-01-01 UTC."""
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]").astype(np.int64) / 1e6
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) / datetime.timedelta(seconds=1)
    if isinstance(value, datetime.date):
        return (value.toordinal() - 719163) * 86400.0
    match = re.fullmatch(column["pattern"], value.strip(), re.IGNORECASE | re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    parts = dict(zip(column["order"], match.groups()))
    month = int(parts["m"]) if parts["m"].isdigit() else MONTHS.index(parts["m"][:3].lower()) + 1
    days = datetime.date(int(parts["y"]), month, int(parts["d"])).toordinal() - 719163
    hours, minutes, seconds, fraction, half, zone = match.groups()[3:]
    if hours is None:
        return days * 86400.0
    hour, minute, second = int(hours), int(minutes), int(seconds or 0)
    if half is not None:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return days * 86400 + (hour * 3600 + minute * 60 + second + float(fraction or 0) - _offset(zone))


def _offset(zone):
    if zone is None or zone.upper() == "Z":
        return 0
    digits = zone.replace(" ", "").replace(":", "")
    hours, minutes = int(digits[1:3]), int(digits[3:5] or 0)
    if hours > 14 or minutes > 59:
        raise ValueError
    return (-1 if digits[0] == "-" else 1) * (hours * 3600 + minutes * 60)
`;
