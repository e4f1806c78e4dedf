/** A line of the input, as the straight line needs it. */
export interface Departure {
  readonly id: number
  readonly at: number
  readonly origin: string
  readonly destination: string
  readonly delay: number
  readonly distance: number
  readonly lag: number
}
