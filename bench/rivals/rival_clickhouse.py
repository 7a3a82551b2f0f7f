"""ClickHouse inside Python (chdb): MergeTree tables with codecs chosen by hand."""

import os
import time

import chdb
import numpy
from chdb.session import Session

from measuring import (
    SLOWEST_COUNT,
    columns,
    heatmap_places,
    measure_load,
    measure_time,
    print_answer,
    print_measure,
)

VERSION = chdb.__version__
ROW_TYPES = "name UInt16, end Int64, duration UInt64"
COLUMNS = """
    name UInt16 CODEC(T64('bit'), ZSTD(3)),
    end Int64 CODEC(Delta, T64('bit'), ZSTD(3)),
    duration UInt64 CODEC(T64('bit'), ZSTD(3))"""
SORTED_COLUMNS = COLUMNS.replace("UInt16 CODEC(T64('bit'), ZSTD(3))", "UInt16 CODEC(ZSTD(1))")
STATISTICS = """
    SELECT name, count() AS n, avg(duration), stddevSampStable(duration) AS spread, spread / sqrt(n)
    FROM bench.calls GROUP BY name"""
PERCENTILES = """
    SELECT name, quantiles[1], quantiles[2] FROM (
      SELECT name, quantilesExact(0.5, 0.99)(duration) AS quantiles
      FROM bench.calls GROUP BY name)"""
SLOWEST = f"""
    SELECT name, end, duration FROM bench.calls
    ORDER BY duration DESC LIMIT {SLOWEST_COUNT}"""
RANGE = """
    SELECT count(), avg(duration), stddevSampStable(duration), min(duration), max(duration)
    FROM bench.calls WHERE name = 0 AND end >= {since} AND end < {until}"""

HEATMAP = """
    SELECT intDiv(end - {begin}, {width}) AS period, toUInt8(log2(duration) * 1.5) AS bin, count()
    FROM bench.calls WHERE end >= {begin} AND end < {finish} GROUP BY period, bin"""


def connect(settings):
    session = Session(os.path.join(os.path.abspath(settings.dir), "tables"))
    session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    session.query("SET max_threads = 1")
    session.query(f"SET max_memory_usage = {settings.memory * 1_000_000}")
    return session


def write_rows(path, names, ends, durations):
    """As ClickHouse reads them fastest: number after number, row after row."""
    rows = numpy.empty(len(names), [("name", "<u2"), ("end", "<i8"), ("duration", "<u8")])
    rows["name"], rows["end"], rows["duration"] = names, ends, durations
    rows.tofile(path)
    return len(rows)


def store(session, table, definition, order, path):
    session.query(f"CREATE TABLE {table} ({definition}) ENGINE = MergeTree ORDER BY {order}")
    source = f"file('{path}', RowBinary, '{ROW_TYPES}')"
    session.query(f"INSERT INTO {table} SELECT * FROM {source}")
    session.query(f"OPTIMIZE TABLE {table} FINAL")


def size_of(session, table):
    text = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'bench'"
    return int(session.query(f"{text} AND table = '{table}'", "CSV").bytes().decode())


def load(settings):
    path = os.path.join(os.path.abspath(settings.dir), "rows.bin")
    count = write_rows(path, *columns(settings))
    session = connect(settings)
    measure_load(count, lambda: store(session, "bench.calls", COLUMNS, "tuple()", path))
    print_measure("size", "bytes a row", [size_of(session, "calls") / count])
    store(session, "bench.sorted", SORTED_COLUMNS, "(name, end)", path)
    print_measure("size sorted", "bytes a row", [size_of(session, "sorted") / count])
    session.close()


def rows_of(session, text):
    lines = session.query(text, "CSV").bytes().decode().splitlines()
    return [tuple(map(float, line.split(","))) for line in lines]


def query(settings):
    begin = time.perf_counter()
    session = connect(settings)
    print_measure("open", "ms", [1e3 * (time.perf_counter() - begin)])
    bounds = {"since": settings.since, "until": settings.until}
    questions = {
        "statistics": STATISTICS,
        "percentiles": PERCENTILES,
        "slowest": SLOWEST,
        "range": RANGE.format(**bounds),
    } | {name: HEATMAP.format(**window) for name, window in heatmap_places(settings).items()}
    for name, text in questions.items():
        print_answer(name, rows_of(session, text))
        # Its own clock leaves out what handing over the answer takes.
        ask = lambda text=text: 1e3 * session.query(text, "Null").elapsed()
        measure_time(name, settings.repeat, ask)
    session.close()
