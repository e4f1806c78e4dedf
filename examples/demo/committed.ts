/** How much a sink has committed so far, seen from outside: committed files never change, so each is looked at once. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { committedFiles } from './verify.ts'

export interface CommittedSoFar {
  readonly files: number
  readonly bytes: number
  /** The newest checkpoint that a file is of. */
  readonly checkpoint: number | undefined
}

export class CommittedFiles {
  readonly #folder: string
  readonly #known = new Set<string>()
  #bytes = 0
  #checkpoint: number | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  look(): CommittedSoFar {
    for (const name of committedFiles(this.#folder)) {
      if (this.#known.has(name)) continue
      this.#known.add(name)
      this.#bytes += statSync(join(this.#folder, name)).size
      const checkpoint = /^part-(\d+)-/.exec(name)?.[1]
      if (checkpoint !== undefined) this.#checkpoint = Math.max(this.#checkpoint ?? 0, Number(checkpoint))
    }
    return { files: this.#known.size, bytes: this.#bytes, checkpoint: this.#checkpoint }
  }
}
