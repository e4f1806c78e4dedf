/**
 * The other process: `worker.ts CHOICE` (a TaskChoice as JSON). Frames on standard input and output, in order; it ends when its
 * input closes, whatever it is doing.
 */
import { decodeFrame, encodeFrame, FrameSplitter, type HostFrame } from '../../packages/millrace/src/task/frames.ts'
import { TaskDriver } from './driver.ts'
import { openTaskCore, type TaskChoice } from './task.ts'

const choice = JSON.parse(process.argv[2] as string) as TaskChoice
const driver = new TaskDriver(
  (host) => openTaskCore(choice, host),
  (frame) => void process.stdout.write(encodeFrame(frame)),
)
const splitter = new FrameSplitter()
let work: Promise<void> = Promise.resolve()

process.stdin.on('data', (bytes: Buffer) => {
  for (const frame of splitter.push(bytes)) work = work.then(() => driver.take(decodeFrame<HostFrame>(frame)))
  work.catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  })
})
process.stdin.on('end', () => process.exit(0))
