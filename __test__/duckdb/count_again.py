"""Statistics of calls that `kr export` wrote, counted by DuckDB: a line of JSON for each group.

Takes the Parquet file, what to group by (`name`, `hour` or `outcome`), the quantiles, and the
range of ends in nanoseconds, if only a part is meant.
"""

import json
import sys

import duckdb

# The nearest rank: the smallest value that so great a share of all do not exceed. Quantiles are
# decimal, so that no rank is missed by what a double cannot tell apart.
QUERY = """
WITH calls AS (
    SELECT name, outcome, duration_ns AS duration, epoch_ns(end_ns) AS ended
    FROM read_parquet($file)
    WHERE ended >= $since AND ended < $until
), groups AS (
    SELECT {group} AS "group", name, count(*) AS count,
        count(*) FILTER (outcome <> 'ok') AS errors,
        sum(duration)::VARCHAR AS sum, avg(duration) AS mean,
        coalesce(stddev_samp(duration), 0) AS deviation, deviation / sqrt(count) AS error,
        min(duration)::VARCHAR AS min, max(duration)::VARCHAR AS max,
        list_sort(list(duration)) AS sorted
    FROM calls GROUP BY "group", name
)
SELECT * EXCLUDE (sorted), [
    sorted[greatest(ceil(q::DECIMAL(9, 6) * count), 1)::BIGINT]::VARCHAR FOR q IN $quantiles
] AS quantiles
FROM groups ORDER BY name, "group"
"""

GROUPS = {
    "name": "''",
    "hour": "((ended // 3600000000000) * 3600000)::VARCHAR",
    "outcome": "outcome",
}


def main(file, group, quantiles, since=-(2**63), until=2**63 - 1):
    values = {
        "file": file,
        "quantiles": quantiles.split(","),
        "since": int(since),
        "until": int(until),
    }
    relation = duckdb.execute(QUERY.format(group=GROUPS[group]), values)
    names = [column[0] for column in relation.description]
    for row in relation.fetchall():
        print(json.dumps(dict(zip(names, row))))


if __name__ == "__main__":
    main(*sys.argv[1:])
