import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { encodeKey } from '../serde/key.ts'
import { encodeValue } from '../serde/value.ts'
import { readBlock } from './block.ts'
import type { StateBlock, StateDeclaration } from './contract.ts'
import { DROP_NAMESPACE, FORMAT, MAGIC, NAMESPACE, PUT } from './format.ts'
import { mergeBlocks } from './merge.ts'
import { completed, stateOf } from './state-kit.test.ts'

const declarations: Record<string, StateDeclaration> = {
  n: { kind: 'value', version: 1 },
  v: { kind: 'value', version: 300, ttl: { afterMs: 5, refreshOn: 'write', expired: 'never-returned' } },
  l: { kind: 'list', version: 1 },
  m: { kind: 'map', version: 1 },
  t: { kind: 'timer', version: 1, domain: 'event' },
  ts: { kind: 'timers', version: 1, domain: 'processing' },
}

/** One key with all kinds of entries, and what deletes them. */
function rich(): StateBlock[] {
  const state = stateOf(declarations)
  const blocks: StateBlock[] = []
  for (const round of [0, 1]) {
    state.setKey('key')
    state.value('n').set(round === 0 ? 1.5 : undefined)
    state.value('v').set({ name: 'x'.repeat(150), round })
    state.list('l').add({ round })
    if (round === 1) {
      state.list('l').replace([1, 'two'])
      state.map('m').clear()
    }
    state.map('m').set(['a', 1], new Map([[1, { round }]]))
    state.map('m').set('b', 2)
    if (round === 1) state.map('m').delete('b')
    state.timer('t').set(7)
    if (round === 1) state.timer('t').clear()
    state.timers('ts').add(-5)
    state.timers('ts').add(5)
    if (round === 1) state.timers('ts').delete(5)
    blocks.push(...completed(state))
  }
  return blocks
}

test('STATE FORMAT: the bytes of a block are what they were', () => {
  const state = stateOf({ n: { kind: 'value', version: 1 }, o: { kind: 'map', version: 2 } })
  state.setKey(5)
  state.value('n').set(300)
  state.map('o').set('k', { a: true })
  const [block] = completed(state)
  const expected = [
    // magic, format, length; group, entries, rows
    'b7 01 28 05 02 02',
    // row 0: value, version 1, "n", no shapes; row 1: map, version 2, "o", one shape with one name, "a"
    '00 00 01 04 6e 00',
    '01 02 02 04 6f 01 01 04 61',
    // PUT row 0: the key 5; the integer 300
    '00 00 02 01 0a 03 04 d8 04',
    // ENTRY_PUT row 1: the key 5, the subkey "k"; an object of shape 0 with true
    '02 01 02 01 0a 03 03 04 6b 03 10 00 03',
  ]
  assert.equal(Buffer.from((block as StateBlock).bytes).toString('hex'), expected.join('').replaceAll(' ', ''))
})

test('a block tells its own length, and what follows it is left alone', () => {
  const [block] = rich()
  const { bytes, entries } = block as StateBlock
  const longer = new Uint8Array(bytes.length + 10)
  longer.set(bytes)
  assert.equal([...readBlock(longer)].length, entries)
})

test('inspection shows every entry with its key, values and expiry', () => {
  const [first, second] = rich()
  const shown = [...readBlock((first as StateBlock).bytes)]
  assert.deepEqual(
    shown.find(({ state }) => state === 'v'),
    {
      group: (first as StateBlock).group,
      state: 'v',
      kind: 'value',
      version: 300,
      op: 'put',
      key: 'key',
      value: { name: 'x'.repeat(150), round: 0 },
      expiry: 5,
    },
  )
  assert.deepEqual(
    shown.filter(({ state }) => state === 'ts').map(({ subkey }) => subkey),
    [-5, 5],
  )
  const ops = [...readBlock((second as StateBlock).bytes)].map(({ state, op }) => `${state} ${op}`)
  assert.deepEqual([...ops].sort(), [
    'l replace',
    'm clear',
    'm entry-delete',
    'm entry-put',
    'n delete',
    't delete',
    'ts entry-delete',
    'v put',
  ])
})

/** Reads a block in all the ways there are. */
function readAll(bytes: Uint8Array): void {
  const acts = [
    () => [...readBlock(bytes)],
    () => mergeBlocks([bytes], { base: true }),
    () => stateOf(declarations).snapshots.restore(bytes, () => true),
  ]
  for (const act of acts) {
    try {
      act()
    } catch (error) {
      assert.ok(StreamError.is(error), `${String(error)}\n${(error as Error).stack}`)
      assert.notEqual(error.code, 'INVARIANT')
    }
  }
}

test('J18 K18 whatever bit is flipped, wherever a block ends: it is read, or a StreamError', () => {
  for (const { bytes } of rich()) {
    for (let length = 0; length < bytes.length; length++) readAll(bytes.slice(0, length))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      readAll(damaged)
    }
  }
})

test('a truncated block is never taken for a whole one', () => {
  for (const { bytes } of rich()) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => [...readBlock(bytes.slice(0, length))],
        (error) => StreamError.is(error) && error.code === 'CHECKPOINT_CORRUPT',
      )
    }
  }
})

test('a later format is named as such', () => {
  const bytes = (rich()[0] as StateBlock).bytes.slice()
  bytes[1] = 2
  const isLater = (error: unknown): boolean => StreamError.is(error) && error.code === 'CHECKPOINT_FORMAT'
  assert.throws(() => [...readBlock(bytes)], isLater)
  assert.throws(() => stateOf(declarations).snapshots.restore(bytes, () => true), isLater)
})

/** A block with entries in namespaces, as windows will write them. */
function windowed(...entries: readonly (readonly [op: number, namespace: number, key?: string, value?: number])[]): Uint8Array {
  const body = new ByteWriter()
  const sized = (write: (writer: ByteWriter) => void): void => {
    const part = new ByteWriter()
    write(part)
    body.varint(part.position)
    body.raw(part.view())
  }
  for (const [op, namespace, key, value] of entries) {
    body.u8(op | NAMESPACE)
    body.varint(0)
    sized((part) => part.zigzag(namespace))
    if (key !== undefined) sized((part) => encodeKey(part, key))
    if (value !== undefined) sized((part) => encodeValue(part, value))
  }
  const rest = new ByteWriter()
  for (const number of [3, entries.length, 1, 0]) rest.varint(number)
  rest.u8(3)
  rest.varint(1)
  rest.text('acc')
  rest.varint(0)
  rest.raw(body.view())
  const block = new ByteWriter()
  block.u8(MAGIC)
  block.u8(FORMAT)
  block.varint(rest.position)
  block.raw(rest.view())
  return block.take()
}

test('STATE FORMAT: namespaces and their dropping are read and merged; a state without windows refuses them', () => {
  const older = windowed([PUT, 1, 'a', 1], [PUT, -2, 'a', 2], [PUT, 1, 'b', 3])
  const newer = windowed([DROP_NAMESPACE, 1], [PUT, 1, 'a', 4])
  assert.equal([...readBlock(older)].length, 3)
  const values = (bytes: Uint8Array): unknown[] => [...readBlock(bytes)].map(({ op, key, value }) => [op, key, value])
  assert.deepEqual(values(mergeBlocks([older, newer], { base: false }).bytes), [
    ['put', 'a', 2],
    ['drop-namespace', undefined, undefined],
    ['put', 'a', 4],
  ])
  assert.deepEqual(values(mergeBlocks([older, newer], { base: true }).bytes), [
    ['put', 'a', 2],
    ['put', 'a', 4],
  ])
  const state = stateOf({ acc: { kind: 'accumulator', version: 1 } })
  assert.throws(
    () => state.snapshots.restore(older, () => true),
    (error) => StreamError.is(error) && error.code === 'CHECKPOINT_CORRUPT',
  )
})
