import type { Case } from './case.ts'

/** Jobs, configs, handles and run options. */
export const jobCases: readonly Case[] = [
  [`run(needsConfig)`, 'TS2740', "Type 'Job<{ in: string; }, unknown>' is missing"],
  [`run(needsConfig, { config: 5 })`, 'TS2769', "'number' is not assignable to type '{ in: string; }'"],
  [`run(needsConfig, { config: { in: 5 } })`, 'TS2769', "'number' is not assignable to type 'string'"],
  [`start(needsConfig, { parallelism: 2 })`, 'TS2769', "Property 'config' is missing"],
  [
    `run(defineJob('a', (job) => { job.from('x', arraySource([1])) }), { config: 1 })`,
    'TS2769',
    "'config' does not exist in type 'RunOptions'",
  ],
  [`run('./job.ts')`, 'TS2345', "'string' is not assignable to parameter of type 'URL'"],
  [`start(needsConfig, { config: { in: 'x' } }).stop()`, 'TS2339', "'stop' does not exist on type 'Promise<RunningJob>'"],
  [`needsConfig.explain()`, 'TS2554', 'Expected 1 arguments, but got 0'],
  [`needsConfig.explain({ in: 5 })`, 'TS2322', "'number' is not assignable to type 'string'"],
  [`defineJob('a', (job) => { job.from('x', arraySource([1])) }).explain({ in: 'x' })`, 'TS2554', 'Expected 0 arguments, but got 1'],
  [
    `defineJob('a', (job, config: { in: string }) => { job.from('x', arraySource([config.out])) })`,
    'TS2339',
    "'out' does not exist on type '{ in: string; }'",
  ],
  [
    `defineJob('a', { config: stringSchema }, (job, config) => { job.from('x', arraySource([config.limit])) })`,
    'TS2339',
    "'limit' does not exist on type 'string'",
  ],
  [`defineJob('a', (job) => job.from('x', arraySource([1])))`, 'TS2322', "'Stream<number>' is not assignable to type 'Streams'"],
  [
    `defineJob('a', (job) => ({ n: 1, s: job.from('x', arraySource([1])) }))`,
    'TS2322',
    "'number' is not assignable to type 'Stream<unknown>'",
  ],
  [
    `const h = defineJob('a', (job) => ({ n: job.from('x', arraySource([1])) })); const s: Stream<string> | undefined = h['~handles']?.n; void s`,
    'TS2322',
    "'Stream<number>' is not assignable to type 'Stream<string>'",
  ],
  [`defineJob((job: JobBuilder) => { job.from('x', arraySource([1])) })`, 'TS2554', 'Expected 2-3 arguments, but got 1'],
  [`const o: RunOptions = { restart: { strategy: 'sometimes' } }; void o`, 'TS2322', `'"sometimes"' is not assignable to type`],
  [`const o: RunOptions = { restart: { strategy: 'fixed-delay', attempts: 3 } }; void o`, 'TS2322', "Property 'delay' is missing"],
  [`const o: RunOptions = { restart: 'always' }; void o`, 'TS2322', `'"always"' is not assignable to type`],
  [`const o: RunOptions = { checkpoints: { every: '1s' } }; void o`, 'TS2741', "Property 'storage' is missing"],
  [
    `const o: RunOptions = { checkpoints: { storage: 'chk', every: 'often' } }; void o`,
    'TS2322',
    `'"often"' is not assignable to type 'Duration`,
  ],
  [`const o: RunOptions = { restore: 'newest' }; void o`, 'TS2322', `'"newest"' is not assignable to type`],
  [`const o: RunOptions = { parallelism: '4' }; void o`, 'TS2322', "'string' is not assignable to type 'number"],
  [`const o: RunOptions = { http: { port: 80 } }; void o`, 'TS2353', "'http' does not exist in type 'RunOptions'"],
  [`const o: RunOptions = { workers: 2 }; void o`, 'TS2353', "'workers' does not exist in type 'RunOptions'"],
  [`running.savepoint('x')`, 'TS2339', "'savepoint' does not exist on type 'RunningJob'"],
  [`running.stop({ drain: true })`, 'TS2353', "'drain' does not exist in type"],
  [`const k: Key = { a: 1 }; void k`, 'TS2353', "'a' does not exist in type"],
]
