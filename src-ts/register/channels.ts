/** Subscriptions to diagnostics channels, none of which lets an error of ours out. */

import { subscribe } from 'node:diagnostics_channel'

import { tellHook } from '../hooks.js'

type Listener<T> = (message: T) => void

/** The name of a channel; those that tell of one call by several events have one name. */
function nameOf(channel: string): string {
  return channel.replace(/^tracing:(.*):\w+$/, '$1')
}

/** Calls `listener` with each message; what it throws would else end the process. */
export function listen<T extends object>(channel: string, listener: Listener<T>): void {
  subscribe(channel, (message) => {
    try {
      listener(message as T)
    } catch {
      // A message that is built otherwise, or a proxy: this call is not recorded.
    }
  })
  tellHook('channel', nameOf(channel))
}
