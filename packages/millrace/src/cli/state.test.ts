import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { countWindow, session, sliding, windowSpecOf } from '../api/windows.ts'
import { encodeEntry } from '../checkpoint/entry.ts'
import { MANIFEST_FORMAT, type ChunkRef, type EntryHead, type Manifest, type Run } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import type { Env } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import { plain } from '../core/text-layout.ts'
import { nodeEnv } from '../env/node-env.ts'
import { WINDOW_END, WINDOW_START } from '../plan/window-layout.ts'
import { windowStates } from '../plan/window-states.ts'
import type { Key } from '../serde/key.ts'
import { buildChunk } from '../state/chunk.ts'
import { declaredStates, type KeyedState, type OperatorState, type StateDeclaration } from '../state/contract.ts'
import { createHeapState } from '../state/heap-state.ts'
import type { Pane } from '../state/pane-table.ts'
import { createPaneState, createSessionState } from '../state/window-state.ts'
import type { SlidingWindows } from '../windows/assigner.ts'
import { main } from './main.ts'
import { stateCommand } from './state.ts'
import type { World } from './world.ts'

const real = nodeEnv()
const NOW = Date.parse('2020-01-01T00:00:00Z')
const GROUPS = 8
const HOUR = 3_600_000

const declarations: Readonly<Record<string, StateDeclaration>> = {
  total: { kind: 'value', version: 1 },
  seen: { kind: 'map', version: 1 },
  last: { kind: 'list', version: 1 },
  brief: { kind: 'value', version: 1, ttl: { afterMs: HOUR, refreshOn: 'write', expired: 'never-returned' } },
  n: { kind: 'accumulator', version: 1 },
  forget: { kind: 'timer', domain: 'event', version: 1 },
  due: { kind: 'timers', domain: 'processing', version: 1 },
}
/** Each writes what the next checkpoint has as a delta. */
type Change = (state: KeyedState) => void
const at = (key: Key, change: Change): Change => {
  return (state) => {
    state.setKey(key)
    change(state)
  }
}

/** A directory as a run leaves it: a claim, then a checkpoint for each list of changes, the first of which is number 1. */
function directoryOf(context: TestContext, ...checkpoints: readonly (readonly Change[])[]): Promise<string> {
  const state = createHeapState({ declarations, maxParallelism: GROUPS, freeze: 'always' })
  const changes = checkpoints.map((all) => () => {
    state.now = NOW - HOUR / 2
    for (const change of all) change(state)
  })
  return directoryWith(context, { declarations, state }, changes)
}

/** `changes`: what happens before each checkpoint. */
async function directoryWith(
  context: TestContext,
  { declarations, state }: { readonly declarations: Readonly<Record<string, StateDeclaration>>; readonly state: OperatorState },
  checkpoints: readonly (() => void)[],
): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-state-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const storage = new OpenDirectory(real, directory)
  const head = (latest: number | null, floor: number): EntryHead => ({
    job: 'orders',
    log: 'l',
    epoch: 1,
    claim: 1,
    latest,
    kept: latest === null ? [] : Array.from({ length: latest - 1 }, (_, index) => index + 1),
    checkpointFloor: floor,
  })
  const claim = { kind: 'claim' as const, ...head(null, -1), owner: real.processes.self(), token: 't'.repeat(16), leaseMs: 10_000 }
  await storage.createEntry(1, encodeEntry(1, claim, real.digest))
  const chunks: ChunkRef[] = []
  const runs: Run[] = []
  for (const [index, change] of checkpoints.entries()) {
    const id = index + 1
    change()
    state.snapshots.seal(id, 'delta')
    assert.ok(state.snapshots.encode({ hasLeft: () => true }))
    const parts = state.snapshots.takeBlocks().map((block) => ({ ...block, operator: 'step/totals' }))
    state.snapshots.complete(id)
    const name = `e1-c${id}-step.totals-0-${String(id).padStart(16, '0')}.chunk`
    const built = buildChunk({ name, epoch: 1, checkpoint: id, parts }, real.digest)
    await storage.writeChunk(name, built.bytes)
    chunks.push({ name, sizeBytes: built.sizeBytes, sha256: built.sha256 })
    runs.push({ chunk: name, first: 0, last: GROUPS - 1, bytes: built.sizeBytes, entries: parts.length, level: 0 })
    const manifest: Manifest = {
      format: MANIFEST_FORMAT,
      job: 'orders',
      checkpoint: id,
      epoch: 1,
      createdAtMs: NOW - 5_000,
      reason: 'periodic',
      keyGroups: GROUPS,
      planHash: 'a'.repeat(64),
      chunks: [...chunks],
      operators: {
        'source/orders': { kind: 'source', splits: {} },
        'step/totals': {
          kind: 'keyed',
          states: declaredStates(declarations),
          runs: [...runs],
          watermarks: [{ first: 0, last: GROUPS - 1, watermark: NOW - HOUR }],
        },
        'step/plain': { kind: 'keyed', states: {}, runs: [], watermarks: [{ first: 0, last: GROUPS - 1, watermark: NOW }] },
      },
    }
    await storage.createEntry(id + 1, encodeEntry(id + 1, { kind: 'checkpoint', ...head(id + 1, id), manifest }, real.digest))
  }
  return directory
}

function worldOf(env: Env = real): World & { out: string; err: string } {
  const world = {
    env: { ...env, clock: { ...env.clock, now: () => NOW } },
    out: '',
    err: '',
    stdout: { write: (text: string) => (world.out += text) },
    stderr: { write: (text: string) => (world.err += text) },
    canRedraw: false,
    isLogged: false,
    paint: plain,
    paintOutput: plain,
    folder: tmpdir(),
    onSignal: () => {},
    onEarlyEnd: () => () => {},
    exit: () => {},
    exitSoon: () => {},
  }
  return world
}

interface Asked {
  readonly step?: string
  readonly key?: string
  readonly values?: Readonly<Record<string, string | true>>
  readonly env?: Env
}
async function ask(checkpoint: string, { step = 'totals', key, values = {}, env }: Asked = {}): Promise<string> {
  const world = worldOf(env)
  assert.equal(await stateCommand({ checkpoint, step, key }, values, world), 0)
  return world.out
}

async function refusal(checkpoint: string, asked: Asked): Promise<string> {
  try {
    return assert.fail(`accepted: ${await ask(checkpoint, asked)}`)
  } catch (error) {
    assert.ok(StreamError.is(error), String(error))
    return `${error.code}: ${messageOf(error)}`
  }
}

const everything = at('north', (state) => {
  state.value('total').set({ cents: 2_000, big: 5n })
  state.map('seen').set('a', 1)
  state.map('seen').set(7, new Date(NOW))
  state.list('last').add('x')
  state.list('last').add('y')
  state.value('brief').set('soon gone')
  state.accumulator('n').put(state.slotOf('north'), 3)
  state.timer('forget').set(NOW)
  state.timers('due').add(NOW + 2_000)
  state.timers('due').add(NOW + 1_000)
})

test('every state and timer of a key, with what each holds and when it expires', async (context) => {
  const directory = await directoryOf(context, [everything, at('south', (state) => state.value('total').set(1))])
  assert.equal(
    (await ask(directory, { key: 'north' })).replace(/key group \d/, 'key group G'),
    [
      'step/totals, key "north": as of checkpoint 1 of the job orders, 5.0 s ago',
      'key group G, watermark 2019-12-31 23:00:00',
      '',
      'STATE   KIND               VALUE',
      'total   value              {"cents":2000,"big":5n}',
      'seen    map                2 entries',
      '                             "a" => 1',
      '                             7 => 2020-01-01T00:00:00.000Z',
      'last    list               2 elements',
      '                             "x"',
      '                             "y"',
      'brief   value              "soon gone" (expires in 30m 00s)',
      'n       accumulator        3',
      'forget  event timer        fires at 2020-01-01 00:00:00',
      'due     processing timers  2 pending',
      '                             fires at 2020-01-01 00:00:01',
      '                             fires at 2020-01-01 00:00:02',
      '',
    ].join('\n'),
  )
})

test('what has expired is said to have, and what is empty is listed too', async (context) => {
  const directory = await directoryOf(context, [
    at('k', (state) => {
      state.now -= 2 * HOUR
      state.value('brief').set(1)
      state.now += 2 * HOUR
    }),
  ])
  const out = await ask(directory, { key: 'k' })
  assert.match(out, /^brief +value +1 \(expired 1h 30m ago\)$/m)
  assert.match(out, /^total +value +-$/m)
  assert.match(out, /^due +processing timers +-$/m)
})

test('the deltas of several checkpoints are applied in order; an older checkpoint is as it was', async (context) => {
  const directory = await directoryOf(
    context,
    [everything],
    [
      at('north', (state) => {
        state.value('total').clear()
        state.map('seen').delete('a')
        state.list('last').add('z')
        state.timer('forget').clear()
        state.timers('due').delete(NOW + 1_000)
      }),
    ],
    [
      at('north', (state) => {
        state.map('seen').clear()
        state.map('seen').set('new', 1)
        state.list('last').replace(['only'])
      }),
    ],
  )
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(async (id) => JSON.parse(await ask(`${directory}/${id}`, { key: 'north', values: { json: true } })) as KeyJson),
  )
  assert.deepEqual(contents(first as KeyJson, 'last'), [{ count: 2, elements: [{ value: 'x' }, { value: 'y' }] }])
  assert.deepEqual(contents(second as KeyJson, 'last'), [{ count: 3, elements: [{ value: 'x' }, { value: 'y' }, { value: 'z' }] }])
  assert.deepEqual(contents(second as KeyJson, 'total'), [])
  assert.deepEqual(contents(second as KeyJson, 'seen'), [{ count: 1, entries: [{ key: 7, value: { $date: '2020-01-01T00:00:00.000Z' } }] }])
  assert.deepEqual(contents(second as KeyJson, 'forget'), [])
  assert.deepEqual(contents(second as KeyJson, 'due'), [{ count: 1, entries: [NOW + 2_000] }])
  assert.deepEqual(contents(third as KeyJson, 'seen'), [{ count: 1, entries: [{ key: 'new', value: 1 }] }])
  assert.deepEqual(contents(third as KeyJson, 'last'), [{ count: 1, elements: [{ value: 'only' }] }])
  assert.deepEqual(contents(third as KeyJson, 'brief'), [{ value: 'soon gone', expiresAtMs: NOW + HOUR / 2 }])
  assert.equal(third?.checkpoint, 3)
  // Newest where none is named.
  assert.deepEqual(JSON.parse(await ask(directory, { key: 'north', values: { json: true } })), third)
})

interface KeyJson {
  readonly checkpoint: number
  readonly states: readonly { readonly name: string; readonly contents: readonly unknown[] }[]
}
function contents(report: KeyJson, name: string): readonly unknown[] | undefined {
  return report.states.find((state) => state.name === name)?.contents
}

const MINUTE = 60_000
const aggregated = { kind: 'aggregate', aggregates: { n: agg.count(), visited: agg.list() }, isOrderFree: false } as const

/** Sliding windows of `late` and `early`, of which the first has gone with the second checkpoint. */
function windowsDirectory(context: TestContext): Promise<string> {
  const windows = windowSpecOf('a test', sliding('10m', '1m')) as SlidingWindows
  const all = windowStates({ windows, compute: aggregated }, 'general')
  const state = createPaneState({ declarations: all, maxParallelism: GROUPS, domain: 'event', freeze: 'always' })
  const add = (start: number, key: Key, n: number): void => {
    const pane = state.table.panes.get(start) ?? state.table.open(start)
    state.accumulator('n').put(state.table.slotIn(pane, key), n)
  }
  return directoryWith(context, { declarations: all, state }, [
    () => {
      for (const minute of [-90, -8, -7]) add(NOW + minute * MINUTE, 'ann', -minute)
      add(NOW - 8 * MINUTE, 'bob', 1)
    },
    () => state.table.drop(state.table.panes.get(NOW - 90 * MINUTE) as Pane),
  ])
}

test('windows of a key are shown one after the other, with their times; those that have gone are not', async (context) => {
  const directory = await windowsDirectory(context)
  const lines = (await ask(directory, { key: 'ann' })).split('\n').slice(2)
  assert.deepEqual(lines, [
    'windows of 10m every 1m',
    '',
    'WINDOW                                      STATE  KIND         VALUE',
    '2019-12-31 23:52:00 to 2020-01-01 00:02:00  n      accumulator  8',
    '2019-12-31 23:53:00 to 2020-01-01 00:03:00  n      accumulator  7',
    '',
  ])
  assert.match(await ask(`${directory}/1`, { key: 'ann' }), /\n2019-12-31 22:30:00 to 22:40:00 +n +accumulator +90\n/)
  const data = JSON.parse(await ask(directory, { key: 'ann', values: { json: true } })) as KeyJson
  assert.deepEqual(contents(data, 'n'), [
    { window: { start: NOW - 8 * MINUTE, end: NOW + 2 * MINUTE }, value: 8 },
    { window: { start: NOW - 7 * MINUTE, end: NOW + 3 * MINUTE }, value: 7 },
  ])
})

test('what windows a step has: how many, from when to when, and its keys once', async (context) => {
  const directory = await windowsDirectory(context)
  const windows = 'windows of 10m every 1m: 2 windows, 2019-12-31 23:52:00 to 2020-01-01 00:03:00'
  const out = await ask(directory)
  assert.match(out, new RegExp(`^2 keys, watermark .*\n${windows}\n`, 'm'))
  assert.match(out, /^n +accumulator +2 +3 /m)
  const world = worldOf()
  assert.equal(await main(['inspect', directory], world), 0, world.err)
  assert.match(world.out, new RegExp(`^step/totals: watermark .*\n {2}${windows}\n`, 'm'))
  const json = worldOf()
  assert.equal(await main(['inspect', directory, '--json'], json), 0)
  const { operators } = JSON.parse(json.out) as { operators: { address: string; windows?: unknown }[] }
  assert.deepEqual(operators.find(({ address }) => address === 'step/totals')?.windows, {
    layout: 'windows of 10m every 1m',
    count: 2,
    span: { start: NOW - 8 * MINUTE, end: NOW + 3 * MINUTE },
  })
})

test('sessions are shown with their times, which are not shown as state', async (context) => {
  const windows = windowSpecOf('a test', session('15m'))
  const all = windowStates({ windows, compute: { kind: 'process', onWindow: () => {} } }, 'general')
  const state = createSessionState({ declarations: all, maxParallelism: GROUPS, domain: 'event', freeze: 'always' })
  const add = (key: Key, start: number, end: number, ...values: readonly unknown[]): void => {
    const slot = state.table.insert(key)
    state.accumulator(WINDOW_START).put(slot, start)
    state.accumulator(WINDOW_END).put(slot, end)
    for (const value of values) state.list('window:values').addTo(slot, value)
  }
  const directory = await directoryWith(context, { declarations: all, state }, [
    () => {
      add('ann', NOW, NOW + 20 * MINUTE, 'x', 'y')
      add('ann', NOW - HOUR, NOW - HOUR + 15.5 * MINUTE + 1, 'z')
      add('bob', NOW, NOW + 15 * MINUTE, 'x')
    },
  ])
  const lines = (await ask(directory, { key: 'ann' })).split('\n').slice(2)
  assert.deepEqual(lines, [
    'sessions with a gap of 15m',
    '',
    'WINDOW                                   STATE          KIND  VALUE',
    '2019-12-31 23:00:00.000 to 23:15:30.001  window:values  list  1 element',
    '                                                                "z"',
    '2020-01-01 00:00:00 to 00:20:00          window:values  list  2 elements',
    '                                                                "x"',
    '                                                                "y"',
    '',
  ])
  const data = JSON.parse(await ask(directory, { key: 'bob', values: { json: true } })) as KeyJson
  const window = { start: NOW, end: NOW + 15 * MINUTE }
  assert.deepEqual(contents(data, 'window:values'), [{ window, count: 1, elements: [{ value: 'x' }] }])
  assert.deepEqual(contents(data, WINDOW_START), [{ window, value: NOW }])
  assert.match(await ask(directory), /^2 keys, .*\nsessions with a gap of 15m: 3 sessions\n/m)
})

test('count windows have no times', async (context) => {
  const windows = windowSpecOf('a test', countWindow(3))
  const all = windowStates({ windows, compute: aggregated }, 'general')
  const state = createHeapState({ declarations: all, maxParallelism: GROUPS, freeze: 'always' })
  const directory = await directoryWith(context, { declarations: all, state }, [
    () => {
      state.setKey('ann')
      state.accumulator('window:count').put(state.slotOf('ann'), 2)
    },
  ])
  assert.match(
    await ask(directory, { key: 'ann' }),
    /\nwindows of 3 records\n\nSTATE +KIND +VALUE\nwindow:count +accumulator +2\nn +accumulator +-\n/,
  )
  assert.match(await ask(directory), /\nwindows of 3 records\n/)
})

test('keys of every kind are found by what they look like, and one of another kind is pointed at', async (context) => {
  const keys: readonly Key[] = [42, '43', 44n, true, ['eu', 7], '-5', 1.5]
  const directory = await directoryOf(context, [...keys.map((key) => at(key, (state) => state.value('total').set('here')))])
  for (const text of ['42', '"43"', '44n', 'true', '["eu",7]', '"-5"', '1.5']) {
    assert.match(await ask(directory, { key: text }), /"here"/, text)
  }
  assert.match(await ask(directory, { key: '43', values: { text: true } }), /key "43"/)
  const there = 'in checkpoint 1. It has'
  assert.equal(
    await refusal(directory, { key: '43' }),
    `STATE_NOT_FOUND: step/totals holds nothing for the key 43, a number, ${there} a string, "43" (write: --text 43).`,
  )
  assert.match(await refusal(directory, { key: '44' }), /It has a bigint, 44n \(write: 44n\)\.$/)
  assert.match(
    await refusal(directory, { key: '42', values: { text: true } }),
    /the key "42", a string, .* It has a number, 42 \(write: 42\)\.$/,
  )
  assert.match(await refusal(directory, { key: 'north' }), /It has none that is written alike\.$/)
})

test('without a key: what each state has, and the keys that take most room', async (context) => {
  const directory = await directoryOf(
    context,
    Array.from({ length: 50 }, (_, key) => at(key, (state) => state.value('total').set('x'.repeat(key)))),
    [at(7, (state) => state.map('seen').set('large', 'y'.repeat(500))), at(49, (state) => state.value('total').clear())],
  )
  const out = await ask(directory, { values: { limit: '3' } })
  assert.match(out, /^step\/totals: as of checkpoint 2 of the job orders, 5\.0 s ago\n49 keys, watermark 2019-12-31 23:00:00\n/)
  assert.match(out, /^total +value +49 +49 +\S+ kB$/m)
  assert.match(out, /^brief +value +0 +0 +0 B +ttl 1h 00m$/m)
  assert.match(
    out,
    /\nKEY +ENTRIES +SIZE +GROUP +STATES\n7 +2 +\d+ B +\d +total, seen\n48 +1 .* total\n47 +1 .*\n\.\.\. and 46 keys that take no more room; --limit N lists more\n$/,
  )
  const data = JSON.parse(await ask(directory, { values: { json: true, limit: '60' } })) as { keys: number; largest: { key: unknown }[] }
  assert.equal(data.keys, 49)
  assert.deepEqual(new Set(data.largest.map(({ key }) => key)), new Set(Array.from({ length: 49 }, (_, key) => key)))
  assert.doesNotMatch(await ask(directory, { values: { limit: '0' } }), /GROUP/)
  assert.match(await ask(directory, { key: '7', values: { limit: '0' } }), /1 entry\n.*and 1 more/)
})

test('a large map of one key is cut for people, and whole for scripts', async (context) => {
  const directory = await directoryOf(context, [
    at('k', (state) => {
      for (let i = 0; i < 100; i++) state.map('seen').set(i, i)
    }),
  ])
  const out = await ask(directory, { key: 'k' })
  assert.match(out, /100 entries\n(.*=>.*\n){20}.*\.\.\. and 80 more; --limit N shows more\n/)
  const whole = JSON.parse(await ask(directory, { key: 'k', values: { json: true } })) as KeyJson
  const [seen] = contents(whole, 'seen') as readonly { entries: unknown[] }[]
  assert.equal(seen?.entries.length, 100)
})

test('steps that are not there, or keep nothing, name those that do', async (context) => {
  const directory = await directoryOf(context, [everything])
  const there = 'Steps that keep state: step/totals.'
  assert.equal(
    await refusal(directory, { step: 'total' }),
    `STATE_NOT_FOUND: There is no step 'total' in checkpoint 1 of the job orders. Did you mean 'totals'? ${there}`,
  )
  assert.equal(
    await refusal(directory, { step: 'other' }),
    `STATE_NOT_FOUND: There is no step 'other' in checkpoint 1 of the job orders. ${there}`,
  )
  assert.match(await refusal(directory, { step: 'plain' }), /step\/plain keeps no keyed state in checkpoint 1/)
  assert.match(await refusal(directory, { step: 'source/orders' }), /source\/orders keeps no keyed state .* millrace inspect DIR\.$/)
  assert.match(await ask(directory, { step: 'step/totals', key: 'north' }), /"cents":2000/)
  assert.equal(await refusal(`${directory}/9`, {}), `CHECKPOINT_NOT_FOUND: Checkpoint 9 is not in ${directory}: there are 1.`)
})

test('damage is named, and what is whole is still read', async (context) => {
  const directory = await directoryOf(context, [everything], [at('south', (state) => state.value('total').set(1))])
  const [first, second] = readdirSync(join(directory, 'chunks')).sort() as [string, string]
  const before = readdirSync(directory, { recursive: true })
  flip(join(directory, 'chunks', second))
  assert.match(await refusal(directory, { key: 'south' }), new RegExp(`^CHECKPOINT_CORRUPT: .*${second}`))
  assert.match(await refusal(directory, {}), new RegExp(`^CHECKPOINT_CORRUPT: .*${second}`))
  assert.match(await ask(`${directory}/1`, { key: 'north' }), /"cents":2000/)
  rmSync(join(directory, 'chunks', first))
  assert.match(await refusal(`${directory}/1`, { key: 'north' }), new RegExp(`^CHECKPOINT_CORRUPT: .*${first} is missing`))
  const world = worldOf()
  assert.equal(await main(['state', directory, 'totals', 'south'], world), 4)
  assert.match(world.err, /^millrace: CHECKPOINT_CORRUPT: /)
  assert.deepEqual(
    readdirSync(directory, { recursive: true }),
    before.filter((name) => !String(name).endsWith(first)),
  )
})

test('a checkpoint that a live run deletes while it is read is left for the newest one', async (context) => {
  const value = (text: string): Change => at('north', (state) => state.value('total').set(text))
  const directory = await directoryOf(context, [value('old')], [value('new')])
  // Checkpoint 1 is the newest until its chunk is read: by then it has been superseded and deleted.
  const superseded = (): Env => {
    let isGone = false
    // The end of a chunk is asked for twice.
    let reads = 0
    const hidden = (): string => (isGone ? '000000000002.entry' : '000000000003.entry')
    const gone = Object.assign(new Error('gone'), { code: 'ENOENT' })
    const open: Env['files']['open'] = async (path, how) => {
      if (path.endsWith(hidden())) throw gone
      if (!path.endsWith('.chunk') || ++reads > 2) return real.files.open(path, how)
      isGone = true
      throw gone
    }
    const list: Env['files']['list'] = async (path) => (await real.files.list(path)).filter(({ name }) => name !== hidden())
    return { ...real, files: { ...real.files, open, list } }
  }
  assert.match(await ask(directory, { key: 'north', env: superseded() }), /checkpoint 2 (.*\n)+total .*"new"/)
  assert.match(await ask(directory, { env: superseded() }), /checkpoint 2 (.*\n)+1 key/)
  assert.match(
    await refusal(`${directory}/1`, { key: 'north', env: superseded() }),
    /^CHECKPOINT_NOT_FOUND: Checkpoint 1 is not in .*: there are 2\./,
  )
})

test('bad options are mistakes of the command line', async (context) => {
  const directory = await directoryOf(context, [everything])
  for (const args of [
    ['state', directory, 'totals', '--limit', '-1'],
    ['state', directory, 'totals', '--limit', 'many'],
    ['state', directory],
    ['state', join(directory, 'nope'), 'totals'],
    ['state', directory, 'totals', '-5'],
  ]) {
    const world = worldOf()
    assert.equal(await main(args, world), 2, args.join(' '))
    assert.match(world.err, /^millrace: /)
    assert.equal(world.out, '')
  }
  const world = worldOf()
  assert.equal(await main(['state', directory, 'totals', 'nobody'], world), 4)
  assert.match(world.err, /what to do: |see docs\/errors\.md#state_not_found/)
})

test('a directory that may not be read is an error of the storage, with the file and why', async (context) => {
  const directory = await directoryOf(context, [everything])
  const denied: Env['files']['list'] = (path) =>
    Promise.reject(Object.assign(new Error(`EACCES: permission denied, scandir '${path}'`), { code: 'EACCES' }))
  const world = worldOf({ ...real, files: { ...real.files, list: denied } })
  assert.equal(await main(['state', directory, 'totals'], world), 1)
  assert.match(world.err, /^millrace: STORAGE: .*\/log cannot be listed \(EACCES\)\..*\n {2}because: .*permission denied/)
})

function flip(path: string): void {
  const bytes = readFileSync(path)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] as number) ^ 1
  writeFileSync(path, bytes)
}
