/** What is enumerated. Each scenario looks hard at one thing, so that all its interleavings can be seen. */
import type { Budget, Scenario } from './world.ts'

const nothing: Budget = { crashes: 0, leases: 0, aborts: 0, doubts: 0, merges: 0, stops: 0, switches: 0 }
const plain: Omit<Scenario, 'name' | 'budget'> = { records: 2, processes: 2, retain: 1, failureBudget: 1, deletes: 'at-once', reports: 'at-once', answers: 'at-once' }

export const scenarios: readonly Scenario[] = [
  { ...plain, name: 'two starters, any interleaving, one takes over while the other is paused', budget: { ...nothing, leases: 1, switches: -1 } },
  { ...plain, name: 'a pause, a takeover and a crash', budget: { ...nothing, leases: 1, crashes: 1, switches: 2 } },
  { ...plain, name: 'an aborted checkpoint, late reports, late commits, a crash', reports: 'late', answers: 'late', budget: { ...nothing, aborts: 1, crashes: 1 } },
  { ...plain, name: 'an aborted checkpoint, a pause and a takeover', reports: 'late', budget: { ...nothing, aborts: 1, leases: 1, switches: 1 } },
  { ...plain, name: 'a failed attempt claims anew, beside a takeover', failureBudget: 0, budget: { ...nothing, aborts: 1, leases: 1, switches: 1 } },
  { ...plain, name: 'a third one starts late, the first wakes among deleted numbers', processes: 3, records: 1, answers: 'no-matter', budget: { ...nothing, leases: 1, crashes: 1, switches: 2 } },
  { ...plain, name: 'creations without an answer', budget: { ...nothing, doubts: 1, leases: 1, switches: 1 } },
  { ...plain, name: 'merges and stepwise deletion, with a takeover', deletes: 'stepwise', answers: 'no-matter', budget: { ...nothing, merges: 1, leases: 1, switches: 1 } },
  { ...plain, name: 'merges and stepwise deletion, with a crash', deletes: 'stepwise', answers: 'no-matter', budget: { ...nothing, merges: 1, crashes: 1 } },
  { ...plain, name: 'two retained', retain: 2, records: 3, budget: { ...nothing, leases: 1, switches: 1 } },
  { ...plain, name: 'a clean stop and a hand-over', budget: { ...nothing, stops: 1, switches: 1 } },
  { ...plain, name: 'two crashes, one after the other', processes: 3, answers: 'late', budget: { ...nothing, crashes: 2 } },
]
