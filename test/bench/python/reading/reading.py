"""{"make": FOLDER, "rows": N} writes the tables; {"read": PATH, "with": "pandas" or "polars", "threads": N} reads one in this process."""
import json
import os
import resource
import sys
import time

request = json.load(sys.stdin)


def make(folder, rows):
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    numbers = pd.DataFrame(random.normal(size=(rows, 27)).round(6), columns=["f%d" % at for at in range(27)])
    numbers["y"] = (numbers.sum(axis=1) > 0).astype(int)
    texts = pd.DataFrame({"t%d" % levels: np.char.add("level-", random.integers(0, levels, rows).astype(str)) for levels in (5, 50, 3_000, 100_000)})
    for name, table in (("numbers", numbers), ("texts", texts)):
        table.to_csv(os.path.join(folder, name + ".csv"), index=False)
        table.to_parquet(os.path.join(folder, name + ".parquet"), index=False)
    return {}


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def read(path, library, threads):
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    if library == "polars":
        import polars as pl

        load = pl.read_parquet if path.endswith(".parquet") else pl.read_csv
    else:
        import pandas as pd

        load = pd.read_parquet if path.endswith(".parquet") else pd.read_csv
    cpu, empty = usage()
    started = time.perf_counter()
    table = load(path)
    wall = time.perf_counter() - started
    after, peak = usage()
    return {"rows": len(table), "wall_ms": wall * 1e3, "cpu_ms": (after - cpu) * 1e3, "peak_mib": peak - empty}


json.dump(make(request["make"], request["rows"]) if "make" in request else read(request["read"], request["with"], request["threads"]), sys.stdout)
