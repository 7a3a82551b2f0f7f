/** Subscriptions to diagnostics channels, none of which lets an error of ours out. */

import { subscribe } from 'node:diagnostics_channel'

type Listener<T> = (message: T) => void

/** Names of the channels that were subscribed to, for those who ask what was hooked. */
export const subscribed: string[] = []

/** Calls `listener` with each message; what it throws would else end the process. */
export function listen<T extends object>(channel: string, listener: Listener<T>): void {
  subscribe(channel, (message) => {
    try {
      listener(message as T)
    } catch {
      // A message that is built otherwise, or a proxy: this call is not recorded.
    }
  })
  subscribed.push(channel)
}
