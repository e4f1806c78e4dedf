import type { Key } from './contract.ts'

/**
 * The entries of one key since they were last cleared all at once. A clear starts a new cell and leaves the old one as it was, so
 * that a snapshot that still needs it finds it unchanged: clearing costs the same whatever the size.
 */
export class MapCell {
  readonly slot: number
  /** By identity of the subkey. */
  readonly entries: Map<string | number, MapEntry> = new Map()
  /** Deleted entries whose deletion no completed snapshot covers yet: if the subkey comes back, it is the same entry again. */
  graves: Map<string | number, MapEntry> | undefined = undefined
  /** Stamp of the clear before this cell; 0 when there was none. */
  clearStamp: number
  /** Epoch in which this cell was cleared in its turn; 0 while it is the one in use. */
  deadSince: number = 0

  constructor(slot: number, clearStamp: number) {
    this.slot = slot
    this.clearStamp = clearStamp
  }
}

export class MapEntry {
  readonly cell: MapCell
  readonly key: Key
  readonly identity: string | number
  value: unknown
  stamp: number
  isPresent: boolean = true
  expiry: number = Number.POSITIVE_INFINITY
  /** Epoch sealed by the full snapshot for which it was last encoded. */
  fullIn: number = 0
  /** Epoch in which it was last deleted. */
  gravedIn: number = 0
  /** Round of a compaction of the timer queue in which this time was kept. */
  keptIn: number = 0

  constructor(cell: MapCell, key: Key, identity: string | number, value: unknown, stamp: number) {
    this.cell = cell
    this.key = key
    this.identity = identity
    this.value = value
    this.stamp = stamp
  }
}
