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
}

/** From this delay on a flight counts for the alerts. */
export const VERY_LATE_MINUTES = 60
