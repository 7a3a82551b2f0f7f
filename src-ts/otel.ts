/** The entry `kronicler/otel`: spans of OpenTelemetry become calls. */

export { KroniclerSpanProcessor } from './otel/processor.js'
export type { EndedSpan, SpanProcessorOptions } from './otel/processor.js'
