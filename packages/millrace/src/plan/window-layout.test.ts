import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countWindow, session, sliding, tumbling, windowSpecOf } from '../api/windows.ts'
import type { WindowAssigner } from '../api/window-types.ts'
import type { WindowNode } from './nodes.ts'
import { layoutText, paneMsOf } from './window-layout.ts'

const MINUTE = 60_000

/** What is written, and how long what is kept together lasts. */
const layouts: readonly (readonly [WindowAssigner<unknown, never>, WindowNode['operator'], string, number | undefined])[] = [
  [tumbling('1h'), 'sliced', 'windows of 1h', 60 * MINUTE],
  [tumbling('1h30m'), 'general', 'windows of 1h30m', 90 * MINUTE],
  [tumbling(1), 'general', 'windows of 1ms', 1],
  [tumbling(90_500), 'general', 'windows of 1m30500ms', 90_500],
  [tumbling('1d', { offset: -60_000 }), 'sliced', 'windows of 1d from -1m', 24 * 60 * MINUTE],
  [tumbling('1d', { offset: '6h', time: 'processing' }), 'general', 'windows of 1d from 6h in processing time', 24 * 60 * MINUTE],
  [sliding('10m', '1m'), 'general', 'windows of 10m every 1m', 10 * MINUTE],
  [sliding('10m', '1m'), 'sliced', 'windows of 10m every 1m, from slices', MINUTE],
  [sliding('10m', '1m', { offset: '5s' }), 'sliced', 'windows of 10m every 1m from 5s, from slices', MINUTE],
  [sliding('1m', '10m', { time: 'processing' }), 'general', 'windows of 1m every 10m in processing time', MINUTE],
  [session('15m'), 'general', 'sessions with a gap of 15m', undefined],
  [session(() => '15m', { time: 'processing' }), 'general', 'sessions with a gap for each record in processing time', undefined],
  [countWindow(1), 'general', 'windows of 1 record', undefined],
  [countWindow(1_000), 'general', 'windows of 1000 records', undefined],
  [countWindow(10, 1), 'general', 'windows of the last 10 records, every 1 record', undefined],
]

for (const [assigner, operator, text, ms] of layouts) {
  test(`${text} (${operator})`, () => {
    assert.equal(layoutText(windowSpecOf('a test', assigner), operator), text)
    assert.equal(paneMsOf(text), ms)
  })
}
