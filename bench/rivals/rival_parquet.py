"""Parquet by PyArrow, with the encodings that come out smallest; DuckDB answers the questions."""

import os

import pyarrow
from pyarrow import parquet

from duckdb_queries import ask_all, texts
from measuring import columns, measure_load, print_measure, sorted_by_function

VERSION = pyarrow.__version__
ENCODINGS = {"end": "DELTA_BINARY_PACKED", "duration": "BYTE_STREAM_SPLIT"}


def file_of(settings, name="calls"):
    return os.path.join(settings.dir, f"{name}.parquet")


def store(path, rows, level, encodings):
    settings = {"compression": "zstd", "compression_level": level, "use_dictionary": ["name"]}
    table = pyarrow.table(dict(zip(("name", "end", "duration"), rows)))
    with open(path, "wb") as file:
        parquet.write_table(table, file, column_encoding=encodings, **settings)
        file.flush()
        os.fsync(file.fileno())


def load(settings):
    rows = columns(settings)
    count = len(rows[0])
    measure_load(count, lambda: store(file_of(settings), rows, 3, ENCODINGS))
    print_measure("size", "bytes a row", [os.path.getsize(file_of(settings)) / count])
    by_function = file_of(settings, "sorted")
    store(by_function, sorted_by_function(*rows), 9, ENCODINGS)
    print_measure("size sorted", "bytes a row", [os.path.getsize(by_function) / count])


def query(settings):
    table = f"read_parquet('{file_of(settings)}')"
    ask_all(":memory:", texts(table, settings), settings)
