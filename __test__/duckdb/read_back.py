"""Reads what `kr export` wrote by DuckDB and prints each row as a line of JSON.

Times come as nanoseconds in texts, as `kr fetch --json` has them.
"""

import json
import sys

import duckdb
from pyarrow import ipc

QUERY = """
SELECT * REPLACE (
    epoch_ns(start_ns)::VARCHAR AS start_ns,
    epoch_ns(end_ns)::VARCHAR AS end_ns
)
FROM {} ORDER BY lane, seq
"""


def open_arrow(path):
    """Both forms of Arrow's files."""
    open_it = ipc.open_stream if path.endswith(".arrows") else ipc.open_file
    with open(path, "rb") as file, open_it(file) as reader:
        return reader.read_all()


def rows_of(path):
    if path.endswith(".parquet"):
        return duckdb.sql(QUERY.format("read_parquet(?)"), params=[path])
    if path.endswith(".csv"):
        # DuckDB takes an empty field for null and times for what they look like.
        options = "all_varchar = true, nullstr = '\\N', quote = '\"', escape = '\"'"
        return duckdb.sql(f"SELECT * FROM read_csv(?, {options})", params=[path])
    duckdb.register("calls", open_arrow(path))
    return duckdb.sql(QUERY.format("calls"))


def main(path):
    relation = rows_of(path)
    names = relation.columns
    for row in relation.fetchall():
        print(json.dumps(dict(zip(names, row))))


if __name__ == "__main__":
    main(sys.argv[1])
