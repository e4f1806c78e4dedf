#!/usr/bin/env node
/** The `millrace` command: the sources in a checkout, the compiled files in the published package. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findPinnedNode, folderOf, runUnder } from './pinned-node.mjs'

const OLDEST_NODE = [22, 18]

const here = folderOf(import.meta.url)
const compiled = join(here, '../dist/cli/main.js')
const entry = existsSync(compiled) ? compiled : join(here, '../src/cli/main.ts')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) {
  const { main } = await import(pathToFileURL(entry).href)
  process.exitCode = await main(process.argv.slice(2))
} else {
  const node = findPinnedNode(here) ?? findPinnedNode(process.cwd())
  if (node === undefined) {
    process.stderr.write(
      `millrace needs Node ${OLDEST_NODE.join('.')} or newer, and this is ${process.versions.node}. Install a newer one, from nodejs.org or with your ` +
        "version manager (such as nvm install 24), and run the same command again. 'node --version' says which one a terminal uses.\n",
    )
    process.exit(1)
  }
  runUnder(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
}
