/** The outside view: what a reader who lists directories finds, and what should not be there once a job has ended. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import type { Committed } from '../lib/committed.ts'

/** Files with a final name below the output folder. */
export function committedFiles(disk: Disk): Committed[] {
  const files = [...disk.snapshot()].filter(([path]) => path.startsWith('/out/') && !path.includes('/.'))
  return files.map(([path, bytes]) => {
    const [sink = '', name = ''] = path.slice('/out/'.length).split('/')
    return { sink, name, text: new TextDecoder().decode(bytes) }
  })
}

export interface Residue {
  readonly path: string
  readonly text: string
  /** It should be there. */
  readonly isMissing?: boolean
}

/**
 * Hidden parts and temporary names, chunks that no entry names, and chunks that one names and that are not
 * there. Of temporary names only those of this boot: whether who made the others still writes nobody can tell before a day has passed.
 */
export function residueOf(disk: Disk, boot: string): Residue[] {
  const files = disk.snapshot()
  const hidden = [...files.keys()].filter(
    (path) => /^\/(out|checkpoints)\//.test(path) && path.includes('/.') && !isOfOtherBoot(path, boot),
  )
  const chunks = new Set([...files.keys()].filter((path) => path.startsWith('/checkpoints/chunks/') && !path.includes('/.')))
  const named = new Set<string>()
  for (const [path, bytes] of files) {
    const name = /^\/checkpoints\/log\/(\d+\.entry)$/.exec(path)?.[1]
    if (name === undefined) continue
    const entry = decodeEntry(bytes, { number: Number.parseInt(name, 10), name }, nodeDigest)
    if (entry.kind === 'checkpoint') for (const chunk of entry.manifest.chunks) named.add(`/checkpoints/chunks/${chunk.name}`)
  }
  return [
    ...hidden.map((path) => ({ path, text: path })),
    ...[...chunks.difference(named)].map((path) => ({ path, text: `${path}, which nothing names` })),
    ...[...named.difference(chunks)].map((path) => ({ path, text: `${path} is named and missing`, isMissing: true })),
  ]
}

function isOfOtherBoot(path: string, boot: string): boolean {
  return path.startsWith('/checkpoints/') && path.endsWith('.tmp') && !path.includes(`.${boot}.`)
}

/** Where what is left over is looked for and removed together: the checkpoints, or the output of one sink. Undefined where nothing is. */
export function cleanedFolder(path: string): string | undefined {
  return /^\/(checkpoints|out\/[^/]+)(?=\/|$)/.exec(path)?.[0]
}
