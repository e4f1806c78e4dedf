/**
 * A task behind frames: what a host says goes in as frames, what the task says comes out as frames. After each frame the task works
 * until it has nothing left to do and says `quiet`; while it is held it says nothing at all.
 */
import { toWire } from '../../packages/millrace/src/core/errors.ts'
import { FRAME_VERSION, type HostFrame, type TaskFrame } from '../../packages/millrace/src/task/frames.ts'
import type { TaskHost } from '../../packages/millrace/src/task/messages.ts'
import type { TaskCore } from '../../packages/millrace/src/task/task-core.ts'
import type { HostTime } from '../../packages/millrace/src/task/task-spec.ts'

export class TaskDriver {
  readonly #task: TaskCore
  readonly #say: (frame: TaskFrame) => void
  #time: HostTime = { now: 0, monotonic: 0 }
  #isHeld = false
  #isClosed = false

  constructor(create: (host: TaskHost) => TaskCore, say: (frame: TaskFrame) => void) {
    this.#say = say
    this.#task = create({
      send: (output, target, element) => say({ type: 'element', output, target, element }),
      consumed: (channel) => say({ type: 'consumed', channel }),
      checkpointWanted: () => say({ type: 'checkpoint-wanted' }),
      held: (checkpoint, reason) => {
        this.#isHeld = true
        say({ type: 'held', checkpoint, reason })
      },
      snapshot: (snapshot) => say({ type: 'snapshot', snapshot }),
      ended: () => say({ type: 'ended' }),
      failed: (error) => say({ type: 'failed', error: toWire(error) }),
      wake: () => {},
    })
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** One frame at a time: the next one only when this has resolved. */
  async take(frame: HostFrame): Promise<void> {
    await this.#apply(frame)
    if (this.#isClosed) return
    await this.#work()
    if (!this.#isHeld) this.#say({ type: 'quiet', wakeInMs: this.#task.wakeInMs(this.#time) })
  }

  async #apply(frame: HostFrame): Promise<void> {
    const task = this.#task
    switch (frame.type) {
      case 'open':
        if (frame.version !== FRAME_VERSION) throw new Error(`frames of version ${frame.version}, this end has ${FRAME_VERSION}`)
        this.#time = frame.time
        await task.open(frame.restored, frame.time)
        return this.#say({ type: 'opened' })
      case 'begin':
        return task.begin()
      case 'element':
        return task.deliver(frame.channel, frame.element)
      case 'barrier':
        return task.barrier(frame.checkpoint, frame.reason)
      case 'expect':
        return task.expect(frame.checkpoint)
      case 'resume':
        this.#isHeld = false
        return task.resume(frame.checkpoint)
      case 'complete':
        return task.complete(frame.checkpoint)
      case 'abort':
        return task.abort(frame.checkpoint)
      case 'credit':
        return task.credit(frame.output, frame.target, frame.credits)
      case 'time':
        this.#time = frame.time
        return
      case 'close':
        await task.close()
        this.#isClosed = true
        this.#say({ type: 'closed' })
    }
  }

  /** Until two looks in a row, with everything asynchronous done between them, have found nothing to do. */
  async #work(): Promise<void> {
    for (let quiet = 0; quiet < 2 && !this.#isHeld; quiet++) {
      await new Promise((resolve) => setImmediate(resolve))
      while (!this.#isHeld && this.#task.step(this.#time) === 'more') quiet = 0
    }
  }
}
