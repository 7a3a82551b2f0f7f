/** What a row tells of a slow or failed call besides its times. */

/** Why a call was slow, or failed, as far as its thread could tell when it ended. */
export interface Detail {
  /** The class of what was thrown, or the type of what is no object. */
  error?: string
  /** Its message: option `message`. */
  message?: string
  /**
   * How busy the event loop of the thread was, from 0 to 1, in the time `loopWindow` up to the end
   * of the call: from when it was last looked at before the call began, if that is known.
   */
  loopBusy?: number
  /** Nanoseconds. */
  loopWindow?: number
  /**
   * Captured calls of the thread that waited for a promise, or answered a request, when this one
   * ended: itself not counted.
   */
  inFlight?: number
  /** By path, what was asked for by the option `args`, as it was when the call ended. */
  args?: Record<string, unknown>
  /** W3C Trace Context: option `trace`. */
  traceId?: string
  /** W3C Trace Context: option `trace`. */
  spanId?: string
  /** Its number among the calls of its thread and process: option `context`. */
  call?: number
  /** The number of the call that made it, if that is known: option `context`. */
  parent?: number
  /** The number of the first of the calls that led to it, or its own: option `context`. */
  request?: number
}

/** A detail with the keys that `kr --json` uses. */
export interface DetailJson {
  /** As `Detail.error`. */
  error?: string
  /** As `Detail.message`. */
  message?: string
  /** As `Detail.loopBusy`. */
  loop_busy?: number
  /** As `Detail.loopWindow`. */
  loop_window_ns?: number
  /** As `Detail.inFlight`. */
  in_flight?: number
  /** As `Detail.args`, each value as JSON. */
  args?: Record<string, string>
  /** As `Detail.traceId`. */
  trace_id?: string
  /** As `Detail.spanId`. */
  span_id?: string
  /** As `Detail.call`. */
  call?: number
  /** As `Detail.parent`. */
  parent?: number
  /** As `Detail.request`. */
  request?: number
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return json
  }
}

/** A detail as the addon gives it. */
export function toDetailJson(json: string | null | undefined): DetailJson | undefined {
  if (json === null || json === undefined) return undefined
  return parsed(json) as DetailJson
}

export function toDetail(json: DetailJson): Detail {
  const { error, message, loop_busy, loop_window_ns, in_flight, args, trace_id, span_id } = json
  const { call, parent, request } = json
  const entries = Object.entries(args ?? {}).map(([path, value]) => [path, parsed(value)] as const)
  return {
    ...(error === undefined ? {} : { error }),
    ...(message === undefined ? {} : { message }),
    ...(loop_busy === undefined ? {} : { loopBusy: loop_busy }),
    ...(loop_window_ns === undefined ? {} : { loopWindow: loop_window_ns }),
    ...(in_flight === undefined ? {} : { inFlight: in_flight }),
    ...(args === undefined ? {} : { args: Object.fromEntries(entries) }),
    ...(trace_id === undefined ? {} : { traceId: trace_id }),
    ...(span_id === undefined ? {} : { spanId: span_id }),
    ...(call === undefined ? {} : { call }),
    ...(parent === undefined ? {} : { parent }),
    ...(request === undefined ? {} : { request }),
  }
}
