/** What a job has committed, as a reader of its output finds it. */
export interface Committed {
  readonly sink: string
  /** Decides the order. */
  readonly name: string
  readonly text: string
}

/** The files of one sink, in their order. */
export function filesOf(committed: readonly Committed[], sink: string): readonly Committed[] {
  return committed.filter((file) => file.sink === sink).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The lines of one sink, in the order in which they were committed. */
export function textsOf(committed: readonly Committed[], sink: string): readonly string[] {
  return filesOf(committed, sink).flatMap(({ text }) => text.split('\n').filter((line) => line !== ''))
}

/** The same, read as JSON. */
export function linesOf<T>(committed: readonly Committed[], sink: string): T[] {
  return textsOf(committed, sink).map((line) => JSON.parse(line) as T)
}
