/** A host in another process, as Flink's would be: says a recorded schedule over standard input and compares what comes back. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { decodeFrame, encodeFrame, FrameSplitter, type TaskFrame } from '../../packages/millrace/src/task/frames.ts'
import { fastStart } from '../lib/attack.ts'
import type { Schedule } from './random-host.ts'

const ANSWER_TIMEOUT_MS = 20_000
const END_TIMEOUT_MS = 2_000

/** What differs, in words; empty when nothing does. `cutAt`: input closes after so many frames, without `close`. */
export async function replayOnStub(
  schedule: Schedule,
  options: { readonly cutAt: number | undefined; readonly pieces: number },
): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts'), JSON.stringify(schedule.choice)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: fastStart(),
  })
  // All that it wrote has arrived when it is closed, not when it has exited.
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  // A worker that has ended takes nothing any more; that it has ended is reported below.
  child.stdin.on('error', () => undefined)
  const answers = new Answers()
  const splitter = new FrameSplitter()
  child.stdout.on('data', (bytes: Buffer) => splitter.push(bytes).forEach((frame) => answers.push(frame)))
  void exited.then((code) => answers.end(`the worker ended with ${code}`))
  const problems: string[] = []
  const exchanges = schedule.exchanges.slice(0, options.cutAt)
  for (const [index, { said, heard }] of exchanges.entries()) {
    for (const piece of piecesOf(encodeFrame(said), options.pieces)) child.stdin.write(piece)
    const got = await answers.take(heard.length, ANSWER_TIMEOUT_MS)
    const difference = differenceOf(heard, got.frames) ?? got.problem
    if (difference === undefined) continue
    problems.push(`frame ${index} (${said.type}): ${difference}`)
    break
  }
  child.stdin.end()
  const isDone = await within(exited, END_TIMEOUT_MS)
  if (isDone === 'late') {
    problems.push(`the worker lives on ${END_TIMEOUT_MS} ms after its input closed`)
    child.kill('SIGKILL')
    await exited
  } else if (isDone !== 0) problems.push(`the worker ended with ${isDone}`)
  if (answers.left > 0) problems.push(`${answers.left} frames more than the local host heard`)
  return problems
}

/** Pipes cut where they like. */
function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

function differenceOf(heard: readonly Uint8Array[], got: readonly Uint8Array[]): string | undefined {
  for (const [index, expected] of heard.entries()) {
    const actual = got[index]
    if (actual === undefined) return `answer ${index} is missing: ${shown(expected.subarray(4))}`
    if (Buffer.compare(expected.subarray(4), actual) !== 0)
      return `answer ${index} is ${shown(actual)}, but the local host heard ${shown(expected.subarray(4))}`
  }
  return undefined
}

function shown(bytes: Uint8Array): string {
  return JSON.stringify(decodeFrame<TaskFrame>(bytes), (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  ).slice(0, 400)
}

/** Frames in order of arrival. */
class Answers {
  readonly #frames: Uint8Array[] = []
  #ended: string | undefined
  #wake: () => void = () => {}

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#wake()
  }

  end(reason: string): void {
    this.#ended = reason
    this.#wake()
  }

  get left(): number {
    return this.#frames.length
  }

  async take(count: number, timeoutMs: number): Promise<{ readonly frames: readonly Uint8Array[]; readonly problem?: string }> {
    while (this.#frames.length < count) {
      if (this.#ended !== undefined) return { frames: this.#frames.splice(0), problem: this.#ended }
      const woken = await within(new Promise<'woken'>((resolve) => (this.#wake = () => resolve('woken'))), timeoutMs)
      if (woken === 'late') return { frames: this.#frames.splice(0), problem: `no answer within ${timeoutMs} ms` }
    }
    return { frames: this.#frames.splice(0, count) }
  }
}

/** What `work` gives, or 'late'. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
