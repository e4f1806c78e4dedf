import { constants } from 'node:fs'
import { link, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Files } from '../core/env.ts'
import { NodeFileHandle } from './node-file-handle.ts'
import { codeOf, infoOf, kindOf } from './node-file-info.ts'

/** Files of the machine. New files and directories have the modes that the process' umask leaves. */
export const nodeFiles: Files = {
  async open(path, how) {
    return new NodeFileHandle(await open(path, how === 'read' ? 'r' : 'wx'), path)
  },

  async link(from, to) {
    try {
      await link(from, to)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    }
  },

  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),

  async list(path) {
    const entries = await readdir(path, { withFileTypes: true })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
  },

  async info(path) {
    try {
      return infoOf(await stat(path, { bigint: true }))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  },

  async makeDirectory(path) {
    await makeWithParents(path)
  },

  removeDirectory: (path) => rmdir(path),

  async syncDirectory(path) {
    // Windows cannot open a directory for this; NTFS keeps names in its journal.
    if (process.platform === 'win32') return
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  },
}

/** Not Node's `recursive`: that hides EROFS behind ENOENT, and spins below folders such as /proc, which are there and take nothing. */
async function makeWithParents(path: string): Promise<void> {
  const parent = dirname(path)
  try {
    return await makeOne(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error
  }
  await makeWithParents(parent)
  await makeOne(path)
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path).catch(() => undefined))?.isDirectory() === true) return
    throw error
  }
}
