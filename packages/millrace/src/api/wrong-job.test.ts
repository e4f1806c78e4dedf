/** A job that something is wrong with: what the tests of build errors share. */
import { arraySource, outputTag, type JobBuilder, type KeyedStream, type Stream } from '../index.ts'

export interface Word {
  readonly text: string
  readonly at: number
}
export interface Parts {
  readonly job: JobBuilder
  readonly words: Stream<Word>
  readonly keyed: KeyedStream<Word, string>
  readonly untimed: Stream<Word>
}

// `any`: these jobs are wrong on purpose, as plain JavaScript may be; what the compiler says to them is in types-tests/.
export const wrong = (value: unknown): any => value

export function partsOf(job: JobBuilder): Parts {
  const words = job.from('words', arraySource<Word>([]), { timestamp: (w) => w.at, invalid: outputTag('broken') })
  return { job, words, keyed: words.keyBy((w) => w.text), untimed: job.from('untimed', arraySource<Word>([])) }
}
