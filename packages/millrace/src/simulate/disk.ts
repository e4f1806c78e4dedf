import type { FileInfo } from '../core/env.ts'
import { applyChange, Inode, type NameChange } from './inode.ts'
import { systemError } from './system-error.ts'

/** What may be lost: a change of a directory, or a sector of a file. */
export type LooseKind = 'name' | 'sector'

/**
 * What survives a loss of power of all that is not durable: nothing, everything, or what the function says of each loose thing,
 * in a fixed order: the changes of names of a directory, then, for what is reachable, the sectors of each file and its size.
 */
export type Survival = 'none' | 'all' | ((index: number, kind: LooseKind, place: LoosePlace) => boolean)

/** Among the loose sectors of its file, the size last; of a name there is only one. Counted from 0. */
export interface LoosePlace {
  readonly at: number
  readonly count: number
}

/**
 * A disk with its page cache. All operations are synchronous and take place in the cache; `losePower` leaves what the disk has.
 * Strict where POSIX promises nothing: an fsync of a file does not make its name durable, nor the other way round.
 */
export class Disk {
  /** The wall clock of the machine that it is in. */
  now: () => number
  #nextId = 2
  #root: Inode = new Inode(1, 'directory', 0)

  constructor(now: () => number = () => 0) {
    this.now = now
  }

  /** As it is now, cache and all. What happens to one of them is not seen by the other. */
  copy(): Disk {
    const copy = new Disk(this.now)
    copy.#nextId = this.#nextId
    copy.#root = this.#root.copy(new Map())
    return copy
  }

  create(path: string): Inode {
    const { folder, name } = this.#place(path, 'open')
    if (folder.names.has(name)) throw systemError('EEXIST', 'open', path)
    return this.#add(folder, name, new Inode(this.#nextId++, 'file', this.now()))
  }

  open(path: string): Inode {
    return this.#find(path, 'open')
  }

  link(from: string, to: string): boolean {
    const inode = this.#find(from, 'link')
    if (inode.kind === 'directory') throw systemError('EPERM', 'link', from)
    const { folder, name } = this.#place(to, 'link')
    if (folder.names.has(name)) return false
    this.#add(folder, name, inode)
    return true
  }

  rename(from: string, to: string): void {
    const inode = this.#find(from, 'rename')
    const source = this.#place(from, 'rename')
    const target = this.#place(to, 'rename')
    const replaced = target.folder.names.get(target.name)
    // POSIX: two names of one file are left as they are.
    if (replaced === inode) return
    if (replaced !== undefined) this.#checkReplaced(inode, replaced, to)
    if (source.folder === target.folder) this.#change(source.folder, { kind: 'rename', from: source.name, name: target.name, inode })
    else {
      this.#change(target.folder, { kind: 'add', name: target.name, inode })
      this.#change(source.folder, { kind: 'remove', name: source.name })
    }
  }

  unlink(path: string): void {
    const { folder, name } = this.#place(path, 'unlink')
    if (this.#find(path, 'unlink').kind === 'directory') throw systemError('EISDIR', 'unlink', path)
    this.#change(folder, { kind: 'remove', name })
  }

  list(path: string): { readonly name: string; readonly kind: FileInfo['kind'] }[] {
    const folder = this.#directory(path, 'scandir')
    return [...folder.names].map(([name, inode]) => ({ name, kind: inode.kind })).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  info(path: string): FileInfo | undefined {
    const inode = this.#walk(partsOf(path))
    return inode === undefined ? undefined : infoOf(inode)
  }

  makeDirectory(path: string): void {
    let folder = this.#root
    for (const name of partsOf(path)) {
      if (folder.kind !== 'directory') throw systemError('ENOTDIR', 'mkdir', path)
      folder = folder.names.get(name) ?? this.#add(folder, name, new Inode(this.#nextId++, 'directory', this.now()))
    }
    if (folder.kind !== 'directory') throw systemError('EEXIST', 'mkdir', path)
  }

  removeDirectory(path: string): void {
    if (this.#directory(path, 'rmdir').names.size > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
    const { folder, name } = this.#place(path, 'rmdir')
    this.#change(folder, { kind: 'remove', name })
  }

  syncDirectory(path: string): void {
    this.beginSyncDirectory(path)()
  }

  /** An fsync that begins now: what it returns ends it, and makes durable what is there now, not what comes meanwhile. */
  beginSyncDirectory(path: string): () => void {
    const folder = this.#directory(path, 'fsync')
    const { changeCount } = folder
    return () => folder.syncNames(changeCount)
  }

  /** How many things are not durable: what a function given to `losePower` is asked about. */
  get looseCount(): number {
    let count = 0
    this.#visit((inode) => (count += inode.changes.length + (inode.kind === 'file' ? inode.looseSectors : 0)))
    return count
  }

  /** As a kernel does when it has time: everything is durable. */
  writeBack(): void {
    this.#visit((inode) => {
      inode.sync()
      inode.syncNames()
    })
  }

  /** Whether a file would be there, with all its bytes, whatever a loss of power takes. */
  isDurable(path: string): boolean {
    let inode: Inode | undefined = this.#root
    for (const name of partsOf(path)) inode = inode?.durableNames.get(name)
    return inode?.kind === 'file' && inode.durableBytes === inode.size
  }

  losePower(survival: Survival): void {
    let index = 0
    const survives = (kind: LooseKind, place: LoosePlace): boolean =>
      survival === 'none' ? false : survival === 'all' ? true : survival(index++, kind, place)
    const seen = new Set<Inode>()
    const settle = (inode: Inode): void => {
      if (seen.has(inode)) return
      seen.add(inode)
      if (inode.kind === 'file') {
        const count = inode.looseSectors + 1
        return inode.losePower((at) => survives('sector', { at, count }))
      }
      for (const change of inode.changes) if (survives('name', ONLY)) applyChange(inode.durableNames, change)
      inode.names = new Map(inode.durableNames)
      inode.changes = []
      for (const child of inode.names.values()) settle(child)
    }
    settle(this.#root)
  }

  /** Every file that has a name, as whoever looks at the disk now sees it: path → bytes. */
  snapshot(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>()
    this.#visit((inode, path) => {
      if (inode.kind === 'file') files.set(path, inode.read(0, inode.size))
    })
    return files
  }

  #visit(see: (inode: Inode, path: string) => void): void {
    const seen = new Set<Inode>()
    const visit = (inode: Inode, path: string): void => {
      if (inode.kind === 'directory' && seen.has(inode)) return
      seen.add(inode)
      see(inode, path === '' ? '/' : path)
      for (const [name, child] of inode.names) visit(child, `${path}/${name}`)
    }
    visit(this.#root, '')
  }

  #checkReplaced(inode: Inode, replaced: Inode, to: string): void {
    if (replaced.kind === 'directory' && inode.kind === 'file') throw systemError('EISDIR', 'rename', to)
    if (replaced.kind === 'file' && inode.kind === 'directory') throw systemError('ENOTDIR', 'rename', to)
    if (replaced.names.size > 0) throw systemError('ENOTEMPTY', 'rename', to)
  }

  #add(folder: Inode, name: string, inode: Inode): Inode {
    this.#change(folder, { kind: 'add', name, inode })
    return inode
  }

  #change(folder: Inode, change: NameChange): void {
    folder.change(change)
    folder.modifiedMs = this.now()
  }

  #find(path: string, call: string): Inode {
    const inode = this.#walk(partsOf(path))
    if (inode === undefined || path === '') throw systemError('ENOENT', call, path)
    return inode
  }

  #directory(path: string, call: string): Inode {
    const inode = this.#find(path, call)
    if (inode.kind !== 'directory') throw systemError('ENOTDIR', call, path)
    return inode
  }

  #place(path: string, call: string): { readonly folder: Inode; readonly name: string } {
    const parts = partsOf(path)
    const name = parts.pop()
    const folder = this.#walk(parts)
    if (name === undefined || folder === undefined) throw systemError('ENOENT', call, path)
    if (folder.kind !== 'directory') throw systemError('ENOTDIR', call, path)
    return { folder, name }
  }

  #walk(parts: readonly string[]): Inode | undefined {
    let inode: Inode | undefined = this.#root
    for (const name of parts) inode = inode?.names.get(name)
    return inode
  }
}

const ONLY: LoosePlace = { at: 0, count: 1 }

export function infoOf(inode: Inode): FileInfo {
  return { kind: inode.kind, sizeBytes: inode.size, modifiedMs: inode.modifiedMs, identity: `1:${inode.id}` }
}

/** Relative paths begin at the root. */
function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}
