"""Writes the Parquet files of test/fixtures/parquet, as people's programs write them: python3 write_parquet.py FOLDER.

Needs pandas, pyarrow and polars (written with pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0; the encrypted ones with pyarrow 22.0.0); the tests only read the files.
"""
import base64
import datetime as dt
import decimal
import os
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name + ".parquet")


day = [dt.date(2024, 1, 31), None, dt.date(1960, 1, 1)]
pq.write_table(
    pa.table(
        {
            "a": pa.array([1, None, 3], pa.int64()),
            "A": pa.array(["01", None, ""], pa.string()),
            "i8": pa.array([1, None, -128], pa.int8()),
            "u64": pa.array([1, None, 2**64 - 1], pa.uint64()),
            "big": pa.array([2**60 + 1, -5, None], pa.int64()),
            "half": pa.array([1.5, None, float("nan")], pa.float16()),
            "flag": pa.array([True, None, False]),
            "day": pa.array(day),
            "ns": pa.array([1_700_000_000_500_000_000, None, 0], pa.timestamp("ns")),
            "zoned": pa.array([1_700_000_000_123, None, 0], pa.timestamp("ms", tz="Europe/Berlin")),
            "price": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.00")], pa.decimal128(10, 2)),
            "level": pa.array(["low", None, "high"]).dictionary_encode(),
            "wide": pa.array(["NA", None, "a text of more than twelve bytes"], pa.large_string()),
            "nothing": pa.nulls(3),
            "list": pa.array([[1], [2], None]),
            "struct": pa.array([{"p": 1}] * 3),
            "bytes": pa.array([b"a", b"b", None], pa.binary()),
            "clock": pa.array([dt.time(1, 2, 3), None, dt.time(0, 0)]),
        }
    ),
    path("arrow"),
)
frame = pd.DataFrame({"a": [1, 2, 3], "label": pd.Categorical(["x", "y", "x"])}, index=[7, 8, 9])
frame.to_parquet(path("pandas-index"))
frame.rename_axis("id").to_parquet(path("pandas-named-index"))
frame.reset_index(drop=True).to_parquet(path("pandas"))
pl.DataFrame(
    {"n": [1, None, 3], "t": ["x", None, "01"], "c": pl.Series(["u", "v", None], dtype=pl.Categorical), "d": day, "f": [0.5, float("nan"), None]}
).write_parquet(path("polars"))


class Keys(pe.KmsClient):
    def __init__(self, _config):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key, _master):
        return base64.b64encode(key)

    def unwrap_key(self, wrapped, _master):
        return base64.b64decode(wrapped)


numbers = pa.table({"a": [1, 2, 3], "label": ["x", "y", "x"]})
for name, columns in (("encrypted-column", {"c": ["a"]}), ("encrypted-columns", {"c": ["a", "label"]})):
    plain = pe.EncryptionConfiguration(footer_key="f", column_keys=columns, plaintext_footer=True)
    properties = pe.CryptoFactory(Keys).file_encryption_properties(pe.KmsConnectionConfig(), plain)
    with pq.ParquetWriter(path(name), numbers.schema, encryption_properties=properties) as writer:
        writer.write_table(numbers)
