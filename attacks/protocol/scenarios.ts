/** What is enumerated. Each scenario looks hard at one thing, so that all its interleavings can be seen. */
import type { Budget, Scenario } from './world.ts'

const nothing: Budget = { crashes: 0, leases: 0, aborts: 0, timeouts: 0, doubts: 0, merges: 0, stops: 0, beats: 0, switches: 0 }
const plain: Omit<Scenario, 'key' | 'name' | 'budget'> = {
  records: 2,
  processes: 2,
  retain: 1,
  failureBudget: 1,
  deletes: 'at-once',
  reports: 'at-once',
  answers: 'at-once',
}

export const scenarios: readonly Scenario[] = [
  {
    ...plain,
    key: 'starters',
    name: 'two start in any interleaving, one takes over from a paused one',
    budget: { ...nothing, leases: 1, switches: -1 },
  },
  {
    ...plain,
    key: 'pause',
    name: 'a pause, a takeover and a crash',
    budget: { ...nothing, leases: 1, crashes: 1, switches: 2 },
  },
  {
    ...plain,
    key: 'abort-crash',
    name: 'an aborted checkpoint, late reports and commits, a crash',
    reports: 'late',
    answers: 'late',
    budget: { ...nothing, aborts: 1, crashes: 1 },
  },
  {
    ...plain,
    key: 'abort-pause',
    name: 'an aborted checkpoint, a pause and a takeover',
    reports: 'late',
    budget: { ...nothing, aborts: 1, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'all',
    name: 'an aborted checkpoint, a pause, a takeover and a crash',
    budget: { ...nothing, aborts: 1, leases: 1, crashes: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'timeout',
    name: 'a checkpoint given up while its messages are on the way, a crash',
    reports: 'late',
    budget: { ...nothing, timeouts: 1, crashes: 1 },
  },
  {
    ...plain,
    key: 'attempt',
    name: 'a failed attempt claims anew, beside a takeover',
    failureBudget: 0,
    reports: 'late',
    budget: { ...nothing, timeouts: 1, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'third',
    name: 'a third starts late, the first wakes among deleted numbers',
    processes: 3,
    records: 1,
    answers: 'no-matter',
    budget: { ...nothing, leases: 1, crashes: 1, switches: 2 },
  },
  {
    ...plain,
    key: 'doubt',
    name: 'a creation without an answer, a pause and a takeover',
    budget: { ...nothing, doubts: 1, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'beats',
    name: 'hearts that beat between entries, also of a paused owner',
    answers: 'no-matter',
    budget: { ...nothing, beats: 2, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'merge-pause',
    name: 'a merge and stepwise deletion, a pause and a takeover',
    deletes: 'stepwise',
    answers: 'no-matter',
    budget: { ...nothing, merges: 1, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'merge-crash',
    name: 'a merge and stepwise deletion, a crash',
    deletes: 'stepwise',
    answers: 'no-matter',
    budget: { ...nothing, merges: 1, crashes: 1 },
  },
  {
    ...plain,
    key: 'retained',
    name: 'two checkpoints retained, a pause and a takeover',
    retain: 2,
    records: 3,
    budget: { ...nothing, leases: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'stop',
    name: 'a clean stop and a hand-over',
    budget: { ...nothing, stops: 1, switches: 1 },
  },
  {
    ...plain,
    key: 'crashes',
    name: 'two crashes, one after the other, late commits',
    processes: 3,
    answers: 'late',
    budget: { ...nothing, crashes: 2 },
  },
]

/** Small enough for every run of the tests. */
export const smallScenarios: readonly Scenario[] = [
  { ...plain, key: 'small', name: 'one record, a pause and a takeover', records: 1, budget: { ...nothing, leases: 1, switches: 1 } },
  {
    ...plain,
    key: 'small',
    name: 'one record, an aborted checkpoint, a crash',
    records: 1,
    reports: 'late',
    answers: 'late',
    budget: { ...nothing, aborts: 1, crashes: 1 },
  },
  { ...plain, key: 'small', name: 'one record, a clean stop', records: 1, budget: { ...nothing, stops: 1, switches: 1 } },
]
