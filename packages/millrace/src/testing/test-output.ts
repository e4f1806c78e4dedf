import type { SinkDefinition, Plain, Writer } from '../connect/contract.ts'
import type { Timestamp } from '../core/time.ts'

/** A record that came out of a job under test, with its event time. */
export interface TestRecord<out T> {
  readonly value: T
  /** Undefined where the record has none. */
  readonly timestamp: Timestamp | undefined
}

/**
 * What came out at one place of a job under test. Checkpoints are taken only when nothing is under way, so that what is there then is
 * what the checkpoint covers; a crash takes the rest away, and the job makes it anew.
 */
export class TestOutput {
  readonly #records: TestRecord<unknown>[] = []
  #coveredCount = 0

  get records(): readonly TestRecord<unknown>[] {
    return this.#records
  }

  /** A checkpoint covers all there is. */
  cover(): void {
    this.#coveredCount = this.#records.length
  }

  /** Back to what the newest checkpoint covers. */
  rewind(): void {
    this.#records.length = this.#coveredCount
  }

  sink(kind: string, delivery: SinkDefinition<unknown, Plain>['delivery']): SinkDefinition<unknown, Plain, Plain> {
    const definition: SinkDefinition<unknown, Plain> = { kind, delivery, open: () => Promise.resolve(this.#writer()) }
    return definition as unknown as SinkDefinition<unknown, Plain, Plain>
  }

  #writer(): Writer<unknown, Plain> {
    return {
      write: (value, timestamp) => {
        this.#records.push({ value, timestamp })
        return true
      },
      ready: () => Promise.resolve(),
      seal: () => ({ durable: Promise.resolve({ committables: [] }) }),
      close: () => Promise.resolve(),
    }
  }
}
