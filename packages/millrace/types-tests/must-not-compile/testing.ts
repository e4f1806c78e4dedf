import type { Case } from './case.ts'

/** Tests of jobs. */
export const testingCases: readonly Case[] = [
  [`t.feed(t.streams.payments, [5])`, 'TS2769', "'number' is not assignable to type 'Payment'"],
  [`t.feed(t.streams.sums, ['a'])`, 'TS2769', "'string' is not assignable to type 'number'"],
  [`t.feed(t.streams.alerts, [])`, 'TS2339', "'alerts' does not exist"],
  [`const wrong: string[] = t.output(t.streams.sums); void wrong`, 'TS2322', "'number[]' is not assignable to type 'string[]'"],
  [`t.output(t.streams.sums).push('a')`, 'TS2345', "'string' is not assignable to parameter of type 'number'"],
  [`const wrong: string[] = t.output('sums'); void wrong`, 'TS2322', "'unknown[]' is not assignable to type 'string[]'"],
  [`t.output<string>('sums')`, 'TS2345', "'string' is not assignable to parameter of type 'Stream<string>'"],
  [
    `testStep((numbers: Stream<number>) => ({ numbers })).then((step) => step.output(step.streams.others))`,
    'TS2339',
    "'others' does not exist",
  ],
  [`t.advanceBy('1 hour')`, 'TS2345', `'"1 hour"' is not assignable`],
  [`t.feed(t.streams.payments, [], { splits: 'a' })`, 'TS2769', "'splits' does not exist in type 'FeedOptions'"],
  [`testJob(needsConfig)`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`testJob(needsConfig, { config: { in: 5 } })`, 'TS2322', "'number' is not assignable to type 'string'"],
  [`t.restoreInto(needsConfig)`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`testStep((numbers: Stream<number>) => numbers).then((step) => step.push('a'))`, 'TS2345', "'string' is not assignable"],
  [`stepSuite({ step: (numbers: Stream<number>) => numbers, script: (step) => step.push('a'), expected: [1] })`, 'TS2345', "'string'"],
  [`stepSuite({ step: (numbers: Stream<number>) => numbers, script: (step) => step.crash(), expected: [1] })`, 'TS2339', "'crash'"],
  [`simulate(needsConfig, { input: () => undefined })`, 'TS2345', "Property 'config' is missing"],
  [
    `simulate(handles, { input: (feed, streams) => feed(streams.payments, ['a']) })`,
    'TS2769',
    "'string' is not assignable to type 'Payment'",
  ],
  [`simulate(handles, { input: () => undefined, faults: ['crash'] })`, 'TS2322', `'"crash"' is not assignable to type 'FaultKind'`],
]
