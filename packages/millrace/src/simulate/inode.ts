/** Bytes that a disk writes as a whole. */
export const SECTOR_BYTES = 512

/**
 * What a name stands for. A file's bytes up to `durableBytes` survive a loss of power, of the others each sector may or may not.
 * A directory's durable names are those of its last sync; each change since then may or may not survive, on its own.
 */
export class Inode {
  readonly id: number
  readonly kind: 'file' | 'directory'
  modifiedMs: number
  /** Of a directory. */
  names: Map<string, Inode> = new Map()
  durableNames: Map<string, Inode> = new Map()
  changes: NameChange[] = []
  changeCount = 0
  /** Of a file. */
  durableBytes = 0
  /** D14: from here on an fsync has failed once. The page is clean, the bytes never reach the disk, whatever a later fsync says. */
  lostFrom: number | undefined
  #bytes: Uint8Array = new Uint8Array(0)
  #size = 0
  /** With a copy of it: so its bytes stay as they are. */
  #isShared = false

  constructor(id: number, kind: 'file' | 'directory', modifiedMs: number) {
    this.id = id
    this.kind = kind
    this.modifiedMs = modifiedMs
  }

  get size(): number {
    return this.#size
  }

  /** With all below it; `copies` says what has been copied already, since a file may have several names. */
  copy(copies: Map<Inode, Inode>): Inode {
    const known = copies.get(this)
    if (known !== undefined) return known
    const copy = new Inode(this.id, this.kind, this.modifiedMs)
    copies.set(this, copy)
    copy.durableBytes = this.durableBytes
    copy.lostFrom = this.lostFrom
    copy.#size = this.#size
    copy.#bytes = this.#bytes
    copy.#isShared = true
    this.#isShared = true
    for (const [name, child] of this.names) copy.names.set(name, child.copy(copies))
    for (const [name, child] of this.durableNames) copy.durableNames.set(name, child.copy(copies))
    copy.changeCount = this.changeCount
    copy.changes = this.changes.map((change) => (change.kind === 'remove' ? change : { ...change, inode: change.inode.copy(copies) }))
    return copy
  }

  /** A copy. */
  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size))
  }

  append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length
    this.#own()
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length, SECTOR_BYTES))
      larger.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#size)
    this.#size = size
  }

  #own(): void {
    if (this.#isShared) this.#bytes = this.#bytes.slice()
    this.#isShared = false
  }

  /** For tests: bit rot, and a file that shrinks. */
  overwrite(bytes: Uint8Array): void {
    this.#bytes = bytes.slice()
    this.#isShared = false
    this.#size = bytes.length
    this.durableBytes = bytes.length
  }

  /** Up to `size`: what was appended since an fsync began may not be in it. */
  sync(size: number = this.#size): void {
    if (this.lostFrom === undefined) this.durableBytes = Math.max(this.durableBytes, Math.min(size, this.#size))
  }

  failSync(): void {
    this.lostFrom ??= this.durableBytes
  }

  /** Up to the change with this number: what was made or removed since an fsync began may not be in it. */
  syncNames(upTo: number = this.changeCount): void {
    const first = this.changeCount - this.changes.length
    for (const change of this.changes.splice(0, Math.max(0, upTo - first))) applyChange(this.durableNames, change)
  }

  /** Of a directory: since it was made. */
  change(change: NameChange): void {
    applyChange(this.names, change)
    this.changes.push(change)
    this.changeCount++
  }

  /** Sectors that are not durable yet: the first may begin inside durable bytes. */
  get looseSectors(): number {
    if (this.#size === this.durableBytes) return 0
    return Math.ceil(this.#size / SECTOR_BYTES) - Math.floor(this.durableBytes / SECTOR_BYTES)
  }

  /**
   * Keeps what is durable and the loose sectors that `survives` names, counted from 0. A sector that does not survive reads as
   * zeros below one that does, and up to the end where the size survives, which is asked about last.
   */
  losePower(survives: (sector: number) => boolean): void {
    if (this.looseSectors === 0) return
    this.#own()
    const first = Math.floor(this.durableBytes / SECTOR_BYTES)
    let end = this.durableBytes
    for (let sector = first; sector * SECTOR_BYTES < this.#size; sector++) {
      const from = Math.max(sector * SECTOR_BYTES, this.durableBytes)
      const to = Math.min((sector + 1) * SECTOR_BYTES, this.#size)
      if (this.lostFrom === undefined && survives(sector - first)) end = to
      else this.#bytes.fill(0, from, to)
    }
    if (end < this.#size && survives(Math.ceil(this.#size / SECTOR_BYTES) - first)) end = this.#size
    this.#size = end
    this.durableBytes = end
    this.lostFrom = undefined
  }
}

/** One change of a directory that has not been synced. A rename inside one directory is one change. */
export type NameChange =
  | { readonly kind: 'add'; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly name: string; readonly inode: Inode }

export function applyChange(names: Map<string, Inode>, change: NameChange): void {
  if (change.kind === 'remove') names.delete(change.name)
  else names.set(change.name, change.inode)
  if (change.kind === 'rename') names.delete(change.from)
}
