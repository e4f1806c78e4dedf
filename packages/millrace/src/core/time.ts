/** Milliseconds since the Unix epoch. */
export type Timestamp = number

/** The timestamp of a record that has none: what the `Float64Array` of a batch holds for it. */
export const NO_TIMESTAMP: number = Number.NaN

/** The watermark before anything is known: nothing is promised. */
export const WATERMARK_START: number = Number.NEGATIVE_INFINITY

/** The watermark at the end of all input: no further record can come. */
export const WATERMARK_END: number = Number.POSITIVE_INFINITY

/** Turns the inner form (NaN = none) into what users see. */
export function timestampOrNone(timestamp: number): Timestamp | undefined {
  return timestamp === timestamp ? timestamp : undefined
}
