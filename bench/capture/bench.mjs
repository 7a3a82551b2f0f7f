// All that a captured call costs: time, slowest calls, memory; beside what others take.

import { versionOf } from '../harness/machine.mjs'
import { findNodes } from '../harness/node-versions.mjs'
import { measureAdded } from './added/measure.mjs'
import { measureAllocation } from './allocation/measure.mjs'
import { measureTail } from './tail/measure.mjs'
import { measureWays } from './ways/measure.mjs'

const parts = [
  { part: 'Against two clock reads', measure: measureAdded },
  { part: 'Ways of capturing, and what others take', measure: measureWays },
  { part: 'The slowest calls', measure: measureTail },
  { part: 'Memory', measure: measureAllocation },
]

const rivals = [
  'prom-client', '@opentelemetry/sdk-trace-base', '@opentelemetry/sdk-metrics', 'pino',
]

async function measureParts(nodes, options) {
  const measured = []
  for (const { part, measure } of parts) {
    for (const node of nodes) {
      const result = await measure(node, options)
      for (const figure of result.figures) figure.part = part
      measured.push(result)
    }
  }
  return measured
}

export async function run(options) {
  const { nodes, remarks } = findNodes()
  const measured = await measureParts(nodes, options)
  return {
    title: 'Cost of a captured call',
    clock: [...new Set(measured.flatMap(({ clocks }) => clocks))].join(', '),
    rivals: Object.fromEntries(rivals.map((name) => [name, versionOf(name)])),
    figures: measured.flatMap(({ figures }) => figures),
    remarks: [...remarks, ...measured.flatMap((one) => one.remarks)],
    plots: measured.flatMap(({ plots = [] }) => plots),
    raw: measured.flatMap(({ raw }) => raw),
  }
}
