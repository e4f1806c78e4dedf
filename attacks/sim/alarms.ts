/**
 * Timers of processing time: each posting of an account sets an alarm, some at a moment that others have too. An alarm rings once, with
 * all that was set for its moment and after it; what has rung, and the clock that the step sees, never goes back within a task, whatever
 * the wall clock does. What rings in vain at the end of the input does not ring (TM-6).
 */
import { mapState, processingTimers, valueState, type KeyedStream, type Out, type Sink } from '../../packages/millrace/src/index.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import type { Readings } from './readings.ts'
import { postingsOf, transfersOf, type LedgerShape, type Posting } from './ledger.ts'

export type AlarmLine =
  | {
      readonly kind: 'set'
      readonly account: string
      readonly transfer: string
      readonly seq: number
      readonly due: number
      readonly now: number
    }
  | { readonly kind: 'rang'; readonly account: string; readonly seqs: readonly number[]; readonly due: number; readonly now: number }

/** Alarms of one account fall on the same moments now and then. */
const ROUND_MS = 10
const DELAYS_MS: readonly number[] = [0, 5, 30, 400, 10_000]
/** Where the wall clock goes back, two processes may each be in the middle of a batch when it passes the same moment. */
const MOST_WHERE_IT_GOES_BACK = 16

export interface AlarmClock {
  readonly readings: Readings
  /** The wall clock did at least once. */
  readonly goesBack: boolean
  /** Postings of one account: of a batch that a task has begun it may finish what is left before anything that is due. */
  readonly mostInBatch: number
}

export function alarmSteps(postings: KeyedStream<Posting, string>, sink: Sink<AlarmLine>, found: (problem: string) => void): void {
  postings
    .process('alarms', {
      state: { count: valueState({ initial: () => 0 }), open: mapState<number, readonly number[]>() },
      timers: { rings: processingTimers() },
      open: () => ({ latest: Number.NEGATIVE_INFINITY }),
      onRecord({ account, transfer, amount }, { state, timers, now, resource }, out: Out<AlarmLine>) {
        look(resource, now, found)
        const seq = state.count.get() + 1
        state.count.set(seq)
        const due = Math.ceil((now + (DELAYS_MS[Math.abs(amount) % DELAYS_MS.length] as number)) / ROUND_MS) * ROUND_MS
        state.open.set(due, [...(state.open.get(due) ?? []), seq])
        timers.rings.add(due)
        out.emit({ kind: 'set', account, transfer, seq, due, now })
      },
      onTimer: {
        rings(due, { key, state, now, resource }, out) {
          look(resource, now, found)
          out.emit({ kind: 'rang', account: key, seqs: state.open.get(due) ?? [], due, now })
          state.open.delete(due)
        },
      },
    })
    .to('alarms', sink)
}

function look(task: { latest: number }, now: number, found: (problem: string) => void): void {
  if (now < task.latest) found(`alarms: within a task processing time went back from ${task.latest} to ${now}`)
  task.latest = now
}

/** Of all accounts, in the order of their files. `due`: so many had to ring, as far as can be known. */
export function judgeAlarms(
  shape: LedgerShape,
  committed: readonly Committed[] | undefined,
  clock: AlarmClock,
): { readonly problems: readonly string[]; readonly due: number } {
  if (committed === undefined) return { problems: [], due: 0 }
  const expected = new Map<string, number>()
  for (let file = 0; file < shape.files; file++)
    for (const { account } of transfersOf(shape, file).flatMap(postingsOf)) expected.set(account, (expected.get(account) ?? 0) + 1)
  const byAccount = Map.groupBy(linesOf<AlarmLine>(committed, 'alarms'), ({ account }) => account)
  const judged = [...expected].map(([account, count]) => judgeAccount(account, { count, lines: byAccount.get(account) ?? [], clock }))
  return { problems: judged.flatMap(({ problems }) => problems).slice(0, 4), due: judged.reduce((sum, { due }) => sum + due, 0) }
}

interface Account {
  readonly count: number
  readonly lines: readonly AlarmLine[]
  readonly clock: AlarmClock
}

function judgeAccount(account: string, { count, lines, clock }: Account): { readonly problems: readonly string[]; readonly due: number } {
  const problems: string[] = []
  const open = new Map<number, { readonly seqs: number[]; passed: number }>()
  const most = clock.goesBack ? MOST_WHERE_IT_GOES_BACK : clock.mostInBatch
  /** Set, and it is not known yet that they have to ring. */
  const mayWait = new Set<number>()
  let seen = 0
  let mustHaveRung = 0
  for (const line of lines) {
    const text = JSON.stringify(line)
    if (line.kind === 'rang') {
      const due = open.get(line.due)?.seqs ?? []
      if (line.now <= line.due) problems.push(`alarms: rang too early: ${text}`)
      if (due.length === 0 || JSON.stringify(due) !== JSON.stringify(line.seqs))
        problems.push(`alarms: due was ${JSON.stringify(due)}: ${text}`)
      open.delete(line.due)
      continue
    }
    if (line.seq !== ++seen) problems.push(`alarms: not the ${seen}. of its account: ${text}`)
    // Nobody can have worked on it before, and what was due by then comes before the batch that it is in.
    const from = clock.goesBack ? Number.NEGATIVE_INFINITY : (clock.readings.firstReadAt(line.transfer) ?? Number.NEGATIVE_INFINITY)
    for (const due of mayWait) if (due < from && mayWait.delete(due)) mustHaveRung++
    for (const [due, alarm] of open) {
      if (due < line.now) alarm.passed++
      if (due < from || alarm.passed > most) problems.push(`alarms: ${due} of ${account} has not rung before ${text}`)
    }
    const alarm = open.get(line.due) ?? { seqs: [], passed: 0 }
    alarm.seqs.push(line.seq)
    open.set(line.due, alarm)
    mayWait.add(line.due)
  }
  if (seen !== count) problems.push(`alarms: ${account} has ${seen} of ${count}`)
  return { problems, due: mustHaveRung }
}
