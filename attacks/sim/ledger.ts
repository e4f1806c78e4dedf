/**
 * The ledger: transfers between accounts, each of them two postings. The sum over all accounts is zero after each checkpoint, each
 * transfer stands exactly once in the histories of both of its accounts, and each balance is that of a straight line.
 */
import { valueState, type JobBuilder, type KeyedStream, type Out, type Sink, type Source } from '../../packages/millrace/src/index.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

export interface LedgerShape {
  readonly seed: number
  readonly files: number
  /** Of each file. */
  readonly transfers: number
  readonly accounts: number
}
export interface Transfer {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly amount: number
}
export interface Posting {
  readonly account: string
  readonly transfer: string
  readonly amount: number
}
/** A line of an account's history. */
export interface Entry extends Posting {
  readonly seq: number
  readonly balance: bigint
}
/** What a checkpoint has committed, in the order of its subtasks. */
export interface CommittedEntries {
  readonly checkpoint: number
  readonly entries: readonly Entry[]
}

/** Of each sort of problem: one mistake makes many. */
const SHOWN = 4
/** Balances leave the safe integers. */
const UNIT = 9_007_199_254_740_993n

export function transfersOf({ seed, transfers, accounts }: LedgerShape, file: number): Transfer[] {
  const random = new SeededRandom(seed, `transfers ${file}`)
  return Array.from({ length: transfers }, (_zero, index) => {
    const from = random.below(accounts)
    const to = (from + 1 + random.below(accounts - 1)) % accounts
    return { id: `t${file}-${index}`, from: `a${from}`, to: `a${to}`, amount: 1 + random.below(1_000) }
  })
}

export function postingsOf({ id, from, to, amount }: Transfer): readonly Posting[] {
  return [
    { account: from, transfer: id, amount: -amount },
    { account: to, transfer: id, amount },
  ]
}

/** @returns its postings by account, for more steps */
export function ledgerSteps(job: JobBuilder, source: Source<Transfer>, sink: Sink<Entry>): KeyedStream<Posting, string> {
  const postings = job
    .from('transfers', source)
    .flatMap(postingsOf)
    .keyBy((posting) => posting.account)
  postings
    .process('ledger', {
      state: { account: valueState({ initial: () => ({ seq: 0, balance: 0n }) }) },
      onRecord(posting, { state }, out: Out<Entry>) {
        const { seq, balance } = state.account.get()
        const next = { seq: seq + 1, balance: balance + BigInt(posting.amount) * UNIT }
        state.account.set(next)
        out.emit({ ...posting, ...next })
      },
    })
    .to('ledger', sink)
  return postings
}

/**
 * What is wrong with what has been committed. `isComplete` says which checkpoints there were: what was sealed for one that was aborted is
 * in the next, and with that alone the books are balanced.
 */
export function judgeLedger(
  shape: LedgerShape,
  committed: readonly CommittedEntries[],
  isComplete: (checkpoint: number) => boolean = () => true,
): string[] {
  const sums: string[] = []
  const histories = new Map<string, Entry[]>()
  let sum = 0n
  for (const { checkpoint, entries } of committed) {
    for (const entry of entries) {
      histories.set(entry.account, [...(histories.get(entry.account) ?? []), entry])
      sum += BigInt(entry.amount)
    }
    if (sum !== 0n && isComplete(checkpoint)) sums.push(`ledger: after checkpoint ${checkpoint} the sum of all balances is ${sum}`)
  }
  const open = new Map<string, Posting>()
  for (let file = 0; file < shape.files; file++)
    for (const transfer of transfersOf(shape, file)) for (const each of postingsOf(transfer)) open.set(nameOf(each), each)
  const lines = [...histories].flatMap(([account, entries]) => judgeAccount(account, entries, open))
  const missing = [...open.keys()].map((name) => `ledger: missing ${name}`)
  return [sums, lines, missing].flatMap((problems) => problems.slice(0, SHOWN))
}

function nameOf({ account, transfer }: Posting): string {
  return `${transfer} of ${account}`
}

function judgeAccount(account: string, entries: readonly Entry[], open: Map<string, Posting>): string[] {
  const problems: string[] = []
  let balance = 0n
  let seq = 0
  for (const entry of entries) {
    const name = nameOf(entry)
    const due = open.get(name)
    if (due === undefined) problems.push(`ledger: doubled ${name}`)
    else if (due.amount !== entry.amount) problems.push(`ledger: ${name} is ${entry.amount}, not ${due.amount}`)
    open.delete(name)
    balance += BigInt(entry.amount) * UNIT
    seq++
    if (entry.balance !== balance || entry.seq !== seq)
      problems.push(`ledger: line ${seq} of ${account} says ${entry.seq}. with ${entry.balance}, not ${balance}`)
    // What follows is judged by what it follows.
    balance = entry.balance
    seq = entry.seq
  }
  return problems
}
