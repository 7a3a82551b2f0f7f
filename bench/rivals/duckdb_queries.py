"""The questions in DuckDB's words, for its own files and for Parquet."""

from measuring import SLOWEST_COUNT, measure_time, print_answers


def connect(path, settings):
    import duckdb

    limits = {"threads": 1, "memory_limit": f"{settings.memory}MB"}
    return duckdb.connect(path, config=limits)


def ask_all(connection, table, settings):
    """Asks of a table, or of what stands for one."""

    def asking(text):
        return lambda: connection.execute(text).fetchall()

    statistics = f"SELECT name, count(*), avg(duration), max(duration) FROM {table} GROUP BY name"
    percentiles = (
        "SELECT name, quantile[1], quantile[2] FROM (SELECT name,"
        f" quantile_disc(duration, [0.5, 0.99]) AS quantile FROM {table} GROUP BY name)"
    )
    slowest = f'SELECT name, "end", duration FROM {table} ORDER BY duration DESC'
    print_answers(
        measure_time("statistics", settings.repeat, asking(statistics)),
        measure_time("percentiles", settings.repeat, asking(percentiles)),
        measure_time("slowest", settings.repeat, asking(f"{slowest} LIMIT {SLOWEST_COUNT}")),
    )
