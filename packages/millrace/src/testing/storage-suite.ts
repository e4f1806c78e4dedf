import { storageDefinitionOf, type CheckpointStorage, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { checkSuiteOptions } from './suite-options.ts'
import { bytesOf, check, checkRejects, checkSame, contractCases, ContractViolation, type ContractCase } from './contract-case.ts'

/** How the suite opens a storage. */
export interface StorageSuiteOptions {
  readonly env: Env
  /** Makes a storage on a new, empty place; called once for each case. */
  create(): CheckpointStorage | Promise<CheckpointStorage>
  /** Loses everything that is not durable, and gives the Env of a new process; without it durability is not tried. */
  losePower?(): Env | Promise<Env>
}

/**
 * The contract of checkpoint storages (`OpenStorage`): entries are created exactly once, chunks never change, what a call has
 * reported is durable, and what is being written is seen by nobody.
 *
 * @throws {INVALID_OPTION} {INVALID_JOB}
 */
export function storageSuite(options: StorageSuiteOptions): readonly ContractCase[] {
  checkSuiteOptions('storageSuite', options, ['create'])
  const all = { ...cases, ...(options.losePower === undefined ? {} : afterPowerLoss) }
  return contractCases(all, options.env, () => makePlace(options))
}

interface Place {
  /** As another process, or the same one after a restart, would open it. */
  open(): Promise<OpenStorage>
  losePower(): Promise<void>
}

type StorageCase = (place: Place) => Promise<void>

async function makePlace(options: StorageSuiteOptions): Promise<Place> {
  const definition = storageDefinitionOf(await options.create())
  if (definition === undefined) throw new ContractViolation('create() gives no storage that defineStorage has made')
  let env = options.env
  return {
    open: () => definition.open(env),
    losePower: async () => {
      env = (await options.losePower?.()) ?? env
    },
  }
}

const cases: Readonly<Record<string, StorageCase>> = {
  async 'a new place is empty'(place) {
    const storage = await place.open()
    checkSame(await storage.entries(), [], 'entries')
    checkSame(await storage.readEntry(1), undefined, 'an entry that is not there')
    checkSame(await chunksOf(storage), [], 'chunks')
    checkSame(await storage.lastBeat(), undefined, 'the heartbeat')
    await storage.close()
  },

  async 'an entry is created once and never changes'(place) {
    const storage = await place.open()
    checkSame(await storage.createEntry(3, bytesOf('first')), 'created', 'the first')
    checkSame(await storage.createEntry(3, bytesOf('second')), 'exists', 'the second')
    checkSame(await storage.createEntry(3, bytesOf('first')), 'exists', 'the same once more')
    checkSame(await storage.readEntry(3), bytesOf('first'), 'the bytes of the first')
    await storage.close()
  },

  async 'of many that create one entry exactly one gets created'(place) {
    const storages = [await place.open(), await place.open(), await place.open()]
    for (let n = 1; n <= 5; n++) {
      const texts = Array.from({ length: 9 }, (_zero, index) => `entry ${n} of ${index}`)
      const results = await Promise.all(texts.map((text, index) => (storages[index % 3] as OpenStorage).createEntry(n, bytesOf(text))))
      checkSame(results.filter((result) => result === 'created').length, 1, `how many got 'created' for entry ${n}`)
      for (const storage of storages)
        checkSame(await storage.readEntry(n), bytesOf(texts[results.indexOf('created')] as string), 'the bytes of the one who got it')
    }
    for (const storage of storages) await storage.close()
  },

  async 'entries come in the order of their numbers'(place) {
    const storage = await place.open()
    for (const n of [2, 10, 9, 100, 1_000_000_007, 1]) checkSame(await storage.createEntry(n, bytesOf(`${n}`)), 'created', `entry ${n}`)
    checkSame(await storage.entries(), [1, 2, 9, 10, 100, 1_000_000_007], 'entries')
    await storage.deleteEntry(9)
    await storage.deleteEntry(9)
    checkSame(await storage.entries(), [1, 2, 10, 100, 1_000_000_007], 'without the one that was deleted, twice')
    checkSame(await storage.readEntry(9), undefined, 'the deleted one')
    checkSame(await storage.createEntry(9, bytesOf('again')), 'created', 'a deleted number is free: the engine looks after it')
    await storage.close()
  },

  async 'who opens it later sees everything'(place) {
    const first = await place.open()
    await first.createEntry(1, bytesOf('one'))
    await first.writeChunk('a-1', [bytesOf('chunk')])
    await first.beat({ epoch: 1, count: 7, newestEntry: 1 })
    const second = await place.open()
    checkSame(await second.entries(), [1], 'entries')
    checkSame(await second.readEntry(1), bytesOf('one'), 'the entry')
    checkSame(await second.readChunk('a-1'), bytesOf('chunk'), 'the chunk')
    checkSame(await second.lastBeat(), { epoch: 1, count: 7, newestEntry: 1 }, 'the heartbeat')
    await first.createEntry(2, bytesOf('two'))
    checkSame(await second.entries(), [1, 2], 'also what comes after it was opened')
    await first.close()
    await second.close()
  },

  async 'chunks are the parts in turn, whole or in ranges'(place) {
    const storage = await place.open()
    await storage.writeChunk('e1-c2-x.1', [bytesOf('0123'), bytesOf(''), bytesOf('456'), bytesOf('789')])
    checkSame(await storage.readChunk('e1-c2-x.1'), bytesOf('0123456789'), 'all')
    checkSame(await storage.readChunk('e1-c2-x.1', { start: 3, end: 8 }), bytesOf('34567'), 'a range; its end is outside')
    checkSame(await storage.readChunk('e1-c2-x.1', { start: 10, end: 10 }), bytesOf(''), 'nothing at the end')
    await storage.writeChunk('empty', [])
    checkSame(await storage.readChunk('empty'), bytesOf(''), 'an empty chunk')
    const large = Uint8Array.from({ length: 3_000_000 }, (_zero, index) => index % 251)
    await storage.writeChunk('large', [large.subarray(0, 1_000_003), large.subarray(1_000_003)])
    checkSame(
      await storage.readChunk('large', { start: 999_000, end: 1_002_000 }),
      large.slice(999_000, 1_002_000),
      'a range over two parts',
    )
    check((await storage.readChunk('large')).length === large.length, 'all of a large one')
    await storage.close()
  },

  async 'a chunk that is missing or too short is named'(place) {
    const storage = await place.open()
    const error = await checkRejects(storage.readChunk('none-1'), ['CHECKPOINT_CORRUPT'], 'a missing chunk')
    const called = storage.nameOf({ chunk: 'none-1' })
    check(
      error.message.includes(called),
      `the message of CHECKPOINT_CORRUPT names the chunk as nameOf() does, '${called}': ${error.message}`,
    )
    await storage.writeChunk('short', [bytesOf('0123')])
    await checkRejects(storage.readChunk('short', { start: 2, end: 5 }), ['CHECKPOINT_CORRUPT'], 'a range over its end')
    for (const name of ['../entry', '.hidden', '', 'a/b', '..', 'a\0b']) {
      await checkRejects(
        storage.readChunk(name),
        ['CHECKPOINT_CORRUPT', 'CONTRACT'],
        `the name ${JSON.stringify(name)} of a damaged manifest`,
      )
    }
    await storage.close()
  },

  async 'a chunk is written once'(place) {
    const storage = await place.open()
    await storage.writeChunk('a', [bytesOf('first')])
    await checkRejects(storage.writeChunk('a', [bytesOf('second')]), ['CONTRACT', 'STORAGE'], 'a second time')
    checkSame(await storage.readChunk('a'), bytesOf('first'), 'the chunk')
    await storage.close()
  },

  async 'chunks are listed and deleted by name'(place) {
    const storage = await place.open()
    const names = Array.from({ length: 40 }, (_zero, index) => `e1-c${index}-0123456789abcdef`)
    const writes = names.map((name) => storage.writeChunk(name, [bytesOf(name)]))
    for (let round = 0; round < 5; round++) {
      const strangers = (await chunksOf(storage)).filter((name) => !names.includes(name))
      checkSame(strangers, [], 'names that nobody gave, while chunks are being written')
    }
    await Promise.all(writes)
    checkSame((await chunksOf(storage)).sort(), [...names].sort(), 'all names')
    await storage.deleteChunk(names[0] as string)
    await storage.deleteChunk(names[0] as string)
    checkSame((await chunksOf(storage)).sort(), names.slice(1).sort(), 'without the one that was deleted, twice')
    await storage.createEntry(1, bytesOf('an entry is no chunk'))
    checkSame((await chunksOf(storage)).length, names.length - 1, 'chunks only')
    await storage.close()
  },

  async 'the last heartbeat wins'(place) {
    const [owner, waiter] = [await place.open(), await place.open()]
    for (let count = 1; count <= 20; count++) {
      await owner.beat({ epoch: 2, count, newestEntry: 5 })
      checkSame(await waiter.lastBeat(), { epoch: 2, count, newestEntry: 5 }, `beat ${count}`)
    }
    await owner.close()
    await waiter.close()
  },

  async 'bytes belong to the caller again once a call resolves'(place) {
    const storage = await place.open()
    const bytes = bytesOf('kept')
    await storage.createEntry(1, bytes)
    await storage.writeChunk('a', [bytes])
    bytes.fill(0)
    checkSame(await storage.readEntry(1), bytesOf('kept'), 'the entry')
    checkSame(await storage.readChunk('a'), bytesOf('kept'), 'the chunk')
    await storage.close()
  },

  async 'messages can tell entries and chunks apart'(place) {
    const storage = await place.open()
    const names = [
      storage.nameOf({ entry: 1 }),
      storage.nameOf({ entry: 2 }),
      storage.nameOf({ chunk: 'a' }),
      storage.nameOf({ chunk: 'b' }),
    ]
    checkSame(new Set(names).size, 4, 'names')
    check(storage.name !== '', 'the storage has a name')
    await storage.close()
  },
}

const afterPowerLoss: Readonly<Record<string, StorageCase>> = {
  async 'what a call has reported survives a loss of power'(place) {
    const before = await place.open()
    await before.writeChunk('a', [bytesOf('chunk')])
    await Promise.all([
      before.writeChunk('b', [bytesOf('1')]),
      before.writeChunk('c', [bytesOf('2')]),
      before.writeChunk('d', [bytesOf('3')]),
    ])
    checkSame(await before.createEntry(1, bytesOf('one')), 'created', 'the entry')
    checkSame(await before.createEntry(2, bytesOf('two')), 'created', 'the entry')
    await place.losePower()
    const after = await place.open()
    checkSame(await after.entries(), [1, 2], 'entries')
    checkSame(await after.readEntry(1), bytesOf('one'), 'the entry')
    checkSame(await after.readEntry(2), bytesOf('two'), 'the other entry')
    for (const [name, text] of [
      ['a', 'chunk'],
      ['b', '1'],
      ['c', '2'],
      ['d', '3'],
    ] as const)
      checkSame(await after.readChunk(name), bytesOf(text), `chunk ${name}`)
    checkSame(await after.createEntry(2, bytesOf('other')), 'exists', 'its number is taken')
    await after.close()
  },
}

async function chunksOf(storage: OpenStorage): Promise<string[]> {
  const names: string[] = []
  for await (const name of storage.listChunks()) names.push(name)
  return names
}
