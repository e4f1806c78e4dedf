/** `npm run format`: writes everything that a machine can put right: the layout of code, the page of error codes, the reference. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './lib/files.ts'

const run = (args: readonly string[]): void => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
run(['scripts/errors-page.ts'])
run(['scripts/reference.ts'])
run([join(root, 'node_modules/oxfmt/bin/oxfmt'), ...process.argv.slice(2)])
