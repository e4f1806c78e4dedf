import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceDefinitionOf, type Batch, type Reader } from '../connect/contract.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { generatorSource, type GeneratorOptions } from './generator-source.ts'

async function open<T>(
  options: GeneratorOptions<T>,
  env: ReturnType<typeof virtualEnv>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Reader<T, number>> {
  const definition = sourceDefinitionOf(generatorSource(options))
  return (await definition?.open({ source: 'source/g', env, restored: new Map(), ended: new Map(), owns: () => true, signal })) as Reader<
    T,
    number
  >
}

test('a rate is kept: never ahead, never much behind', async () => {
  const env = virtualEnv({ seed: 1 })
  const reader = await open({ rate: 250, record: (index) => index }, env)
  let count = 0
  const read = async (): Promise<void> => {
    while (count < 1_000) {
      const polled = reader.poll(undefined)
      if (polled === 'wait') await reader.ready()
      else count += (polled as Batch<number, number>).values.length
      const due = env.machine.nowMs * 0.25
      assert.ok(count <= due, `${count} records after ${env.machine.nowMs} ms`)
      assert.ok(count >= due - 20, `${count} records after ${env.machine.nowMs} ms`)
    }
  }
  await env.machine.run(read())
})

test('a stop does not wait for the next record', async () => {
  const env = virtualEnv({ seed: 1 })
  const controller = new AbortController()
  const reader = await open({ rate: 0.001, record: (index) => index }, env, controller.signal)
  assert.equal(reader.poll(undefined), 'wait')
  const ready = reader.ready()
  controller.abort()
  await ready
  assert.equal(env.machine.nowMs, 0)
})

test('a record whose function throws is broken, and named', async () => {
  const env = virtualEnv({ seed: 1 })
  const record = (index: number): number => {
    if (index % 3 === 1) throw new Error('no third ones')
    return index
  }
  const reader = await open({ count: 6, record }, env)
  const batch = reader.poll(undefined) as Batch<number, number>
  assert.deepEqual(batch.values, [0, 2, 3, 5])
  assert.deepEqual(
    batch.broken?.map(({ index, code, position }) => ({ index, code, position })),
    [
      { index: 1, code: 'USER_CODE', position: 'record 1' },
      { index: 3, code: 'USER_CODE', position: 'record 4' },
    ],
  )
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => batch.positionOf?.(index)),
    ['record 0', 'record 2', 'record 3', 'record 5'],
  )
})

test('options are checked', () => {
  const record = (index: number): number => index
  for (const options of [{ count: -1 }, { count: 1.5 }, { rate: 0 }, { rate: Infinity }, { rate: Number.NaN }, { seed: 0.5 }]) {
    assert.throws(() => generatorSource({ ...options, record }), { code: 'INVALID_OPTION' })
  }
  assert.throws(() => generatorSource({} as GeneratorOptions<number>), { code: 'INVALID_OPTION' })
})
