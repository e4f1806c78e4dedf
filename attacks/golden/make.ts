/**
 * `node attacks/golden/make.ts`: writes the golden files of the current format, when a version of it has been raised. Those of a format
 * that has been released are never written again.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { FORMAT_NAME, formatFolder, readDirectory, statePath, writeDirectory } from './folder.ts'
import { makeGolden } from './life.ts'
import { stateOf } from './state.ts'

const mayReplace = process.argv.includes('--replace')
if (existsSync(formatFolder()) && !mayReplace) {
  process.stderr.write(
    `There are golden files of ${FORMAT_NAME}. If the format has changed, raise its version; only what no release has written may be replaced, with --replace.\n`,
  )
  process.exitCode = 1
} else {
  const { killed, released } = await makeGolden()
  mkdirSync(formatFolder(), { recursive: true })
  writeDirectory('killed', killed)
  writeDirectory('released', released)
  writeFileSync(statePath(), `${JSON.stringify(await stateOf(readDirectory('killed')), null, 1)}\n`)
  process.stdout.write(`${killed.size + released.size} files of ${FORMAT_NAME} in ${formatFolder()}\n`)
}
