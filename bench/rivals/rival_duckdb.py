"""DuckDB: one table, its own choice of compression."""

import os

import duckdb
import pyarrow

from duckdb_queries import ask_all, connect, texts
from measuring import columns, measure_load, print_measure, sorted_by_function

VERSION = duckdb.__version__


def file_of(settings, name="calls"):
    return os.path.join(settings.dir, f"{name}.duckdb")


def store(path, rows, settings, more=""):
    """Stores rows, and what a statement makes of them besides."""
    connection = connect(path, settings)
    connection.register("rows", pyarrow.table(dict(zip(("name", "end", "duration"), rows))))
    connection.execute("CREATE TABLE calls AS SELECT * FROM rows")
    connection.execute(f"{more}; CHECKPOINT")
    connection.close()


def load(settings):
    rows = columns(settings)
    count = len(rows[0])
    measure_load(count, lambda: store(file_of(settings), rows, settings))
    print_measure("size", "bytes a row", [os.path.getsize(file_of(settings)) / count])
    by_function = file_of(settings, "sorted")
    store(by_function, sorted_by_function(*rows), settings)
    print_measure("size sorted", "bytes a row", [os.path.getsize(by_function) / count])


def query(settings):
    ask_all(file_of(settings), texts("calls", settings), settings)
