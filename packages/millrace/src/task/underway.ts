/** What is waited for of user code and connectors: it may never end, and then a message has to say whose it is. */
export class Underway {
  readonly #names = new Set<{ readonly what: string }>()

  /** `what`: whom and what, as in `step/enrich to be opened`. */
  async wait<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    const name = { what }
    this.#names.add(name)
    try {
      return await work()
    } finally {
      this.#names.delete(name)
    }
  }

  get names(): readonly string[] {
    return [...new Set([...this.#names].map(({ what }) => what))]
  }
}
