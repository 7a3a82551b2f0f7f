// Executables of other Node versions, from npm, one for each major version that is measured.

import { execFileSync } from 'node:child_process'

const MAJORS = [20, 22, 24]

function platformPackage() {
  const system = process.platform === 'win32' ? 'win' : process.platform
  return `node-${system}-${process.arch}`
}

/** Downloaded once; then the executable is started directly, without npx in between. */
function fetchNode(major) {
  const args = ['-y', '-p', `${platformPackage()}@${major}`, 'node', '-p', 'process.execPath']
  const output = execFileSync('npx', args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
    timeout: 300_000,
  })
  return output.toString().trim().split('\n').at(-1)
}

function versionOf(executable) {
  return execFileSync(executable, ['-p', 'process.versions.node']).toString().trim()
}

/** `nodes` of `{ major, version, executable }`, and `remarks` about those that cannot be had. */
export function findNodes() {
  const own = Number(process.versions.node.split('.')[0])
  const nodes = []
  const remarks = []
  for (const major of MAJORS) {
    try {
      const executable = major === own ? process.execPath : fetchNode(major)
      nodes.push({ major, version: versionOf(executable), executable })
    } catch (error) {
      remarks.push(`Node ${major} was not measured: ${error.message.split('\n')[0]}`)
    }
  }
  return { nodes, remarks }
}
