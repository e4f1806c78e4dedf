/** The suite for storages itself: storages that break a rule of the contract are found out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defineStorage,
  storageDefinitionOf,
  type CheckpointStorage,
  type OpenStorage,
  type StorageDefinition,
} from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { nodeEnv } from '../env/node-env.ts'
import { ContractViolation } from './contract-case.ts'
import { memoryStorage } from './memory-storage.ts'
import { storageSuite } from './storage-suite.ts'

const env = nodeEnv()

type Mistake = (storage: OpenStorage) => Partial<OpenStorage>

/** A storage in memory with a mistake. */
function planted(mistake: Mistake): CheckpointStorage {
  const right = storageDefinitionOf(memoryStorage(async (_env, action) => action())) as StorageDefinition
  return defineStorage({
    kind: 'planted',
    open: async () => {
      const storage = await right.open(env)
      return { ...storage, ...mistake(storage) }
    },
  })
}

/** The names of the cases that find it out. */
async function foundBy(mistake: Mistake): Promise<string[]> {
  const found: string[] = []
  for (const { name, run } of storageSuite({ env, create: () => planted(mistake) })) {
    try {
      await run()
    } catch (error) {
      assert.ok(error instanceof ContractViolation || StreamError.is(error), String(error))
      found.push(name)
    }
  }
  return found
}

const mistakes: Readonly<Record<string, readonly [Mistake, string]>> = {
  'an entry that is created again is replaced': [
    ({ createEntry, deleteEntry }) => ({ createEntry: async (n, bytes) => (await deleteEntry(n), createEntry(n, bytes)) }),
    'an entry is created once and never changes',
  ],
  'two that create one entry at a time both succeed': [
    ({ createEntry, readEntry }) => ({
      createEntry: async (n, bytes) => {
        const isFree = (await readEntry(n)) === undefined
        await Promise.resolve()
        await createEntry(n, bytes)
        return isFree ? 'created' : 'exists'
      },
    }),
    'of many that create one entry exactly one gets created',
  ],
  'entries come in some order': [
    ({ entries }) => ({ entries: async () => (await entries()).toReversed() }),
    'entries come in the order of their numbers',
  ],
  'a chunk is written again': [
    ({ writeChunk, deleteChunk }) => ({ writeChunk: async (name, parts) => (await deleteChunk(name), writeChunk(name, parts)) }),
    'a chunk is written once',
  ],
  'a range is not looked at': [
    ({ readChunk }) => ({ readChunk: (name) => readChunk(name) }),
    'chunks are the parts in turn, whole or in ranges',
  ],
  'a range over the end gives what there is': [
    ({ readChunk }) => ({
      readChunk: async (name, range) => (range === undefined ? readChunk(name) : (await readChunk(name)).slice(range.start, range.end)),
    }),
    'a chunk that is missing or too short is named',
  ],
  'a message calls a chunk something else': [
    () => ({ nameOf: (of) => `s3://bucket/${JSON.stringify(of)}` }),
    'a chunk that is missing or too short is named',
  ],
}

test('a storage in memory that is right passes', async () => assert.deepEqual(await foundBy(() => ({})), []))

for (const [mistake, [plant, name]] of Object.entries(mistakes))
  test(`${mistake}: the suite fails`, async () => assert.ok((await foundBy(plant)).includes(name)))

test('what the message of CHECKPOINT_CORRUPT has to say is told', async () => {
  const named = storageSuite({ env, create: () => planted(() => ({ nameOf: (of) => `row ${JSON.stringify(of)}` })) }).find(
    ({ name }) => name === 'a chunk that is missing or too short is named',
  )
  await assert.rejects(
    () => (named as NonNullable<typeof named>).run(),
    /the message of CHECKPOINT_CORRUPT names the chunk as nameOf\(\) does, 'row \{"chunk":"none-1"\}': chunk none-1 of the memory/,
  )
})
