import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageText, bytesText, countText, durationText, momentText, pluralText, rateText, spanText, watermarkText } from './format.ts'

function table<T>(what: (value: T) => string, rows: readonly (readonly [T, string])[]): void {
  for (const [value, text] of rows) assert.equal(what(value), text)
}

test('bytes have three digits and never reach a thousand of a unit', () => {
  table(bytesText, [
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [34_512, '34.5 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [9_996_000, '10.0 MB'],
    [1_200_000_000, '1.20 GB'],
    [5e18, '5000 PB'],
  ])
})

test('counts and rates', () => {
  table(countText, [
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567, '1,234,567'],
    [-1_234, '-1,234'],
  ])
  table(rateText, [
    [0, '0/s'],
    [0.25, '0.3/s'],
    [9.96, '10/s'],
    [512_345.4, '512,345/s'],
  ])
  assert.equal(pluralText(1, 'record'), '1 record')
  assert.equal(pluralText(0, 'record'), '0 records')
})

test('durations have at most two units and do not show sixty of any', () => {
  table(durationText, [
    [0, '0 ms'],
    [339.6, '340 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1m 00s'],
    [125_000, '2m 05s'],
    [3_599_400, '59m 59s'],
    [3_599_600, '1h 00m'],
    [11_040_000, '3h 04m'],
    [86_399_000, '1d 0h'],
    [183_600_000, '2d 3h'],
    [801_500_000_000, '25.4 years'],
    [Number.POSITIVE_INFINITY, 'for ever'],
    [-1_500, '-1.5 s'],
  ])
})

test('ages and moments', () => {
  table(ageText, [
    [-5_000, 'just now'],
    [0, 'just now'],
    [3_200, '3.2 s ago'],
  ])
  table(momentText, [
    [0, '1970-01-01 00:00:00'],
    [994_000_000_000, '2001-07-01 15:06:40'],
    [9e15, '9000000000000000'],
    [Number.NaN, 'NaN'],
  ])
  table(spanText, [
    [{ start: 0, end: 3_600_000 }, '1970-01-01 00:00:00 to 01:00:00'],
    [{ start: 82_800_000, end: 86_400_000 }, '1970-01-01 23:00:00 to 1970-01-02 00:00:00'],
    [{ start: -500, end: 0 }, '1969-12-31 23:59:59.500 to 1970-01-01 00:00:00.000'],
    [{ start: 1, end: 9e15 }, '1 to 9000000000000000'],
  ])
  table(watermarkText, [
    [Number.NEGATIVE_INFINITY, 'before all records'],
    [Number.POSITIVE_INFINITY, 'end of input'],
    [0, '1970-01-01 00:00:00'],
  ])
})
