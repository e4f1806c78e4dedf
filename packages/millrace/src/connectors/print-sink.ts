import { defineSink, type Sealed, type Sink, type Writer } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { ignore, systemCodeOf } from './durable.ts'

/** Characters after which the task waits for whoever reads the output. */
const FULL_CHARACTERS = 65_536

/** Prints each record at once as one line of JSON on standard output. What JSON cannot hold is printed in some readable way. */
export function printSink(): Sink<unknown> {
  return defineSink<unknown, never>({
    kind: 'print',
    delivery: 'at-least-once',
    because: 'what has been printed cannot be taken back',
    open: (context) => Promise.resolve(new PrintWriter(context.env)),
  })
}

class PrintWriter implements Writer<unknown, never> {
  readonly #env: Env
  #text = ''
  #writing: Promise<void> | undefined
  #failure: StreamError | undefined

  constructor(env: Env) {
    this.#env = env
  }

  write(value: unknown): boolean {
    if (this.#failure !== undefined) throw this.#failure
    this.#text += `${printable(value)}\n`
    this.#writing ??= this.#drain()
    return this.#text.length < FULL_CHARACTERS
  }

  async ready(): Promise<void> {
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }

  seal(): { readonly durable: Promise<Sealed<never, null>> } {
    const durable = this.ready().then(() => ({ committables: [] }))
    durable.catch(ignore)
    return { durable }
  }

  async close(): Promise<void> {
    await this.#writing
  }

  /** Never rejects: the error waits for whoever calls next. The lines of one turn are written together. */
  async #drain(): Promise<void> {
    await Promise.resolve()
    try {
      while (this.#text !== '') {
        const text = this.#text
        this.#text = ''
        await this.#env.output.write(text)
      }
    } catch (cause) {
      // Whoever has read it has gone for good.
      const hint = systemCodeOf(cause) === 'EPIPE' ? ({ retry: 'never' } as const) : {}
      this.#failure = new StreamError('SINK', `Standard output cannot be written: ${messageOf(cause)}`, { cause, ...hint })
    }
    this.#writing = undefined
  }
}

/** Total. */
function printable(value: unknown): string {
  try {
    return JSON.stringify(value, readable) ?? String(value)
  } catch {
    return messageOf(value)
  }
}

function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Map) return { Map: [...value] }
  if (value instanceof Set) return { Set: [...value] }
  if (value instanceof Error) return messageOf(value)
  return value
}
