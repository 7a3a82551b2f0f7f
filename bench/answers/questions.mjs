// The questions, with their goals: what they take at most, in milliseconds, and how many times as
// long each rival has to take.

export const questions = [
  {
    measure: 'statistics', label: 'count, mean, deviation, standard error by function',
    atMost: 2, rivals: { duckdb: 50, duckdb_rollup: 1 },
  },
  { measure: 'sketches', label: 'the same with all percentiles within 1 %' },
  {
    measure: 'percentiles', label: 'exact median and p99 by function',
    atMost: 250, rivals: { duckdb: 3, clickhouse: 1.5 },
  },
  { measure: 'slowest', label: 'slowest 20', atMost: 3, rivals: { duckdb: 3 } },
  { measure: 'range', label: 'one function in ten minutes', rivals: { duckdb: 1 } },
  { measure: 'heatmap', label: 'heatmap of all rows, 200 x 60', atMost: 150 },
  { measure: 'heatmap moved', label: 'the same, moved by a twentieth', atMost: 30 },
]

/** What else is said of a process that asks. */
export const others = [
  { measure: 'open', label: 'open a database' },
  { measure: 'memory', label: 'memory of a process that asks, at its peak' },
]
