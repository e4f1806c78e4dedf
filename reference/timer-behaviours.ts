// Keyed process functions with timers. None has two timers of one domain, so that the order of equal times (unspecified, TM-2) never shows within a key.
import { fromRecord, fromTimer, int, modulo, MODULUS, watermarkText } from './fields.ts'
import type { KeyedBehaviour, ListHandle, TagOf, TimerHandle, TimersHandle, ValueHandle } from './handles.ts'
import { behaviour, type SpecOf } from './keyed-behaviours.ts'
import type { Row } from './program.ts'

type None = Record<never, never>

/** The event time that timers count from: the record's own, else its value. */
function timeOf(value: Row, timestamp: number | undefined): number {
  return timestamp ?? int(value, 'value')
}

/** Remembers ids in a list and sends them all on when the timer fires, `delay` after the first record (or, with `move`, after the latest one seen). */
export function buffer(spec: SpecOf<'buffer'>): KeyedBehaviour {
  return behaviour<{ ids: ListHandle<number> }, { flush: TimerHandle }>({
    states: { ids: { kind: 'list' } },
    timers: { flush: 'event' },
    onRecord(value, { state, timers, timestamp }) {
      state.ids.add(int(value, 'id'))
      if (spec.move || timers.flush.at === undefined) timers.flush.set(timeOf(value, timestamp) + spec.delay)
    },
    onTimer: {
      flush(at, { key, state }, out) {
        const ids = [...state.ids]
        out.emit(fromTimer(key, at, { value: ids.length, ids }))
        state.ids.clear()
      },
    },
  })
}

/** Sessions by hand: the timer is moved to `gap` after the newest time; what comes at or below the watermark without an open session goes to the tag. */
export function session(spec: SpecOf<'session'>, tagOf: TagOf): KeyedBehaviour {
  return behaviour<{ open: ValueHandle<{ start: number; end: number; n: number; sum: number }> }, { close: TimerHandle }>({
    states: { open: { kind: 'value' } },
    timers: { close: 'event' },
    onRecord(value, { key, state, timers, timestamp, watermark }, out) {
      const time = timeOf(value, timestamp)
      const open = state.open.get()
      if (open === undefined && time + spec.gap <= watermark) return out.side(tagOf(spec.tag), fromRecord(value, key, { late: true }))
      const was = open ?? { start: time, end: time, n: 0, sum: 0 }
      const grown = {
        start: Math.min(was.start, time),
        end: Math.max(was.end, time),
        n: was.n + 1,
        sum: modulo(was.sum + int(value, 'value'), MODULUS),
      }
      state.open.set(grown)
      timers.close.set(grown.end + spec.gap)
    },
    onTimer: {
      close(at, { key, state, timers, timestamp }, out) {
        out.emit(fromTimer(key, at, { session: state.open.get() ?? null, pending: timers.close.at ?? null, timestamp: timestamp ?? null }))
        state.open.clear()
      },
    },
  })
}

/** A timer that sets itself again `links` times, each `step` later; a step of 0 or less is at or below the watermark and fires in the same pass (TM-2). */
export function chain(spec: SpecOf<'chain'>): KeyedBehaviour {
  return behaviour<{ left: ValueHandle<number, never> }, { next: TimerHandle }>({
    states: { left: { kind: 'value', initial: 0 } },
    timers: { next: 'event' },
    onRecord(value, { state, timers, timestamp }) {
      state.left.set(spec.links)
      timers.next.set(timeOf(value, timestamp) + spec.delay)
    },
    onTimer: {
      next(at, { key, state, timers, watermark }, out) {
        const left = state.left.get()
        out.emit(fromTimer(key, at, { value: left, seen: watermarkText(watermark) }))
        if (left === 0) return
        state.left.set(left - 1)
        timers.next.set(at + spec.step)
      },
    },
  })
}

/** Adds `count` times per record, `delay` apart. A value divisible by `cancel` deletes the nearest of them again (one that may be missing, too), one divisible by its square clears all. */
export function reminders(spec: SpecOf<'reminders'>): KeyedBehaviour {
  return behaviour<None, { due: TimersHandle }>({
    states: {},
    timers: { due: 'events' },
    onRecord(value, { timers, timestamp }) {
      const time = timeOf(value, timestamp)
      const kind = int(value, 'value')
      if (modulo(kind, spec.cancel * spec.cancel) === 0) timers.due.clear()
      for (let i = 1; i <= spec.count; i++) timers.due.add(time + i * spec.delay)
      if (modulo(kind, spec.cancel) === 0) timers.due.delete(time + spec.delay)
    },
    onTimer: {
      due(at, { key }, out) {
        out.emit(fromTimer(key, at, {}))
      },
    },
  })
}

/** Sets a timer per record, remembering the record; a value divisible by `modulo` clears it instead. What fires goes on, the pending time of each record with it. */
export function cancel(spec: SpecOf<'cancel'>): KeyedBehaviour {
  return behaviour<{ last: ValueHandle<number> }, { due: TimerHandle }>({
    states: { last: { kind: 'value' } },
    timers: { due: 'event' },
    onRecord(value, { key, state, timers, timestamp }, out) {
      out.emit(fromRecord(value, key, { pending: timers.due.at ?? null }))
      state.last.set(int(value, 'id'))
      if (modulo(int(value, 'value'), spec.modulo) === 0) timers.due.clear()
      else timers.due.set(timeOf(value, timestamp) + spec.delay)
    },
    onTimer: {
      due(at, { key, state }, out) {
        out.emit(fromTimer(key, at, { last: state.last.get() ?? null }))
      },
    },
  })
}

/** Silence in processing time: `delay` after the key's last record its count goes on, without a timestamp (PF-2). */
export function timeout(spec: SpecOf<'timeout'>): KeyedBehaviour {
  return behaviour<{ n: ValueHandle<number, never> }, { silent: TimerHandle }>({
    states: { n: { kind: 'value', initial: 0 } },
    timers: { silent: 'processing' },
    onRecord(_value, { state, timers, now }) {
      state.n.set(state.n.get() + 1)
      timers.silent.set(now + spec.delay)
    },
    onTimer: {
      silent(_at, { key, state }, out) {
        out.emit(fromTimer(key, null, { value: state.n.get() }))
        state.n.clear()
      },
    },
  })
}

/** `count` processing times per record, `delay` apart. */
export function polls(spec: SpecOf<'polls'>): KeyedBehaviour {
  return behaviour<{ fired: ValueHandle<number, never> }, { poll: TimersHandle }>({
    states: { fired: { kind: 'value', initial: 0 } },
    timers: { poll: 'processings' },
    onRecord(_value, { timers, now }) {
      for (let i = 1; i <= spec.count; i++) timers.poll.add(now + i * spec.delay)
    },
    onTimer: {
      poll(_at, { key, state }, out) {
        state.fired.update((n) => n + 1)
        out.emit(fromTimer(key, null, { value: state.fired.get() }))
      },
    },
  })
}

/** An event timer and a processing timer for the same thing: whichever fires first clears the other. */
export function race(spec: SpecOf<'race'>): KeyedBehaviour {
  return behaviour<{ n: ValueHandle<number, never> }, { event: TimerHandle; processing: TimerHandle }>({
    states: { n: { kind: 'value', initial: 0 } },
    timers: { event: 'event', processing: 'processing' },
    onRecord(value, { state, timers, timestamp, now }) {
      state.n.update((n) => n + 1)
      timers.event.set(timeOf(value, timestamp) + spec.eventDelay)
      timers.processing.set(now + spec.processingDelay)
    },
    onTimer: {
      event(at, { key, state, timers }, out) {
        timers.processing.clear()
        out.emit(fromTimer(key, at, { won: 'event', value: state.n.get() }))
        state.n.clear()
      },
      processing(_at, { key, state, timers }, out) {
        timers.event.clear()
        out.emit(fromTimer(key, null, { won: 'processing', value: state.n.get() }))
        state.n.clear()
      },
    },
  })
}
