"""{"folder": F, "seeds": [..]} writes a made-up table of each seed by pyarrow or polars to F/SEED.parquet, in whatever way these can.

Prints for each its columns: the name, the kind that it is read as and the values, numbers as text with all their digits, dates as
microseconds since 1970.
"""
import datetime as dt
import decimal
import json
import os
import random
import sys
import uuid

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = dt.datetime(1970, 1, 1)
CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]


def of_int(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def make(r):
        near = r.choice([low, high, 0, 2**53, -(2**53)]) + r.randint(-2, 2)
        return min(max(r.choice([near, r.randint(low, high), r.randint(0, 9)]), low), high)

    return make


def of_text(r):
    kind = r.random()
    if kind < 0.6:
        return "level-%d" % r.randint(0, 30)
    if kind < 0.9:
        return "".join(r.choice("ab\u00e9\U0001f600 \t\n\"',;\0") for _ in range(r.randint(0, 14)))
    return "x" * r.choice([0, 1, 12, 13, 255, 256, 70_000])


def of_double(r):
    return r.choice([r.gauss(0, 1), float(r.randint(-9, 9)), r.uniform(-1e300, 1e300), 5e-324, -0.0, 1 / 3])


def of_decimal(precision, scale):
    return lambda r: decimal.Decimal(r.randint(-(10**precision) + 1, 10**precision - 1)).scaleb(-scale)


def of_time(r):
    # As far as nanoseconds in 64 bits go, which is how pyarrow reads INT96.
    return EPOCH + dt.timedelta(microseconds=r.choice([0, -1, 1, r.randint(-(9 * 10**15), 9 * 10**15)]))


# The type, a value of it, and the kind that it is read as.
TYPES = [
    *((getattr(pa, ("int%d" if signed else "uint%d") % bits)(), of_int(bits, signed), "integer") for bits in (8, 16, 32, 64) for signed in (True, False)),
    (pa.float64(), of_double, "number"),
    (pa.float32(), lambda r: r.choice([0.1, 1.5, -2.25, 3e38]), "number"),
    (pa.float16(), lambda r: r.choice([0.0, 1.5, -2.25, 6.1e-05, 65504.0]), "number"),
    (pa.bool_(), lambda r: r.random() < r.choice([0, 0.5, 0.9]), "boolean"),
    (pa.string(), of_text, "text"),
    (pa.large_string(), of_text, "text"),
    (pa.dictionary(pa.int32(), pa.string()), of_text, "text"),
    (pa.date32(), lambda r: dt.date(1970, 1, 1) + dt.timedelta(days=r.randint(-400_000, 400_000)), "date"),
    (pa.timestamp("ms"), lambda r: of_time(r).replace(microsecond=5000), "date"),
    (pa.timestamp("us"), of_time, "date"),
    (pa.timestamp("ns"), lambda r: EPOCH + dt.timedelta(microseconds=r.randint(-(10**15), 10**15)), "date"),
    (pa.timestamp("us", tz="UTC"), lambda r: of_time(r).replace(tzinfo=dt.timezone.utc), "date"),
    (pa.decimal128(5, 2), of_decimal(5, 2), "number"),
    (pa.decimal128(15, 0), of_decimal(15, 0), "number"),
    (pa.decimal128(38, 10), of_decimal(38, 10), "number"),
    (pa.decimal256(60, 30), of_decimal(60, 30), "number"),
]


def told(kind, value):
    if value is None or value != value:
        return None
    if kind == "integer":
        return str(value)
    if kind == "number":
        return repr(float(value))
    if kind == "date":
        if not isinstance(value, dt.datetime):
            value = dt.datetime(value.year, value.month, value.day)
        return (value.replace(tzinfo=None) - EPOCH) // dt.timedelta(microseconds=1)
    return value


def column(r, rows, make):
    gaps = r.choice([0, 0, 0.1, 0.9, 1])
    few = [make(r) for _ in range(r.randint(1, 5))] if r.random() < 0.4 else None
    runs = r.random() < 0.3
    values = []
    while len(values) < rows:
        value = None if r.random() < gaps else r.choice(few) if few else make(r)
        values += [value] * (r.randint(1, 40) if runs else 1)
    return values[:rows]


def write_arrow(r, path, names, chosen, columns):
    fields = [pa.field(name, kind, nullable=None in values or r.random() < 0.7) for name, (kind, _, _), values in zip(names, chosen, columns)]
    arrays = [pa.array(values, field.type) for field, values in zip(fields, columns)]
    options = {
        "compression": r.choice(CODECS),
        "use_dictionary": r.random() < 0.6,
        "data_page_version": r.choice(["1.0", "2.0"]),
        "data_page_size": r.choice([1, 100, 10_000, 1 << 20]),
        "dictionary_pagesize_limit": r.choice([50, 1 << 20]),
        "row_group_size": r.choice([1, 7, 1000, 100_000]),
        "write_batch_size": r.choice([1, 10, 1024]),
        "write_statistics": r.random() < 0.7,
        "write_page_checksum": r.random() < 0.3,
        "store_schema": r.random() < 0.7,
        "use_deprecated_int96_timestamps": r.random() < 0.2,
    }
    if not options["use_dictionary"] and r.random() < 0.8:
        options["column_encoding"] = {
            name: r.choice(choices)
            for name, field in zip(names, fields)
            for choices in [encodings(field.type)]
            if choices
        }
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), path, **options)


def encodings(kind):
    if pa.types.is_integer(kind):
        return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    if pa.types.is_float32(kind) or pa.types.is_float64(kind) or pa.types.is_float16(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
    if pa.types.is_boolean(kind):
        return ["PLAIN", "RLE"]
    return None


def write_polars(r, path, names, chosen, columns):
    table = pa.table([pa.array(values, kind) for (kind, _, _), values in zip(chosen, columns)], names=names)
    codec = r.choice(["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"])
    pl.from_arrow(table).write_parquet(path, compression=codec, row_group_size=r.choice([3, 1000]), data_page_size=r.choice([64, 1 << 20]))


def case(folder, seed):
    r = random.Random(seed)
    rows = r.choice([1, 2, 7, 8, 9, 100, 1023, 1024, 1025, 3000])
    is_polars = r.random() < 0.2
    types = [one for one in TYPES if not (is_polars and (one[0] == pa.float16() or pa.types.is_decimal256(one[0])))]
    chosen = [r.choice(types) for _ in range(r.randint(1, 6))]
    names = ["c%d" % at for at in range(len(chosen))]
    columns = [column(r, rows, make) for _, make, _ in chosen]
    path = os.path.join(folder, "%d.parquet" % seed)
    (write_polars if is_polars else write_arrow)(r, path, names, chosen, columns)
    read = pq.ParquetFile(path).read()
    told_columns = []
    for name, (_, _, kind) in zip(names, chosen):
        array = read.column(name)
        if pa.types.is_timestamp(array.type):
            # Python's dates have no nanoseconds.
            array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
        told_columns.append({"name": name, "kind": kind, "type": str(array.type), "values": [told(kind, value) for value in array.to_pylist()]})
    return told_columns


request = json.load(sys.stdin)
json.dump([case(request["folder"], seed) for seed in request["seeds"]], sys.stdout)
