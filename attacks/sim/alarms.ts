/**
 * Timers of processing time: each posting of an account sets an alarm, some at a moment that others have too. An alarm rings once, with
 * all that was set for its moment and after it; what has rung, and the clock that the step sees, never goes back within a task, whatever
 * the wall clock does. What rings in vain at the end of the input does not ring (TM-6).
 */
import { mapState, processingTimers, valueState, type KeyedStream, type Out, type Sink } from '../../packages/millrace/src/index.ts'
import { linesOf, type Committed } from '../lib/committed.ts'
import { postingsOf, transfersOf, type LedgerShape, type Posting } from './ledger.ts'

export type AlarmLine =
  | { readonly kind: 'set'; readonly account: string; readonly seq: number; readonly due: number; readonly now: number }
  | { readonly kind: 'rang'; readonly account: string; readonly seqs: readonly number[]; readonly due: number; readonly now: number }

/** Alarms of one account fall on the same moments now and then. */
const ROUND_MS = 10
const DELAYS_MS: readonly number[] = [0, 5, 30, 400, 10_000]
/** Of a batch that a task has begun it may finish what is left before anything that is due. */
const MOST_IN_A_BATCH = 16

export function alarmSteps(postings: KeyedStream<Posting, string>, sink: Sink<AlarmLine>, found: (problem: string) => void): void {
  postings
    .process('alarms', {
      state: { count: valueState({ initial: () => 0 }), open: mapState<number, readonly number[]>() },
      timers: { rings: processingTimers() },
      open: () => ({ latest: Number.NEGATIVE_INFINITY }),
      onRecord({ account, amount }, { state, timers, now, resource }, out: Out<AlarmLine>) {
        look(resource, now, found)
        const seq = state.count.get() + 1
        state.count.set(seq)
        const due = Math.ceil((now + (DELAYS_MS[Math.abs(amount) % DELAYS_MS.length] as number)) / ROUND_MS) * ROUND_MS
        state.open.set(due, [...(state.open.get(due) ?? []), seq])
        timers.rings.add(due)
        out.emit({ kind: 'set', account, seq, due, now })
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

/** Of all accounts, in the order of their files. */
export function judgeAlarms(shape: LedgerShape, committed: readonly Committed[]): string[] {
  const lines = linesOf<AlarmLine>(committed, 'alarms')
  const expected = new Map<string, number>()
  for (let file = 0; file < shape.files; file++)
    for (const { account } of transfersOf(shape, file).flatMap(postingsOf)) expected.set(account, (expected.get(account) ?? 0) + 1)
  const byAccount = Map.groupBy(lines, ({ account }) => account)
  return [...expected].flatMap(([account, count]) => judgeAccount(account, count, byAccount.get(account) ?? [])).slice(0, 4)
}

function judgeAccount(account: string, count: number, lines: readonly AlarmLine[]): string[] {
  const problems: string[] = []
  const open = new Map<number, { readonly seqs: number[]; passed: number }>()
  let seen = 0
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
    for (const [due, alarm] of open) {
      if (due < line.now && ++alarm.passed > MOST_IN_A_BATCH) problems.push(`alarms: ${due} of ${account} has not rung before ${text}`)
    }
    const alarm = open.get(line.due) ?? { seqs: [], passed: 0 }
    alarm.seqs.push(line.seq)
    open.set(line.due, alarm)
  }
  if (seen !== count) problems.push(`alarms: ${account} has ${seen} of ${count}`)
  return problems
}
