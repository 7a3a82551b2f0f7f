"""SQLite: one table in the order of arrival, integers throughout, no index."""

import math
import os
import sqlite3
from array import array

from measuring import (
    SLOWEST_COUNT,
    heatmap_places,
    measure_load,
    measure_time,
    print_answer,
    print_measure,
)

VERSION = sqlite3.sqlite_version
FILES = (("names.u16", "H", 2), ("ends.i64", "q", 8), ("durations.u64", "Q", 8))
TABLE = "CREATE TABLE calls (name INTEGER, end INTEGER, duration INTEGER)"
# SQLite has no deviation; it comes from the sum of squares, in doubles because of its size.
STATISTICS = """
    SELECT name, count(*), sum(duration), total(1.0 * duration * duration)
    FROM calls GROUP BY name"""
# Nearest rank, as everywhere here. SQLite has no function for it.
PERCENTILES = """
    SELECT name, min(duration), max(duration)
    FROM (SELECT name, duration,
            row_number() OVER (PARTITION BY name ORDER BY duration) AS rank FROM calls)
    JOIN (SELECT name, count(*) AS n FROM calls GROUP BY name) USING (name)
    WHERE rank IN ((n + 1) / 2, (99 * n + 99) / 100) GROUP BY name"""
SLOWEST = f"SELECT name, end, duration FROM calls ORDER BY duration DESC LIMIT {SLOWEST_COUNT}"
RANGE = """
    SELECT 0, count(*), sum(duration), total(1.0 * duration * duration), min(duration),
      max(duration)
    FROM calls WHERE name = 0 AND end >= {since} AND end < {until}"""

HEATMAP = """
    SELECT (end - {begin}) / {width} AS period, CAST(log2(duration) * 1.5 AS INTEGER) AS bin,
      count(*)
    FROM calls WHERE end >= {begin} AND end < {finish} GROUP BY period, bin"""


def file_of(settings):
    return os.path.join(settings.dir, "calls.sqlite")


def connect(settings):
    connection = sqlite3.connect(file_of(settings))
    connection.execute(f"PRAGMA cache_size = {-1024 * settings.memory // 4}")
    return connection


def read(settings, name, kind, size):
    path = os.path.join(settings.columns, name)
    values = array(kind)
    with open(path, "rb") as file:
        values.fromfile(file, settings.rows or os.path.getsize(path) // size)
    return values


def load(settings, *more):
    """Loads into the table, and into what these statements make besides."""
    rows = [read(settings, *file) for file in FILES]
    connection = connect(settings)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    for statement in (TABLE, *more):
        connection.execute(statement)

    def insert():
        with connection:
            connection.executemany("INSERT INTO calls VALUES (?, ?, ?)", zip(*rows))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    measure_load(len(rows[0]), insert)
    connection.close()
    print_measure("size", "bytes a row", [os.path.getsize(file_of(settings)) / len(rows[0])])


def from_sums(count, total, squares):
    """Count, mean and deviation."""
    mean = total / count
    return count, mean, math.sqrt(max(squares - total * mean, 0) / (count - 1))


def statistics(name, *sums):
    """Function, count, mean, deviation, standard error."""
    count, mean, spread = from_sums(*sums)
    return name, count, mean, spread, spread / math.sqrt(count)


def ask(connection, settings, name, text, answer_of=lambda *row: row):
    rows = connection.execute(text).fetchall()
    print_answer(name, [answer_of(*row) for row in rows])
    measure_time(name, settings.repeat, lambda: connection.execute(text).fetchall() and None)


def query(settings):
    def open_and_close():
        connection = connect(settings)
        connection.execute("SELECT name FROM calls LIMIT 1").fetchall()
        connection.close()

    measure_time("open", settings.repeat, open_and_close)
    connection = connect(settings)
    ask(connection, settings, "statistics", STATISTICS, statistics)
    ask(connection, settings, "percentiles", PERCENTILES)
    ask(connection, settings, "slowest", SLOWEST)
    bounds = {"since": settings.since, "until": settings.until}
    range_of = lambda _, *sums: (*from_sums(*sums[:3]), *sums[3:])
    ask(connection, settings, "range", RANGE.format(**bounds), range_of)
    for name, window in heatmap_places(settings).items():
        ask(connection, settings, name, HEATMAP.format(**window))
