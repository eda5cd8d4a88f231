"""Reads many files with pandas, as a user would: {"files": [{"path", "separator"}]} in, for each what pandas makes of it out.

A file's answer is {"error": ...} or {"columns": [...], "commas": [...]}: the columns as read with a decimal point, and where the separator
is no comma as read with a decimal comma too. A column is {"name", "type", "values"}; null is missing, integers are texts of digits.
"""
import json
import resource
import sys

import pandas as pd


def plain(value):
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, int):
        return {"int": str(value)}
    return value


def columns(path, separator, decimal):
    table = pd.read_csv(path, sep=separator, decimal=decimal, low_memory=False)
    if not isinstance(table.index, pd.RangeIndex):
        return "index"
    # The default parser keeps some 12 digits of a small number; what it takes for a number is what counts, its value is the nearest double.
    exact = pd.read_csv(path, sep=separator, decimal=decimal, low_memory=False, float_precision="round_trip")
    for name in table:
        if table[name].dtype == "float64" and exact[name].dtype == "float64":
            table[name] = exact[name]
    return [{"name": str(name), "type": str(table[name].dtype), "values": [plain(value) for value in table[name].tolist()]} for name in table]


def read(path, separator):
    try:
        answer = {"columns": columns(path, separator, ".")}
    except Exception as error:  # whatever pandas can't read is an answer too
        return {"error": "%s: %s" % (type(error).__name__, str(error)[:200])}
    if answer["columns"] == "index":
        return {"error": "index"}
    if separator != ",":
        answer["commas"] = columns(path, separator, ",")
    return answer


# Some files with CR line ends make pandas 2.3 take memory without end (it says "Buffer overflow caught" where it notices).
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
request = json.load(sys.stdin)
json.dump([read(one["path"], one["separator"]) for one in request["files"]], sys.stdout)
