"""SQLite: one table in the order of arrival, integers throughout, no index."""

import os
import sqlite3
from array import array

from measuring import (
    SLOWEST_COUNT,
    measure_load,
    measure_time,
    print_answers,
    print_measure,
)

VERSION = sqlite3.sqlite_version
FILES = (("names.u16", "H", 2), ("ends.i64", "q", 8), ("durations.u64", "Q", 8))
STATISTICS = "SELECT name, count(*), avg(duration), max(duration) FROM calls GROUP BY name"
# Nearest rank, as everywhere here. SQLite has no function for it.
PERCENTILES = """
    SELECT name, min(duration), max(duration)
    FROM (SELECT name, duration,
            row_number() OVER (PARTITION BY name ORDER BY duration) AS rank FROM calls)
    JOIN (SELECT name, count(*) AS n FROM calls GROUP BY name) USING (name)
    WHERE rank IN ((n + 1) / 2, (99 * n + 99) / 100) GROUP BY name"""
SLOWEST = f"SELECT name, end, duration FROM calls ORDER BY duration DESC LIMIT {SLOWEST_COUNT}"


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


def load(settings):
    rows = [read(settings, *file) for file in FILES]
    connection = connect(settings)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE calls (name INTEGER, end INTEGER, duration INTEGER)")

    def insert():
        with connection:
            connection.executemany("INSERT INTO calls VALUES (?, ?, ?)", zip(*rows))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    measure_load(len(rows[0]), insert)
    connection.close()
    print_measure("size", "bytes a row", [os.path.getsize(file_of(settings)) / len(rows[0])])


def query(settings):
    connection = connect(settings)

    def asking(text):
        return lambda: connection.execute(text).fetchall()

    statistics = measure_time("statistics", settings.repeat, asking(STATISTICS))
    percentiles = measure_time("percentiles", settings.repeat, asking(PERCENTILES))
    slowest = measure_time("slowest", settings.repeat, asking(SLOWEST))
    print_answers(statistics, percentiles, slowest)
