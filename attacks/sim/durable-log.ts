/** The checkpoint log as it would be after a loss of power right now: what nobody can take back. */
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'

export class DurableLog {
  readonly #disk: Disk
  readonly #folder: string
  #newest: { readonly name: string; readonly manifest: Manifest } | undefined

  constructor(disk: Disk, checkpoints: string) {
    this.#disk = disk
    this.#folder = `${checkpoints}/log`
  }

  /** As far as it was looked at: what was durable once stays so. */
  known(): Manifest | undefined {
    return this.#newest?.manifest
  }

  /** The newest manifest whose entry is durable, or was when it was looked at last. */
  newest(): Manifest | undefined {
    if (this.#disk.info(this.#folder) === undefined) return this.#newest?.manifest
    for (const { name } of this.#disk.list(this.#folder).reverse()) {
      if (!/^\d+\.entry$/.test(name)) continue
      if (this.#newest !== undefined && name <= this.#newest.name) break
      if (!this.#disk.isDurable(`${this.#folder}/${name}`)) continue
      const manifest = this.#manifestIn(name)
      if (manifest === undefined) continue
      this.#newest = { name, manifest }
      break
    }
    return this.#newest?.manifest
  }

  #manifestIn(name: string): Manifest | undefined {
    const inode = this.#disk.open(`${this.#folder}/${name}`)
    const entry = decodeEntry(inode.read(0, inode.size), { number: Number.parseInt(name, 10), name }, nodeDigest)
    return entry.kind === 'checkpoint' ? entry.manifest : undefined
  }
}
