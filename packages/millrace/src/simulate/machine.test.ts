import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../connectors/seeded-random.ts'
import type { Env } from '../core/env.ts'
import { EventQueue } from './event-queue.ts'
import { randomFaults } from './faults.ts'
import { Machine, ProcessDied } from './machine.ts'
import { virtualEnv } from './virtual-env.ts'

const seed = Number(process.env['SEED'] ?? 1)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function write(env: Env, path: string, text: string, isSynced: boolean = false): Promise<void> {
  const handle = await env.files.open(path, 'create-new')
  await handle.append([bytes(text)])
  if (isSynced) await handle.sync()
  await handle.close()
}

/** A bit of everything that the machine decides by lot. */
async function busy(env: Env, name: string): Promise<string> {
  const seen: string[] = []
  await Promise.all(
    Array.from({ length: 8 }, async (_zero, index) => {
      await new Promise<void>((resolve) => env.timers.after(env.random.next() * 10, resolve))
      await write(env, `/${name}-${index}`, env.random.id(), index % 2 === 0).catch((error: unknown) => seen.push(String(error)))
      await new Promise<void>((resolve) => env.timers.soon(resolve))
      const budget = env.budget('turn')
      let steps = 0
      while (budget.hasLeft()) steps++
      seen.push(`${index} ${steps} ${env.clock.now()}`)
    }),
  )
  return seen.join(';')
}

async function history(of: number): Promise<{ hash: string; result: string; disk: string }> {
  const machine = new Machine({ seed: of })
  machine.faults = randomFaults(new SeededRandom(of, 'faults'), { error: 0.05, slow: 0.05 })
  const [one, two] = [machine.start(), machine.start()]
  const result = await machine.run(Promise.all([busy(one, 'one'), busy(two, 'two')]))
  machine.losePower()
  return { hash: machine.trace.hash, result: result.join('|'), disk: JSON.stringify([...machine.disk.snapshot()]) }
}

test(`M1: one seed gives one history, another seed another (SEED=${seed})`, async () => {
  const hashes = new Set<string>()
  for (let of = seed; of < seed + 20; of++) {
    const [first, second] = [await history(of), await history(of)]
    assert.deepEqual(first, second)
    hashes.add(first.hash)
  }
  assert.equal(hashes.size, 20)
})

test('M2: time stands still inside an event, and passes between events only', async () => {
  const env = virtualEnv({ seed })
  let spans = 0
  env.timers.after(5, () => {
    const start = env.clock.monotonic()
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        spans = env.clock.monotonic() - start
      })
  })
  await env.machine.runUntilIdle()
  assert.equal(spans, 0)
  assert.ok(env.machine.nowMs >= 5)
})

test('timers: in time or late, cancelled, idle, for months; turns in their order', async () => {
  const env = virtualEnv({ seed })
  const fired: string[] = []
  const month = 40 * 24 * 60 * 60 * 1000
  env.timers.after(month, () => fired.push('month'))
  env.timers.after(1, () => fired.push('cancelled'))()
  env.timers.after(2 * month, () => fired.push('idle'), { idle: true })
  for (let index = 0; index < 5; index++) env.timers.soon(() => fired.push(`soon ${index}`))
  await env.machine.advance(10)
  assert.deepEqual(fired, ['soon 0', 'soon 1', 'soon 2', 'soon 3', 'soon 4'])
  await env.machine.runUntilIdle()
  assert.deepEqual(fired.slice(5), ['month'])
  assert.ok(env.machine.nowMs >= month)
  await env.machine.advance(2 * month)
  assert.deepEqual(fired.slice(6), ['idle'])
})

test('the wall clock jumps by itself', async () => {
  const env = virtualEnv({ seed, startMs: 1_000_000 })
  env.machine.skewWallClock(-3_600_000)
  assert.deepEqual([env.clock.now(), env.clock.monotonic()], [1_000_000 - 3_600_000, 0])
  await env.machine.advance(10.5)
  assert.deepEqual([env.clock.now(), env.clock.monotonic()], [1_000_010 - 3_600_000, 10.5])
})

test('a kill leaves the page cache, and nothing of the process ever settles again', async () => {
  const machine = new Machine({ seed })
  const env = machine.start()
  await machine.run(write(env, '/a', 'kept'))
  let settled = 0
  const count = (): void => void settled++
  env.timers.after(1, count)
  void env.files.list('/').then(count, count)
  env.kill()
  void env.files.list('/').then(count, count)
  env.timers.after(1, count)
  await machine.advance(1_000)
  assert.equal(settled, 0)
  assert.deepEqual([...machine.disk.snapshot().keys()], ['/a'])
  const next = machine.start()
  assert.equal(next.processes.isAlive(env.processes.self()), false)
  assert.equal(next.processes.isAlive(next.processes.self()), true)
  const after = next.crash('none')
  assert.equal(after.processes.isAlive(next.processes.self()), undefined, 'another boot')
  await assert.rejects(machine.run(new Promise(() => {})), /nothing is left to happen/)
})

test('an fsync promises what was there when it began, not what came while it ran', async () => {
  const machine = new Machine({ seed, tempo: { usualMs: 0.01, syncMs: 100, tail: 0, tailFactor: 1 } })
  const env = machine.start()
  await machine.run(env.files.makeDirectory('/folder'))
  const handle = await machine.run(env.files.open('/folder/file', 'create-new'))
  await machine.run(handle.append([new Uint8Array([1, 2])]))
  await machine.run(env.files.link('/folder/file', '/folder/before'))
  const syncs = Promise.all([handle.sync(), env.files.syncDirectory('/folder'), env.files.syncDirectory('/')])
  await machine.run(handle.append([new Uint8Array([3])]))
  await machine.run(env.files.link('/folder/file', '/folder/meanwhile'))
  await machine.run(syncs)
  machine.losePower('none')
  assert.deepEqual(
    [...machine.disk.snapshot()].map(([path, bytes]) => [path, [...bytes]]),
    [
      ['/folder/file', [1, 2]],
      ['/folder/before', [1, 2]],
    ],
  )
})

test('run ends when the process dies', async () => {
  const machine = new Machine({ seed, crashPoint: (name, count) => (name === 'here' && count === 1 ? 'kill' : undefined) })
  const env = machine.start()
  const work = async (): Promise<void> => {
    env.crashPoint('here')
    await env.files.list('/')
    env.crashPoint('here')
    await env.files.list('/')
  }
  await assert.rejects(machine.run(work()), ProcessDied)
  assert.equal(machine.crashPoints.get('here'), 2)
})

test('a loss of power: every subset of what is loose, and never what is durable', async () => {
  const found = new Set<string>()
  for (let mask = 0; mask < 2 ** 6; mask++) {
    const env = virtualEnv({ seed })
    const { disk } = env.machine
    await env.machine.run(
      (async () => {
        await write(env, '/durable', 'x'.repeat(600), true)
        await env.files.syncDirectory('/')
        await write(env, '/named', 'y'.repeat(1_024))
        await write(env, '/synced', 'z'.repeat(1_024), true)
        await env.files.rename('/synced', '/renamed')
        await env.files.unlink('/durable')
      })(),
    )
    disk.losePower((index) => ((mask >> index) & 1) === 1)
    const files = disk.snapshot()
    const shown = [...files].map(
      ([path, content]) =>
        `${path}:${new TextDecoder().decode(content).replace(/(.)\1*/gs, (run, one: string) => `${one === '\0' ? '0' : one}${run.length}`)}`,
    )
    found.add(shown.sort().join(' '))
    for (const [path, content] of files) {
      if (path === '/durable') assert.equal(content.length, 600, 'durable bytes stay')
      if (path === '/synced' || path === '/renamed') assert.equal(content.length, 1_024, 'synced bytes stay')
    }
  }
  assert.ok(found.has(''), 'the unlink alone')
  assert.ok(found.has('/durable:x600'), 'nothing')
  assert.ok(
    [...found].some((one) => one.includes('/named:0512y512')),
    'a torn write: a sector of zeros before one that was written',
  )
  assert.ok(
    [...found].some((one) => one.includes('/named:y512')),
    'a torn write: half',
  )
  assert.ok(
    [...found].some((one) => one.includes('/named: ') || one.endsWith('/named:')),
    'a name without bytes',
  )
  assert.ok(
    [...found].some((one) => one.includes('/renamed') && !one.includes('/synced')),
    'a rename',
  )
  assert.ok(
    [...found].some((one) => one.includes('/synced') && !one.includes('/renamed')),
    'no rename',
  )
})

test('D14: after a failed fsync a later one says success, and the bytes are lost all the same', async () => {
  const env = virtualEnv({ seed })
  const { machine } = env
  const inode = machine.disk.create('/a')
  await machine.run(env.files.syncDirectory('/'))
  inode.append(bytes('lost'))
  inode.failSync()
  inode.append(bytes(' too'))
  inode.sync()
  machine.losePower('all')
  // Its size is written by another way than its bytes: it may be there without them.
  assert.deepEqual(machine.disk.snapshot().get('/a'), new Uint8Array(8))
})

test('a size may survive without the bytes: zeros where something was written', async () => {
  const { machine } = virtualEnv({ seed })
  const inode = machine.disk.create('/a')
  machine.disk.syncDirectory('/')
  inode.append(bytes('x'.repeat(700)))
  const sizes = new Map<string, Uint8Array | undefined>()
  for (const survivors of ['', '0', '01', '2', '02']) {
    const disk = machine.disk.copy()
    disk.losePower((index) => survivors.includes(String(index)))
    sizes.set(survivors, disk.snapshot().get('/a'))
  }
  const lengths = [...sizes].map(
    ([survivors, content]) => `${survivors}:${content?.length}:${content?.filter((byte) => byte !== 0).length}`,
  )
  assert.deepEqual(lengths, [':0:0', '0:512:512', '01:700:700', '2:700:0', '02:700:512'])
})

test('an append that is torn leaves so many bytes, by a kill in the cache, by a loss of power if they survive', async () => {
  for (const kind of ['kill', 'powerLoss'] as const) {
    const env = virtualEnv({ seed, survival: 'all' })
    const handle = await env.machine.run(env.files.open('/a', 'create-new'))
    env.machine.faults = (operation) => (operation.bytes === 1_000 ? { kind, when: { torn: 512 } } : undefined)
    await assert.rejects(env.machine.run(handle.append([bytes('x'.repeat(400)), bytes('y'.repeat(600))])), ProcessDied)
    assert.equal(new TextDecoder().decode(env.machine.disk.snapshot().get('/a')), 'x'.repeat(400) + 'y'.repeat(112))
  }
})

test('a copy of a disk has the same names of the same files, durable or not, and is another disk', async () => {
  const { machine } = virtualEnv({ seed })
  const { disk } = machine
  disk.makeDirectory('/d')
  disk.create('/d/a').append(bytes('one'))
  disk.link('/d/a', '/d/b')
  disk.syncDirectory('/')
  const copy = disk.copy()
  assert.deepEqual(copy.snapshot(), disk.snapshot())
  assert.deepEqual([copy.info('/d/b'), copy.looseCount], [copy.info('/d/a'), disk.looseCount])
  copy.open('/d/b').append(bytes(' two'))
  assert.deepEqual([copy.info('/d/a')?.sizeBytes, disk.info('/d/a')?.sizeBytes], [7, 3])
  copy.losePower('none')
  assert.deepEqual([[...copy.snapshot().keys()], [...disk.snapshot().keys()]], [[], ['/d/a', '/d/b']])
  const next = new Machine({ seed: seed + 1, disk })
  assert.equal(new TextDecoder().decode(next.disk.snapshot().get('/d/b')), 'one')
})

test('a handle whose append or fsync failed refuses further ones with the same error', async () => {
  for (const kind of ['append', 'sync'] as const) {
    const env = virtualEnv({ seed })
    env.machine.faults = (operation) => (operation.kind === kind ? { kind: 'error', code: 'ENOSPC' } : undefined)
    const handle = await env.machine.run(env.files.open('/a', 'create-new'))
    if (kind === 'sync') await env.machine.run(handle.append([bytes('x')]))
    const first = await env.machine.run(handle[kind]([bytes('x')]).catch((error: unknown) => error))
    env.machine.faults = undefined
    for (const again of [() => handle.append([bytes('y')]), () => handle.sync()]) {
      assert.equal(await env.machine.run(again().catch((error: unknown) => error)), first)
    }
    await env.machine.run(handle.close())
  }
})

test(`the event queue gives what sorting gives (SEED=${seed})`, () => {
  const random = new SeededRandom(seed, 'queue')
  const queue = new EventQueue()
  const expected: { atMs: number; order: number }[] = []
  for (let order = 0; order < 2_000; order++) {
    const atMs = random.below(300)
    const event = queue.add(atMs, '', () => {})
    if (random.chance(0.2)) queue.cancel(event)
    else expected.push({ atMs, order })
  }
  assert.equal(queue.busyCount, expected.length)
  expected.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
  for (const { atMs, order } of expected) {
    const event = queue.take()
    assert.deepEqual([event?.atMs, event?.order], [atMs, order])
  }
  assert.equal(queue.take(), undefined)
  assert.equal(queue.busyCount, 0)
})

test('a process that is stopped does nothing until it goes on, then all that was due, in order', async () => {
  const env = virtualEnv({ seed })
  const other = env.machine.start()
  const seen: string[] = []
  env.timers.after(10, () => seen.push(`first ${env.machine.nowMs >= 500}`))
  env.timers.after(100, () => seen.push(`second ${env.machine.nowMs >= 500}`))
  const cancel = env.timers.after(200, () => seen.push('cancelled'))
  other.timers.after(300, () => seen.push('other'))
  env.machine.pause(env, 500)
  await env.machine.advance(400)
  assert.deepEqual(seen, ['other'])
  cancel()
  await env.machine.advance(200)
  assert.deepEqual(seen, ['other', 'first true', 'second true'])
})

test('a reply that is lost: the operation took effect, and its caller is told that it did not', async () => {
  const env = virtualEnv({ seed })
  await env.machine.run(write(env, '/a', 'x', true))
  env.machine.faults = ({ kind }) => (kind === 'link' ? { kind: 'error', code: 'EIO', when: 'after' } : undefined)
  await assert.rejects(env.machine.run(env.files.link('/a', '/b')), /EIO/)
  assert.deepEqual([...env.machine.disk.snapshot().keys()], ['/a', '/b'])
  await assert.rejects(env.machine.run(env.files.link('/none', '/c')), /ENOENT/)
})

test('a write that is cut short leaves as much as the fault says', async () => {
  const env = virtualEnv({ seed })
  env.machine.faults = ({ kind }) => (kind === 'append' ? { kind: 'error', code: 'ENOSPC', share: 0.5 } : undefined)
  await assert.rejects(env.machine.run(write(env, '/a', 'abcdef')), /ENOSPC/)
  assert.equal(new TextDecoder().decode(env.machine.disk.snapshot().get('/a')), 'abc')
})

test('durable is what no loss of power can take: bytes and every name on the way to them', async () => {
  const env = virtualEnv({ seed })
  const { disk } = env.machine
  await env.machine.run(env.files.makeDirectory('/folder'))
  await env.machine.run(write(env, '/folder/a', 'x', true))
  assert.equal(disk.isDurable('/folder/a'), false)
  await env.machine.run(env.files.syncDirectory('/folder'))
  assert.equal(disk.isDurable('/folder/a'), false)
  await env.machine.run(env.files.syncDirectory('/'))
  assert.equal(disk.isDurable('/folder/a'), true)
  disk.open('/folder/a').append(bytes('y'))
  assert.equal(disk.isDurable('/folder/a'), false)
  assert.equal(disk.isDurable('/folder'), false)
})

test('a loss of power may take names alone, or bytes alone', async () => {
  for (const lost of ['name', 'sector'] as const) {
    const env = virtualEnv({ seed })
    await env.machine.run(write(env, '/a', 'x'.repeat(600)))
    await env.machine.run(env.files.syncDirectory('/'))
    await env.machine.run(write(env, '/b', 'y', true))
    env.machine.losePower((_index, kind) => kind !== lost)
    const left = [...env.machine.disk.snapshot()].map(([path, content]) => `${path} ${content.length}`)
    assert.deepEqual(left, lost === 'name' ? ['/a 600'] : ['/a 0', '/b 1'])
  }
})
