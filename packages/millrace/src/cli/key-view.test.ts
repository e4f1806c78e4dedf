import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '../serde/bytes.ts'
import { encodeKey, type Key } from '../serde/key.ts'
import { encodeValue } from '../serde/value.ts'
import { DELETE, DROP_NAMESPACE, NAMESPACE, PUT, writeHeader, writeRowBody } from '../state/format.ts'
import { KeyView, type KeyContent } from './key-view.ts'
import { GroupCount, type StateCount } from './state-count.ts'

interface Entry {
  readonly op: number
  readonly namespace: number
  readonly key?: Key
  readonly value?: unknown
}

/** A block as windows write it: one accumulator, each entry in a namespace. */
function block(entries: readonly Entry[]): Uint8Array {
  const body = new ByteWriter(256)
  for (const { op, namespace, key, value } of entries) {
    body.u8(op | NAMESPACE)
    body.varint(0)
    part(body, (writer) => writer.zigzag(namespace))
    if (key !== undefined) part(body, (writer) => encodeKey(writer, key))
    if (op === PUT) part(body, (writer) => encodeValue(writer, value))
  }
  const row = new ByteWriter(64)
  writeRowBody(row, { kind: 'accumulator', version: 1, name: 'n', shapes: [] })
  const writer = new ByteWriter(512)
  writeHeader(writer, { group: 0, entries: entries.length, bodyBytes: body.position }, [row.take()])
  writer.raw(body.view())
  return writer.take()
}

function part(into: ByteWriter, write: (writer: ByteWriter) => void): void {
  const writer = new ByteWriter(64)
  write(writer)
  into.varint(writer.position)
  into.raw(writer.view())
}

function view(key: Key, ...blocks: readonly Uint8Array[]): readonly KeyContent[] {
  const writer = new ByteWriter(64)
  encodeKey(writer, key)
  const found = new KeyView(writer.take())
  for (const each of blocks) found.apply(each, () => false)
  return found.contents()
}

test('each window of a key has its own; one that is dropped is gone, and the others stay', () => {
  const first = block([
    { op: PUT, namespace: -1, key: 'a', value: 10 },
    { op: PUT, namespace: -129, key: 'a', value: 20 },
    { op: PUT, namespace: -1, key: 'b', value: 30 },
    { op: PUT, namespace: 1, key: 'a', value: 40 },
  ])
  const second = block([
    { op: DROP_NAMESPACE, namespace: -1 },
    { op: DELETE, namespace: 1, key: 'b' },
    { op: PUT, namespace: 1, key: 'a', value: 41 },
  ])
  const short = (contents: readonly KeyContent[]): unknown =>
    contents.map(({ state, namespace, content }) => [state, namespace, content.form === 'one' ? content.value : content])
  assert.deepEqual(short(view('a', first)), [
    ['n', -1, 10],
    ['n', -129, 20],
    ['n', 1, 40],
  ])
  assert.deepEqual(short(view('a', first, second)), [
    ['n', -129, 20],
    ['n', 1, 41],
  ])
  assert.deepEqual(short(view('b', first, second)), [])
  assert.deepEqual(short(view('c', first)), [])
})

test('the windows of a key count as one key', () => {
  const count = new GroupCount()
  count.apply(
    block([
      { op: PUT, namespace: -1, key: 'a', value: 1 },
      { op: PUT, namespace: 1, key: 'a', value: 1 },
    ]),
    () => false,
  )
  const keys: string[] = []
  count.forEachKey(({ key }) => keys.push(key))
  assert.equal(keys.length, 2)
  assert.equal(new Set(keys).size, 1)
  const counts: StateCount[] = []
  count.forEach((_state, each) => counts.push(each))
  assert.deepEqual(
    counts.map(({ keys: distinct, entries }) => [distinct, entries]),
    [[1, 2]],
  )
  const windows: number[] = []
  count.forEachWindow((namespace) => windows.push(namespace))
  assert.deepEqual(windows, [-1, 1])
  count.apply(
    block([
      { op: DROP_NAMESPACE, namespace: -1 },
      { op: DELETE, namespace: 1, key: 'a' },
    ]),
    () => false,
  )
  count.forEachWindow(() => assert.fail('a window is left'))
})
