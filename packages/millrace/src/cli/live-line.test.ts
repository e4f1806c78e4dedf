import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveLine, type LiveView } from './live-line.ts'
import { RateMeter } from './rate-meter.ts'

const plain = (_style: string, text: string): string => text
const NOW = 1_700_000_000_000
const view: LiveView = {
  job: 'orders',
  status: {
    phase: 'running',
    records: 1_234_567,
    invalid: 0,
    late: 0,
    sources: [],
    sinks: [],
    watermark: NOW - 3_200,
    restarts: 0,
    newestCheckpoint: undefined,
    restored: undefined,
  },
  perSecond: 512_345,
  nowMs: NOW,
  hasCheckpoints: true,
  newest: { checkpoint: 12, createdAtMs: NOW - 400, durationMs: 12, sizeBytes: 1_200_000, newBytes: 34_000 },
  restored: 7,
  waiting: undefined,
}
const WIDE = 200

test('all figures, when there is room', () => {
  assert.equal(
    liveLine(view, WIDE, plain),
    'orders running | 1,234,567 records | 512,345/s | 3.2 s behind | checkpoint 12: 400 ms ago, 1.20 MB | 0 restarts',
  )
})

test('the least important figures go first, and no width is exceeded', () => {
  const narrow: readonly (readonly [number, string])[] = [
    [110, 'orders running | 1,234,567 records | 512,345/s | 3.2 s behind | checkpoint 12: 400 ms ago, 1.20 MB'],
    [90, 'orders running | 512,345/s | 3.2 s behind | checkpoint 12: 400 ms ago, 1.20 MB'],
    [60, 'orders running | 512,345/s | 3.2 s behind'],
    [30, 'orders running | 512,345/s'],
    [14, 'orders running'],
    [5, 'order'],
  ]
  for (const [width, text] of narrow) assert.equal(liveLine(view, width, plain), text)
  for (let width = 1; width < 140; width++) assert.ok(liveLine(view, width, plain).length <= width)
})

test('event time far back is shown itself; its ends are no times', () => {
  const at = (watermark: number): string => liveLine({ ...view, status: { ...view.status, watermark } }, WIDE, plain)
  assert.match(at(994_000_000_000), /\| at 2001-07-01 15:06 \| 22\.4 years behind \|/)
  assert.match(at(NOW + 60_000), /\| 1m 00s ahead \|/)
  assert.match(at(Number.NEGATIVE_INFINITY), /\| no watermark \|/)
  assert.match(at(Number.POSITIVE_INFINITY), /\| end of input \|/)
})

test('checkpoints: none wanted, none yet, one restored', () => {
  const none = { ...view, newest: undefined }
  assert.match(liveLine({ ...none, restored: undefined }, WIDE, plain), /\| no checkpoint yet \|/)
  assert.match(liveLine(none, WIDE, plain), /\| checkpoint 7: restored \|/)
  assert.match(liveLine({ ...none, hasCheckpoints: false }, WIDE, plain), /\| no checkpoints \|/)
})

test('restarts are worth more than most figures once there are any', () => {
  const restarted = { ...view, status: { ...view.status, restarts: 1 } }
  assert.equal(liveLine(restarted, 45, plain), 'orders running | 512,345/s | 1 restart')
})

test('while nothing flows there is no speed and no lag', () => {
  const restoring = { ...view, newest: undefined, status: { ...view.status, phase: 'restarting', restarts: 2 } } as const
  assert.equal(liveLine(restoring, WIDE, plain), 'orders restarting | checkpoint 7: restored | 2 restarts')
})

test('while another process has the job there are no figures', () => {
  assert.equal(liveLine({ ...view, waiting: 'waiting: process 7 has the job' }, WIDE, plain), 'orders waiting: process 7 has the job')
})

test('colours do not count as width', () => {
  const coloured = liveLine(view, 60, (style, text) => `<${style}>${text}</>`)
  assert.equal(coloured.replace(/<[^>]*>/g, ''), 'orders running | 512,345/s | 3.2 s behind')
})

test('the speed is that of the last three seconds', () => {
  const meter = new RateMeter()
  assert.equal(meter.add(0, 0), 0)
  assert.equal(meter.add(1_000, 500), 500)
  assert.equal(meter.add(2_000, 1_500), 750)
  for (let at = 3_000; at <= 10_000; at += 1_000) meter.add(at, 1_500)
  assert.equal(meter.add(11_000, 1_500), 0)
  assert.equal(new RateMeter().add(5, 100), 0)
})

test('how much of the input has been read: that of the slowest source, if all know', () => {
  const source = (share: number | undefined): LiveView['status']['sources'][number] => ({
    address: 'source/a',
    records: 1,
    invalid: 0,
    share,
  })
  const line = (...shares: readonly (number | undefined)[]): string =>
    liveLine({ ...view, status: { ...view.status, sources: shares.map(source) } }, WIDE, plain)
  assert.match(line(0.9, 0.459), /^orders running \| 45% \| 1,234,567 records \|/)
  assert.match(line(0.9999), /\| 99% \|/)
  assert.match(line(1), /\| 100% \|/)
  assert.doesNotMatch(line(0.5, undefined), /%/)
  assert.doesNotMatch(line(), /%/)
})

test('what was invalid or late is shown once there is some', () => {
  const line = (invalid: number, late: number): string => liveLine({ ...view, status: { ...view.status, invalid, late } }, WIDE, plain)
  assert.match(line(0, 1_200), /records \| 1,200 late \| 512,345\/s/)
  assert.match(line(3, 1), /records \| 3 invalid \| 1 late \| 512,345\/s/)
  assert.doesNotMatch(line(0, 0), /invalid|late/)
})

test('what went in and what came out', () => {
  const sinks = [
    { address: 'sink/a', records: 1_000, place: undefined },
    { address: 'sink/b', records: 234, place: 'out' },
  ]
  assert.match(liveLine({ ...view, status: { ...view.status, sinks } }, WIDE, plain), /\| 1,234,567 records in, 1,234 out \|/)
})
