// The benches, in the order in which they run and in which docs/benchmarks.md has them.

export const names = [
  'capture', 'http', 'frameworks', 'original', 'footprint', 'store', 'answers', 'rows', 'compare',
]
