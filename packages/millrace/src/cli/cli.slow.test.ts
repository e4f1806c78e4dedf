import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The command as users have it: a process of its own. */
const bin = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url))
const api = new URL('../index.ts', import.meta.url).href
const filesApi = new URL('../files.ts', import.meta.url).href
const WAIT_MS = 60_000

const root = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
after(() => rmSync(root, { recursive: true }))
let folder = root
beforeEach(() => {
  folder = mkdtempSync(join(root, 'test-'))
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly tookMs: number
}
interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when stderr holds the text. */
  said(text: string): Promise<void>
}

function start(...args: string[]): Running {
  return startWith({}, ...args)
}

function startWith(env: Readonly<Record<string, string>>, ...args: string[]): Running {
  const began = performance.now()
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  let out = ''
  let err = ''
  const wanted = new Map<string, () => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    for (const [part, resolve] of wanted) if (err.includes(part)) resolve()
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), WAIT_MS)
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, out, err, tookMs: performance.now() - began })
    })
  })
  const said = (part: string): Promise<void> =>
    Promise.race([
      err.includes(part) ? Promise.resolve() : new Promise<void>((resolve) => wanted.set(part, resolve)),
      ended.then(({ code }) => assert.fail(`ended with ${code} before it said '${part}': ${err}`)),
    ])
  return { child, ended, said }
}

function millrace(...args: string[]): Promise<Ended> {
  return start(...args).ended
}

/** Numbers, one file of output; each value must be there once, whatever happened on the way. */
function numbersJob(options: { readonly count: number; readonly rate?: number }): void {
  const { count, rate } = options
  writeFileSync(
    join(folder, 'job.ts'),
    [
      `import { agg, defineJob, generatorSource } from '${api}'`,
      `import { fileSink, jsonLines } from '${filesApi}'`,
      `export default defineJob('numbers', (job) => {`,
      `  job.from('numbers', generatorSource({ count: ${count}, ${rate === undefined ? '' : `rate: ${rate}, `}record: (index) => index }))`,
      `    .keyBy((index) => index % 100).aggregate('counts', { n: agg.count() })`,
      `    .to('out', fileSink('out', jsonLines()))`,
      `})`,
    ].join('\n'),
  )
}

function committed(): { readonly rows: number; readonly distinct: number } {
  const names = existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.')) : []
  const rows = names.flatMap((name) =>
    readFileSync(join(folder, 'out', name), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  )
  return { rows: rows.length, distinct: new Set(rows).size }
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[40] = (bytes[40] as number) ^ 1
  writeFileSync(path, bytes)
}

/** Resolves when the log has had so many entries after this one. */
async function entriesBeyond(entry: string, count: number): Promise<void> {
  const wanted = Number.parseInt(basename(entry), 10) + count
  const isThere = (): boolean => Number.parseInt(basename(newestEntry()), 10) >= wanted
  const changes = watch(join(folder, 'state/log'))
  while (!isThere()) await once(changes, 'change')
  changes.close()
}

function newestEntry(): string {
  const log = join(folder, 'state/log')
  return join(log, readdirSync(log).sort().at(-1) as string)
}

test('a job to its end, and once more', async () => {
  numbersJob({ count: 5_000 })
  const first = await millrace('run', 'job.ts', '--checkpoints', 'state')
  assert.equal(first.code, 0, first.err)
  assert.match(first.err, /^numbers: starts from nothing: state holds no checkpoints$/m)
  assert.match(first.err, /^numbers: finished: 5,000 records in .*; all output is committed, checkpoint \d+ has /m)
  assert.match(first.err, /^ {2}read +source\/numbers +5,000\n {2}written +sink\/out +5,000 +out\n {2}\d+ checkpoints?, 0 restarts$/m)
  assert.deepEqual(committed(), { rows: 5_000, distinct: 5_000 })
  const second = await millrace('run', 'job.ts', '--checkpoints', 'state')
  assert.equal(second.code, 0)
  assert.match(second.err, /^numbers: has finished before: checkpoint \d+ holds all of its input.*\n {2}If the input has grown: /m)
  assert.deepEqual(committed(), { rows: 5_000, distinct: 5_000 })
  const list = await millrace('checkpoints', 'state')
  assert.match(list.out, /^job numbers: finished, all output is committed; a run changes nothing\n/)
  const inspected = await millrace('inspect', 'state')
  assert.equal(inspected.code, 0, inspected.err)
  assert.match(inspected.out, /^ {2}n +accumulator +100 +100 /m)
  assert.match(inspected.out, /^ {2}0 +5000 +- +ended$/m)
  const state = await millrace('state', 'state', 'counts', '7')
  assert.equal(state.code, 0, state.err)
  assert.match(state.out, /^n +accumulator +50$/m)
})

test('MILLRACE_LOG=info,json tells what happens in lines of JSON, and nothing else is on stderr', async () => {
  numbersJob({ count: 5_000 })
  const { code, err } = await startWith({ MILLRACE_LOG: 'info,json' }, 'run', 'job.ts', '--checkpoints', 'state').ended
  assert.equal(code, 0, err)
  const lines = err
    .trimEnd()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { readonly event: string; readonly job: string; readonly records?: number; readonly written?: number },
    )
  assert.deepEqual(
    lines.map(({ event }) => event),
    ['job.claimed', 'job.starting', 'job.running', 'job.finished', 'job.figures'],
  )
  assert.ok(lines.every(({ job }) => job === 'numbers'))
  assert.deepEqual([lines.at(-1)?.records, lines.at(-1)?.written], [5_000, 5_000])
})

test('a program that runs a job has the same log', () => {
  writeFileSync(
    join(folder, 'program.ts'),
    [
      `import { arraySource, defineJob, printSink, run } from '${api}'`,
      `await run(defineJob('embedded', (job) => void job.from('a', arraySource([1])).to('screen', printSink())))`,
    ].join('\n'),
  )
  const told = (level: string): string =>
    spawnSync(process.execPath, [join(folder, 'program.ts')], { encoding: 'utf8', env: { ...process.env, MILLRACE_LOG: level } }).stderr
  assert.match(
    told('info'),
    /^\S+ info +job\.starting job=embedded\n\S+ info +job\.running job=embedded\n\S+ info +job\.finished job=embedded\n$/,
  )
  assert.equal(told('warn'), '')
})

test('--restart: how often a job that fails starts again, and when it gives up', async () => {
  writeFileSync(
    join(folder, 'job.ts'),
    [
      `import { arraySource, defineJob, printSink } from '${api}'`,
      `export default defineJob('fails', (job) => {`,
      `  job.from('numbers', arraySource([1])).map(() => { throw new Error('always') }).to('screen', printSink())`,
      `})`,
    ].join('\n'),
  )
  const twice = await millrace('run', 'job.ts', '--checkpoints', 'state', '--restart', 'fixed-delay:attempts=2,delay=10ms')
  assert.equal(twice.code, 1)
  assert.equal(twice.err.match(/restarts from its newest checkpoint in 10 ms/g)?.length, 2, twice.err)
  const never = await startWith({ MILLRACE_LOG: 'info' }, 'run', 'job.ts', '--checkpoints', 'other', '--restart', 'none').ended
  assert.equal(never.code, 1)
  assert.match(never.err, /^\S+ info +job\.failed job=fails code=USER_CODE message="/m)
  assert.match(never.err, /^millrace: USER_CODE: .*always/m)
  assert.doesNotMatch(never.err, /restart/)
})

test('a reader that goes away early is no error', async () => {
  numbersJob({ count: 1_000 })
  assert.equal((await millrace('run', 'job.ts', '--checkpoints', 'state')).code, 0)
  for (const args of ['state state counts --limit 100000', 'explain job.ts', '--help']) {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${bin}" ${args} | head -1`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    const code = await new Promise((resolve) => child.on('close', resolve))
    assert.deepEqual([code, err, out.split('\n').length], [0, '', 2], args)
  }
})

test('SIGTERM stops in order, the next run continues', async () => {
  numbersJob({ count: 20_000, rate: 4_000 })
  const running = start('run', 'job.ts', '--checkpoints', 'state', '--checkpoint-every', '200ms')
  await running.said('numbers: checkpoint ')
  running.child.kill('SIGTERM')
  const stopped = await running.ended
  assert.equal(stopped.code, 0, stopped.err)
  assert.match(stopped.err, /^numbers: SIGTERM: stopping with a last checkpoint; once more ends at once$/m)
  const checkpoint = /^numbers: stopped: checkpoint (\d+) is complete and its output committed/m.exec(stopped.err)?.[1]
  const { rows } = committed()
  assert.ok(rows > 0 && rows < 20_000)
  const list = await millrace('checkpoints', 'state')
  assert.match(list.out, /^job numbers: stopped and given back; a run continues at once\n/)
  assert.match(list.out, new RegExp(`^ +${checkpoint}  stop .*<- continues from here$`, 'm'))
  const resumed = await millrace('run', 'job.ts', '--checkpoints', 'state')
  assert.equal(resumed.code, 0, resumed.err)
  assert.match(resumed.err, new RegExp(`^numbers: continues from checkpoint ${checkpoint}$`, 'm'))
  assert.deepEqual(committed(), { rows: 20_000, distinct: 20_000 })
})

test('a second Ctrl-C ends at once, and loses and doubles nothing', async () => {
  numbersJob({ count: 20_000, rate: 4_000 })
  const running = start('run', 'job.ts', '--checkpoints', 'state', '--checkpoint-every', '200ms')
  await running.said('numbers: checkpoint ')
  running.child.kill('SIGINT')
  running.child.kill('SIGTERM')
  const { code, err } = await running.ended
  // Two that are sent at once arrive in either order, and it may have been through with the first.
  assert.ok(code === 130 || code === 143 || code === 0, `${code}: ${err}`)
  if (code !== 0) assert.match(err, /^numbers: ended at once\. The next run continues from checkpoint \d+ or a newer one; /m)
  const resumed = await millrace('run', 'job.ts', '--checkpoints', 'state')
  assert.equal(resumed.code, 0, resumed.err)
  assert.deepEqual(committed(), { rows: 20_000, distinct: 20_000 })
})

test('a second process waits, and takes over after kill -9', async () => {
  numbersJob({ count: 40_000, rate: 4_000 })
  const first = start('run', 'job.ts', '--checkpoints', 'state', '--checkpoint-every', '200ms', '--lease', '2s')
  await first.said('numbers: checkpoint ')
  assert.match((await millrace('state', 'state', 'counts')).out, /^100 keys, watermark before all records$/m)
  const second = start('run', 'job.ts', '--checkpoints', 'state', '--lease', '2s')
  await second.said(`numbers: waiting: process ${first.child.pid} has the job; takes over in `)
  assert.match((await millrace('checkpoints', 'state')).out, new RegExp(`^job numbers: (running in|claimed by) process ${first.child.pid}`))
  first.child.kill('SIGKILL')
  const { code, err } = await second.ended
  assert.equal(code, 0, err)
  assert.match(err, /^numbers: continues from checkpoint \d+$/m)
  assert.deepEqual(committed(), { rows: 40_000, distinct: 40_000 })
})

test('stopping while waiting begins nothing', async () => {
  numbersJob({ count: 100_000, rate: 4_000 })
  const first = start('run', 'job.ts', '--checkpoints', 'state')
  await first.said('numbers: starts from nothing')
  const second = start('run', 'job.ts', '--checkpoints', 'state')
  await second.said('numbers: waiting: ')
  second.child.kill('SIGINT')
  const { code, err } = await second.ended
  assert.equal(code, 0, err)
  assert.match(err, /^numbers: stopped before it had begun$/m)
  first.child.kill('SIGKILL')
  await first.ended
})

test('a damaged newest checkpoint stops loudly, names the file, and an older one is restored by word', async () => {
  numbersJob({ count: 20_000, rate: 4_000 })
  const running = start('run', 'job.ts', '--checkpoints', 'state', '--lease', '1s', '--checkpoint-every', '200ms')
  await running.said('numbers: checkpoint ')
  await entriesBeyond(newestEntry(), 4)
  running.child.kill('SIGKILL')
  await running.ended
  const file = newestEntry()
  flip(file)
  const refused = await millrace('run', 'job.ts', '--checkpoints', 'state', '--lease', '1s')
  assert.equal(refused.code, 4)
  assert.match(refused.err, /^millrace: CHECKPOINT_CORRUPT: .*\.entry is damaged: .*Intact: [\d, ]+\. Nothing has been touched\.$/m)
  assert.match(refused.err, /see docs\/errors\.md#checkpoint_corrupt/)
  const list = await millrace('checkpoints', 'state')
  assert.equal(list.code, 4)
  assert.match(list.err, /^damaged: state\/log\/\d+\.entry is damaged/m)
  assert.equal((await millrace('inspect', 'state')).code, 4)
  const intact = /^ +(\d+)  periodic/m.exec(list.out)?.[1]
  const withoutWord = await millrace('run', 'job.ts', '--checkpoints', 'state', '--lease', '1s', '--restore', `state/${intact}`)
  assert.equal(withoutWord.code, 2, withoutWord.err)
  assert.match(withoutWord.err, /--accept-loss/)
  const restored = await millrace(
    'run',
    'job.ts',
    '--checkpoints',
    'state',
    '--lease',
    '1s',
    '--restore',
    `state/${intact}`,
    '--accept-loss',
  )
  assert.equal(restored.code, 0, restored.err)
  assert.match(restored.err, new RegExp(`^numbers: continues from checkpoint ${intact}$`, 'm'))
})

test('a damaged chunk is named by inspect', async () => {
  numbersJob({ count: 1_000 })
  assert.equal((await millrace('run', 'job.ts', '--checkpoints', 'state')).code, 0)
  const chunk = readdirSync(join(folder, 'state/chunks'))[0] as string
  flip(join(folder, 'state/chunks', chunk))
  const { code, out, err } = await millrace('inspect', 'state')
  assert.equal(code, 4)
  assert.match(out, /DAMAGED: figures are what could be read/)
  assert.ok(err.startsWith(`damaged: state/chunks/${chunk}`), err)
})

test('errors of the job show its own lines', async () => {
  writeFileSync(
    join(folder, 'job.ts'),
    [
      `import { arraySource, defineJob, printSink } from '${api}'`,
      `export default defineJob('fails', (job) => {`,
      `  job.from('numbers', arraySource([1, 2, 3])).map((n) => {`,
      `    if (n === 2) throw new TypeError('no twos')`,
      `    return n`,
      `  }).to('screen', printSink())`,
      `})`,
    ].join('\n'),
  )
  const { code, err } = await millrace('run', 'job.ts')
  assert.equal(code, 1)
  assert.match(err, /^millrace: USER_CODE: .*no twos/m)
  assert.match(err, /^ +at .*job\.ts:4:24\)?$/m)
  assert.doesNotMatch(err, /node:internal|millrace-op|packages\/millrace\/src/)
})

test('what a job leaves open does not keep the command from ending', async () => {
  writeFileSync(
    join(folder, 'job.ts'),
    [
      `import { arraySource, defineJob, printSink } from '${api}'`,
      `setInterval(() => {}, 1_000)`,
      `export default defineJob('open', (job) => {`,
      `  job.from('numbers', arraySource([1])).to('screen', printSink())`,
      `})`,
    ].join('\n'),
  )
  const { code, out } = await millrace('run', 'job.ts')
  assert.deepEqual([code, out], [0, '1\n'])
})

test('wrong command lines end with 2 and start nothing', async () => {
  numbersJob({ count: 10 })
  const wrong: readonly (readonly string[])[] = [
    ['run', 'nope.ts'],
    ['run', 'job.ts', '--checkpoint', 'state'],
    ['run', 'job.ts', '--parallelism', 'two'],
    ['run', 'job.ts', '--parallelism', '0'],
    ['run', 'job.ts', '--workers', '2'],
    ['run', 'job.ts', '--checkpoints', 'state', '--checkpoint-every', '5'],
    ['run', 'job.ts', '--config', '{a'],
    ['checkpoints', 'nope'],
  ]
  for (const args of wrong) {
    const { code, out, err } = await millrace(...args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.match(err, /^millrace: /)
    assert.equal(out, '')
  }
  assert.ok(!existsSync(join(folder, 'state')))
})

/** Both take the whole time that is given to what does not end. */
test('an open, a close or a callback that never ends does not end the process in silence, and is named in the end', async () => {
  const jobs: Readonly<Record<string, string>> = {
    close: `job.from('a', arraySource([1])).process('p', { close: () => never(), onRecord() {} }).to('o', printSink())`,
    open: `job.from('a', arraySource([1])).process('p', { open: () => never(), onRecord() {} }).to('o', printSink())`,
    callback: `job.from('a', arraySource([1])).to('o', callbackSink(() => never()))`,
  }
  for (const [name, steps] of Object.entries(jobs))
    writeFileSync(
      join(folder, `${name}.ts`),
      [
        `import { arraySource, callbackSink, defineJob, printSink } from '${api}'`,
        `const never = (): Promise<void> => (process.stderr.write('it was called\\n'), new Promise(() => {}))`,
        `export default defineJob('${name}', (job) => { ${steps} })`,
      ].join('\n'),
    )
  const closing = start('run', 'close.ts')
  const opening = start('run', 'open.ts')
  const calling = start('run', 'callback.ts')
  await Promise.all([opening.said('it was called'), calling.said('it was called')])
  opening.child.kill('SIGINT')
  calling.child.kill('SIGINT')
  const [closed, opened, called] = await Promise.all([closing.ended, opening.ended, calling.ended])
  assert.deepEqual([closed.code, opened.code, called.code], [0, 0, 1], `${closed.err}\n${opened.err}\n${called.err}`)
  assert.match(closed.err, /step\/p to be closed/)
  assert.match(opened.err, /step\/p to be opened/)
  assert.match(called.err, /STOPPED.*sink\/o to commit/)
})
