"""DuckDB with a roll-up beside its table: statistics of each function and minute."""

import math
import os

from duckdb_library import Library
from duckdb_queries import connect
from measuring import columns, measure_load, measure_time, print_answer, print_measure
from rival_duckdb import VERSION, file_of, store

# Made once from all rows, which costs less than to add to it as they come.
ROLLUP = """
    CREATE TABLE rollup AS
    SELECT name, "end" // 60_000_000_000 AS minute, count(*) AS count, sum(duration)::BIGINT AS sum,
      sum(duration::DOUBLE * duration) AS squares, min(duration) AS min, max(duration) AS max
    FROM calls GROUP BY ALL ORDER BY ALL"""
# What the mean and the deviation are made of is not timed: planning that takes DuckDB longer.
STATISTICS = "SELECT name, sum(count), sum(sum), sum(squares) FROM rollup GROUP BY name"


def load(settings):
    rows = columns(settings)
    measure_load(len(rows[0]), lambda: store(file_of(settings), rows, settings, ROLLUP))
    print_measure("size", "bytes a row", [os.path.getsize(file_of(settings)) / len(rows[0])])


def statistics(name, count, total, squares):
    """From sums: function, count, mean, deviation, standard error."""
    mean = total / count
    spread = math.sqrt(max(squares - total * mean, 0) / (count - 1))
    return name, count, mean, spread, spread / math.sqrt(count)


def query(settings):
    with connect(file_of(settings), settings) as connection:
        rows = connection.execute(STATISTICS).fetchall()
        print_answer("statistics", [statistics(*row) for row in rows])
    library = Library(file_of(settings), settings)
    measure_time("statistics", settings.repeat, library.prepare(STATISTICS))
    library.close()
