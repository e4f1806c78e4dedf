/** How much a sink has committed so far, seen from outside: committed files never change, so each is read once. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { committedFiles } from './verify.ts'

export interface CommittedSoFar {
  readonly files: number
  readonly rows: number
  /** The newest checkpoint that a file is of. */
  readonly checkpoint: number | undefined
}

const NEWLINE = 0x0a

export class CommittedFiles {
  readonly #folder: string
  readonly #known = new Set<string>()
  #rows = 0
  #checkpoint: number | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  look(): CommittedSoFar {
    for (const name of committedFiles(this.#folder)) {
      if (this.#known.has(name)) continue
      this.#known.add(name)
      this.#rows += countLines(readFileSync(join(this.#folder, name)))
      const checkpoint = /^part-(\d+)-/.exec(name)?.[1]
      if (checkpoint !== undefined) this.#checkpoint = Math.max(this.#checkpoint ?? 0, Number(checkpoint))
    }
    return { files: this.#known.size, rows: this.#rows, checkpoint: this.#checkpoint }
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1
  return lines
}
