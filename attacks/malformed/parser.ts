/** What is fed with malformed input. */
export interface Parser {
  readonly name: string
  /** Changes are those that texts suffer from. */
  readonly isText: boolean
  readonly samples: readonly Uint8Array[]
  /** Tried as they are: what no chance would make. */
  readonly hostile?: readonly Uint8Array[]
  /**
   * Makes a changed sample whole where a checksum would hide what comes behind it.
   * @returns what is parsed
   */
  seal?(bytes: Uint8Array): Uint8Array
  /** Gives what it has read, or throws what the engine says. */
  parse(bytes: Uint8Array): unknown
}
