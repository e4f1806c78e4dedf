/** One line of the input. */
export interface Flight {
  readonly id: number
  /** Planned departure, ms since the Unix epoch. */
  readonly at: number
  readonly origin: string
  readonly destination: string
  /** Minutes late; negative when early. */
  readonly delay: number
  /** Miles. */
  readonly distance: number
  /** Minutes from the planned departure to the report. The lines of a file are in the order of their reports. */
  readonly lag: number
}

/** From this delay on a flight counts for the alerts and as bad weather. */
export const VERY_LATE_MINUTES = 60

/** Almost all are reported within three hours, which is how long the watermark waits; the others take days. */
export const IN_TIME_MINUTES = 180
