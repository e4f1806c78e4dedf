/** Each numbered example runs and prints what its pages say. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Lines that an example prints, whole or what they contain. */
const printed: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  '01-hello': ['"to 1"', '"be 1"', '"or 1"', '"not 1"', '"to 2"', '"be 2"'],
  '02-state-and-timers': ['{"card":"A","amount":700,"secondsAfter":30}'],
  '03-files': [
    '{"key":"north","orders":1,"cents":1250}',
    '{"key":"south","orders":1,"cents":400}',
    '{"key":"north","orders":2,"cents":2000}',
  ],
  '04-bad-records': ['"A pays 12.5"', /INVALID_RECORD.*amount/, /INVALID_RECORD/],
  '05-csv-to-json': [
    '{"id":1,"station":"Harbour, north","startedAt":1777622400000,"minutes":12}',
    '{"id":3,"station":"The \\"Old\\" Mill","startedAt":1780306200000,"minutes":30}',
    'message,input',
    '"may.csv:3 cannot be parsed: the column ""startedAt"" cannot be read: parse gives NaN","2,Mill,soon,7"',
  ],
  '06-windows': [
    /INVALID_RECORD.*timestamp gave NaN/,
    '{"card":"ann","reason":"small, then large"}',
    '{"card":"bob","from":1714564800000,"mean":300,"ids":["b3","b1","b2"]}',
    '{"id":"a3","card":"ann","amount":20,"at":1714565100000,"ok":true}',
    '{"key":"bob","window":{"start":1714564800000,"end":1714566240000},"n":4,"peak":400}',
    '{"key":"JFK","window":{"start":1714564800000,"end":1714568400000},"flights":2,"delay":15}',
    '{"key":"BOS","window":{"start":1714564800000,"end":1714568400000},"flights":1,"delay":5}',
    '{"key":"JFK","window":{"start":1714568400000,"end":1714572000000},"flights":1,"delay":0}',
  ],
}

test('every numbered example is here', () => {
  const folders = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter((name) => /^\d/.test(name))
  assert.deepEqual(folders.toSorted(), Object.keys(printed).toSorted())
})

for (const [name, expected] of Object.entries(printed)) {
  test(name, () => {
    const main = fileURLToPath(new URL(`${name}/main.ts`, import.meta.url))
    const { stdout, stderr, status } = spawnSync(process.execPath, [main], { encoding: 'utf8', timeout: 60_000 })
    assert.equal(status, 0, stderr)
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, expected.length, stdout)
    for (const want of expected) {
      const index = lines.findIndex((line) => (typeof want === 'string' ? line === want : want.test(line)))
      assert.ok(index >= 0, `${String(want)} is not in\n${lines.join('\n')}`)
      lines.splice(index, 1)
    }
  })
}
