/** The names by which leftovers are known are the engine's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunkName } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import { hiddenName } from '../../packages/millrace/src/connectors/file-sink-names.ts'
import { TemporaryNames } from '../../packages/millrace/src/connectors/temporary-names.ts'
import { virtualEnv } from '../../packages/millrace/src/simulate/virtual-env.ts'
import { FENCED_EXIT, isLeftBy, judgeWoken } from './zombie.ts'

const env = virtualEnv({ seed: 1 })
const { pid } = env.processes.self()
const writer = '0123456789abcdef'
const hidden = (epoch: number): string =>
  `/out/rows/.millrace-job+sink/${hiddenName({ log: 'log-1', epoch, subtask: 0, count: 2, writer })}`
const chunk = (epoch: number): string =>
  `unreferenced chunk ${chunkName({ epoch, kind: 'checkpoint', checkpoint: 9, task: 'step/a', subtask: 0, random: writer })}`

test('hidden parts and chunks belong to an epoch, files without a name to a process', () => {
  const fenced = { pid, epoch: 3 }
  assert.ok(isLeftBy(fenced, hidden(3)))
  assert.ok(!isLeftBy(fenced, hidden(4)))
  assert.ok(isLeftBy(fenced, chunk(3)))
  assert.ok(!isLeftBy(fenced, chunk(33)))
  const temporary = `/checkpoints/chunks/${new TemporaryNames(env).next('chunk')}`
  assert.ok(isLeftBy(fenced, temporary))
  assert.ok(!isLeftBy({ ...fenced, pid: pid + 1 }, temporary))
})

test('one that had not claimed has left neither', () => {
  const fenced = { pid: pid + 1, epoch: undefined }
  for (const file of [hidden(3), chunk(3), 'missing chunk e3-c1']) assert.ok(!isLeftBy(fenced, file))
})

test('one that was replaced while it stood still says so, unless it had ended before', () => {
  const replaced = { isReplaced: true, hadEnded: false }
  assert.equal(judgeWoken({ ...replaced, code: FENCED_EXIT }), 'takeover')
  assert.equal(judgeWoken({ ...replaced, code: 0 }), 'wrong')
  assert.equal(judgeWoken({ ...replaced, hadEnded: true, code: 0 }), 'missed')
  assert.equal(judgeWoken({ isReplaced: false, hadEnded: false, code: 0 }), 'missed', 'the other found the job finished')
})
