// Windows on a keyed stream: a plain list of what is open, gone through for each record and each timer.
import { aggregateResult } from './aggregate.ts'
import { deepFreeze, keyText } from './canonical.ts'
import type { TimeWindow, WindowContext } from './handles.ts'
import type { Key, Row, TimeDomain, WindowStep } from './program.ts'
import { outOf, type Outlet, type Runtime } from './runtime.ts'
import type { Clock } from './state.ts'
import { TimerList, type Pending } from './timers.ts'
import { assign, maxTimestamp, windowDomain } from './window-assigners.ts'
import { windowProcess } from './window-behaviours.ts'
import { evictorOf, type Element, type Evict } from './window-evictors.ts'
import { emptyState, mergedState, triggerOf, type Trigger, type TriggerScope, type TriggerState } from './window-triggers.ts'

/** A window of a key that is open: what it holds, in order, and what its trigger remembers. */
interface Pane {
  readonly key: Key
  readonly window: TimeWindow
  readonly state: TriggerState
  contents: readonly Element[]
}

export class WindowRuntime implements Runtime {
  readonly #step: WindowStep
  readonly #keyOf: (value: Row) => Key
  readonly #clock: Clock
  readonly #outlet: Outlet
  readonly #trigger: Trigger
  readonly #evict: Evict
  readonly #domain: TimeDomain | undefined
  readonly #timers = { event: new TimerList(), processing: new TimerList() }
  #panes: Pane[] = []
  #watermark = -Infinity
  #floor = -Infinity

  constructor(step: WindowStep, keyOf: (value: Row) => Key, clock: Clock, outlet: Outlet) {
    this.#step = step
    this.#keyOf = keyOf
    this.#clock = clock
    this.#outlet = outlet
    this.#trigger = triggerOf(step)
    this.#evict = evictorOf(step)
    this.#domain = windowDomain(step.assigner)
  }

  /** WO-4 for each window of the record; late only when all of them are (WO-3). */
  record(value: Row, timestamp: number | null): void {
    const key = this.#keyOf(value)
    let isSkipped = true
    for (const assigned of assign(this.#step.assigner, value, this.#timeOf(timestamp))) {
      const window = this.#step.assigner.kind === 'session' ? this.#merge(key, assigned) : assigned
      if (this.#isLate(window)) continue
      isSkipped = false
      this.#add(this.#paneOf(key, window), { value, timestamp })
    }
    if (isSkipped && this.#isLateElement(timestamp)) this.#late(value, timestamp)
  }

  watermark(at: number): void {
    if (at > this.#watermark) this.#fireEventTimers(at)
  }

  /** No lower than what the key had reached, else windows that have fired would open again. */
  restored(at: number, floor: number = this.#reached()): void {
    this.#floor = floor
    this.#watermark = at
  }

  time(): void {
    this.#fireAll('processing', (at) => at < this.#clock.now)
  }

  end(): void {
    this.#fireEventTimers(Infinity)
    this.#timers.processing.clear()
  }

  #fireEventTimers(watermark: number): void {
    this.#watermark = watermark
    this.#fireAll('event', (at) => at <= watermark)
  }

  /** In order of time, those included that are set meanwhile (TM-2). */
  #fireAll(domain: TimeDomain, isDue: (at: number) => boolean): void {
    for (;;) {
      const due = this.#timers[domain].takeEarliest(isDue)
      if (due === undefined) return
      this.#onTimer(domain, due)
    }
  }

  /** WO-5. A timer of a window that is gone does nothing (SM-5). */
  #onTimer(domain: TimeDomain, { keyText: key, name, at }: Pending): void {
    const pane = this.#panes.find((one) => keyText(one.key) === key && nameOf(one.window) === name)
    if (pane === undefined) return
    if (this.#trigger.onTimer(this.#scopeOf(pane), domain, at)) this.#fire(pane)
    if (domain === this.#domain && at === this.#cleanupTime(pane.window)) this.#forget(pane)
  }

  #add(pane: Pane, element: Element): void {
    pane.contents = [...pane.contents, element]
    if (this.#trigger.onElement(this.#scopeOf(pane), element.value, element.timestamp)) this.#fire(pane)
    const cleanup = this.#cleanupTime(pane.window)
    if (this.#domain !== undefined && cleanup < Infinity) this.#register(pane, this.#domain, cleanup)
  }

  /** What is evicted stays away (EV-1); a purge takes the contents and nothing else (WO-7); what is empty does not fire (WO-8). */
  #fire(pane: Pane): void {
    if (pane.contents.length > 0) {
      pane.contents = this.#evict(pane.contents)
      this.#emit(pane)
    }
    if (this.#trigger.purges) pane.contents = []
  }

  /** WO-6. Where windows have no end, that of the record that came last. */
  #emit({ key, window, contents }: Pane): void {
    const { fn } = this.#step
    const values = contents.map((element) => element.value)
    const timestamp = this.#domain === undefined ? (contents.at(-1)?.timestamp ?? null) : maxTimestamp(window)
    const context: WindowContext = {
      key,
      window: this.#domain === undefined ? undefined : window,
      watermark: this.#watermark,
      now: this.#clock.now,
    }
    if (fn.kind !== 'aggregate') return windowProcess(fn).onWindow(context, values, outOf(this.#outlet, timestamp))
    const times: Row = context.window === undefined ? {} : { window: { ...window } }
    const results = fn.aggregates.map((spec) => [spec.name, aggregateResult(spec, values)])
    this.#outlet.emit(deepFreeze({ key, ...times, ...Object.fromEntries(results) }), timestamp)
  }

  /**
   * The window in which a new session ends up (WA-7, SM-1, SM-2): those of the key that it touches, a gap's end included, become one.
   * What they hold stands in the order of their starts.
   */
  #merge(key: Key, added: TimeWindow): TimeWindow {
    const touched = this.#panes
      .filter((pane) => keyText(pane.key) === keyText(key) && pane.window.start <= added.end && pane.window.end >= added.start)
      .sort((a, b) => a.window.start - b.window.start)
    const windows = [added, ...touched.map((pane) => pane.window)]
    const merged = { start: Math.min(...windows.map((one) => one.start)), end: Math.max(...windows.map((one) => one.end)) }
    const isAbsorbed = touched.some((pane) => nameOf(pane.window) === nameOf(merged))
    if (touched.length === 0 || isAbsorbed) return merged
    this.#refusePast(merged)
    for (const pane of touched) this.#forget(pane)
    const pane = {
      key,
      window: merged,
      state: mergedState(touched.map((one) => one.state)),
      contents: touched.flatMap((one) => one.contents),
    }
    this.#panes.push(pane)
    this.#trigger.onMerge(this.#scopeOf(pane))
    return merged
  }

  /** SM-3. */
  #refusePast(merged: TimeWindow): void {
    const isPast = this.#domain === 'processing' ? maxTimestamp(merged) <= this.#clock.now : this.#isLate(merged)
    if (isPast) throw new Error(`step '${this.#step.id}': a merged session ends at ${merged.end}, which is past`)
  }

  #paneOf(key: Key, window: TimeWindow): Pane {
    const open = this.#panes.find((pane) => keyText(pane.key) === keyText(key) && nameOf(pane.window) === nameOf(window))
    if (open !== undefined) return open
    const pane = { key, window, state: emptyState(), contents: [] }
    this.#panes.push(pane)
    return pane
  }

  #forget(pane: Pane): void {
    this.#panes = this.#panes.filter((one) => one !== pane)
    for (const timers of Object.values(this.#timers)) timers.remove(keyText(pane.key), nameOf(pane.window))
  }

  /** WA-4, WA-5. */
  #timeOf(timestamp: number | null): number {
    if (this.#domain === 'processing') return this.#clock.now
    if (timestamp === null && this.#domain === 'event') throw new Error(`step '${this.#step.id}': a record without timestamp`)
    return timestamp ?? 0
  }

  /** WO-1: lateness is of event time; numbers do not overflow. */
  #cleanupTime(window: TimeWindow): number {
    return maxTimestamp(window) + (this.#domain === 'event' ? this.#step.allowedLateness : 0)
  }

  /** WO-2. */
  #isLate(window: TimeWindow): boolean {
    return this.#domain === 'event' && this.#cleanupTime(window) <= this.#reached()
  }

  #isLateElement(timestamp: number | null): boolean {
    return this.#domain === 'event' && timestamp! + this.#step.allowedLateness <= this.#reached()
  }

  #late(value: Row, timestamp: number | null): void {
    if (this.#step.lateTag === undefined) this.#outlet.drop(value, timestamp)
    else this.#outlet.side(this.#step.lateTag, value, timestamp)
  }

  /** The watermark by which a key is judged (rules 1.2 c). */
  #reached(): number {
    return Math.max(this.#watermark, this.#floor)
  }

  #scopeOf(pane: Pane): TriggerScope {
    return {
      state: pane.state,
      maxTimestamp: maxTimestamp(pane.window),
      watermark: this.#reached(),
      now: this.#clock.now,
      register: (domain, at) => this.#register(pane, domain, at),
    }
  }

  #register(pane: Pane, domain: TimeDomain, at: number): void {
    this.#timers[domain].add({ key: pane.key, keyText: keyText(pane.key), name: nameOf(pane.window), at })
  }
}

function nameOf(window: TimeWindow): string {
  return `${window.start} to ${window.end}`
}
