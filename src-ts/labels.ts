/** What a run is called where its program says nothing: service, version, instance. */

import { bare } from './arguments.js'
import { readVariable } from './environment.js'
import { findManifest } from './manifest.js'
import type { NativeOptions } from './native.js'

const serviceVariables = ['KRONICLER_SERVICE', 'OTEL_SERVICE_NAME', 'npm_package_name']

/**
 * The commit tells more than the version of a package, which few services raise. First what
 * platforms say of what they run, then what runners of tests say of what they check out.
 */
const versionVariables = [
  'KRONICLER_VERSION',
  'GIT_COMMIT',
  'COMMIT_SHA',
  'SOURCE_COMMIT',
  'SOURCE_VERSION',
  'HEROKU_BUILD_COMMIT',
  'HEROKU_SLUG_COMMIT',
  'VERCEL_GIT_COMMIT_SHA',
  'RENDER_GIT_COMMIT',
  'RAILWAY_GIT_COMMIT_SHA',
  'K_REVISION',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'CIRCLE_SHA1',
  'BITBUCKET_COMMIT',
  'BUILDKITE_COMMIT',
  'BUILD_SOURCEVERSION',
  'npm_package_version',
]

/** In a container the name of the host is that of the container, and of the pod in Kubernetes. */
const instanceVariables = [
  'KRONICLER_INSTANCE',
  'POD_NAME',
  'DYNO',
  'RENDER_INSTANCE_ID',
  'RAILWAY_REPLICA_ID',
  'FLY_MACHINE_ID',
  'HOSTNAME',
]

function first(names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readVariable(name)
    if (value !== undefined) return value
  }
  return undefined
}

function ofManifest(key: 'name' | 'version'): string | undefined {
  const value = findManifest()?.content[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function hostName(): string | undefined {
  try {
    // Not imported: most programs that are deployed have a variable.
    return process.getBuiltinModule('node:os').hostname() || undefined
  } catch {
    // The system refuses, as Deno does without a permission.
    return undefined
  }
}

/** The labels that are known. */
export function findLabels(): NativeOptions {
  const labels = bare<NativeOptions>()
  const service = first(serviceVariables) ?? ofManifest('name')
  const version = first(versionVariables) ?? ofManifest('version')
  const instance = first(instanceVariables) ?? hostName()
  if (service !== undefined) labels.service = service
  if (version !== undefined) labels.version = version
  if (instance !== undefined) labels.instance = instance
  return labels
}
