// Whether answers agree: a bench in which two engines answer differently is void.

/** Exact statistics are right to a part in 10^9: sums are taken in another order. */
const EXACT = 1e-9
/** Of percentiles within 1 %: what a sketch promises. */
const SKETCHED = 0.01
/** ClickHouse takes the next rank where others take the nearest, if that is a whole number. */
const NEXT_RANK = 0.01

function toleranceOf(name, rival) {
  if (name === 'percentiles' && rival === 'clickhouse') return NEXT_RANK
  return ['statistics', 'range'].includes(name) ? EXACT : 0
}

function check(what, found, expected, tolerance) {
  const isNear = (value, index) =>
    Math.abs(value - expected[index]) <= tolerance * Math.abs(expected[index])
  if (found.length > 0 && found.length === expected.length && found.every(isNear)) return
  const at = found.findIndex((value, index) => !isNear(value, index))
  throw new Error(`${what}: number ${at} of ${found.length} is ${found[at]}, not ${expected[at]}`)
}

/** Throws unless a rival's answers are those of Kronicler. */
export function checkAnswers({ name, title }, theirs, ours) {
  for (const [measure, { values }] of Object.entries(theirs)) {
    if (!measure.startsWith('answer ')) continue
    const question = measure.slice('answer '.length)
    const tolerance = toleranceOf(question, name)
    check(`${title}, ${question}`, values, ours[measure].values, tolerance)
  }
}

/** Throws unless percentiles within 1 % are that near the exact ones. */
export function checkSketches(ours) {
  const [found, exact] = ['answer sketches', 'answer percentiles'].map((name) => ours[name].values)
  check('percentiles within 1 %', found, exact, SKETCHED)
}
