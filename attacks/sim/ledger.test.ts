/** The ledger lets pass what is right, and finds each kind of mistake. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeLedger, postingsOf, transfersOf, type CommittedEntries, type Entry } from './ledger.ts'

const shape = { seed: 3, files: 2, transfers: 12, accounts: 4 }
const UNIT = 9_007_199_254_740_993n

/** What a straight line commits, a transfer with each checkpoint. */
function right(): CommittedEntries[] {
  const accounts = new Map<string, { seq: number; balance: bigint }>()
  const transfers = [0, 1].flatMap((file) => transfersOf(shape, file))
  return transfers.map((transfer, checkpoint) => ({
    checkpoint,
    entries: postingsOf(transfer).map((posting): Entry => {
      const { seq, balance } = accounts.get(posting.account) ?? { seq: 0, balance: 0n }
      const next = { seq: seq + 1, balance: balance + BigInt(posting.amount) * UNIT }
      accounts.set(posting.account, next)
      return { ...posting, ...next }
    }),
  }))
}

const withEntries = (all: CommittedEntries[], at: number, change: (entries: readonly Entry[]) => readonly Entry[]): CommittedEntries[] =>
  all.with(at, { checkpoint: at, entries: change((all[at] as CommittedEntries).entries) })

const mistakes: readonly (readonly [what: string, change: (all: CommittedEntries[]) => CommittedEntries[], says: RegExp])[] = [
  ['a transfer gone', (all) => all.toSpliced(5, 1), /missing t0-5/],
  ['a transfer twice', (all) => [...all, all[3] as CommittedEntries], /doubled t0-3/],
  ['half a transfer', (all) => withEntries(all, 7, (entries) => entries.slice(1)), /after checkpoint 7 the sum/],
  ['another amount', (all) => withEntries(all, 2, ([one, other]) => [{ ...(one as Entry), amount: -5 }, other as Entry]), /is -5, not/],
  [
    'a balance that is one off',
    (all) => withEntries(all, 4, ([one, other]) => [{ ...(one as Entry), balance: 1n + (one as Entry).balance }, other as Entry]),
    /line \d+ of a\d says/,
  ],
  [
    'the lines of an account in another order',
    (all) => [all[1] as CommittedEntries, all[0] as CommittedEntries, ...all.slice(2)],
    /line \d+ of a\d says/,
  ],
]

test('the ledger: what is right passes', () => assert.deepEqual(judgeLedger(shape, right()), []))

for (const [what, change, says] of mistakes)
  test(`the ledger: ${what} is found`, () => assert.match(judgeLedger(shape, change(right())).join('\n'), says))
