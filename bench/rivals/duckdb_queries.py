"""The questions in DuckDB's words, for its own files and for Parquet."""

import time

import duckdb

from duckdb_library import Library
from measuring import SLOWEST_COUNT, heatmap_places, measure_time, print_answer

STATISTICS = """
    SELECT name, count(*) AS n, avg(duration), stddev_samp(duration) AS spread, spread / sqrt(n)
    FROM {table} GROUP BY name"""
PERCENTILES = """
    SELECT name, quantile[1], quantile[2] FROM (
      SELECT name, quantile_disc(duration, [0.5, 0.99]) AS quantile FROM {table} GROUP BY name)"""
SLOWEST = f"""
    SELECT name, "end", duration FROM {{table}} ORDER BY duration DESC LIMIT {SLOWEST_COUNT}"""
RANGE = """
    SELECT count(*), avg(duration), stddev_samp(duration), min(duration), max(duration)
    FROM {table} WHERE name = 0 AND "end" >= {since} AND "end" < {until}"""

HEATMAP = """
    SELECT ("end" - {begin}) // {width} AS period, floor(log2(duration) * 1.5)::UTINYINT AS bin,
      count(*)
    FROM {table} WHERE "end" >= {begin} AND "end" < {finish} GROUP BY period, bin"""


def connect(path, settings):
    limits = {"threads": 1, "memory_limit": f"{settings.memory}MB"}
    return duckdb.connect(path, config=limits)


def texts(table, settings):
    """The questions about a table, or about what stands for one, by name."""
    places = {"table": table, "since": settings.since, "until": settings.until}
    return {
        "statistics": STATISTICS.format(**places),
        "percentiles": PERCENTILES.format(**places),
        "slowest": SLOWEST.format(**places),
        "range": RANGE.format(**places),
    } | {
        name: HEATMAP.format(table=table, **window)
        for name, window in heatmap_places(settings).items()
    }


def ask_all(path, questions, settings):
    """Prints the answers, then how long it takes to open and to answer."""
    with connect(path, settings) as connection:
        for name, text in questions.items():
            print_answer(name, connection.execute(text).fetchall())

    def opening():
        begin = time.perf_counter()
        library = Library(path, settings)
        took = time.perf_counter() - begin
        library.close()
        return 1e3 * took

    measure_time("open", settings.repeat, opening)
    library = Library(path, settings)
    for name, text in questions.items():
        measure_time(name, settings.repeat, library.prepare(text))
    library.close()
