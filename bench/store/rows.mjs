// What is reported: a row for each measure of a part, with its goal and what it is compared with.
//
// To add one: let the Rust program (or a part of `parts.mjs`) print a measure, and name it here
// with its part, a label, and a goal if there is one. `rivals` says which of their measures it is
// held against, and what is said of them; without it the row is about Kronicler alone.

export const rows = [
  {
    part: 'reference', measure: 'size', label: 'size', goal: { atMost: 6 },
    rivals: { size: '', 'size sorted': ', sorted by function' },
  },
  { part: 'functions', measure: 'size', label: 'size, 2,000 functions' },
  { part: 'threads', measure: 'size', label: 'size, 4 threads' },
  {
    // Raw: two bytes for the name, eight each for end and duration.
    part: 'random', measure: 'size', label: 'size, random rows', goal: { atMost: 18 * 1.01 },
  },
  {
    part: 'reference', measure: 'load', label: 'append, seal, join and sync',
    rivals: { load: '' },
  },
  {
    part: 'reference', measure: 'load by CPU', label: 'append, seal and join, by CPU time',
    rivals: { 'load by CPU': '' },
  },
  {
    part: 'reference', measure: 'written', label: 'written while loading',
    rivals: { written: '' },
  },
  {
    part: 'pipeline', measure: 'ring to sealed by CPU', label: 'ring to segment, by CPU time',
    goal: { atLeast: 5e6 },
  },
  { part: 'reference', measure: 'size while written', label: 'size before `kr compact`' },
  {
    part: 'segments', measure: 'open 1,000 segments', label: 'open 1,000 segments',
    goal: { atMost: 20 },
  },
  {
    part: 'rate', measure: 'CPU', label: 'drain and disk threads at 100,000 captures/s',
    goal: { atMost: 3 },
  },
  {
    part: 'rate', measure: 'written', label: 'written at 100,000 captures/s',
    goal: { atMost: 20 },
  },
]
