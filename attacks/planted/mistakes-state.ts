import { mistake, type Mistake } from './mistake.ts'

/** State, timers, merging and restore. */
export const stateMistakes: readonly Mistake[] = [
  mistake('a write is not marked as dirty', 'rules 1.5', 'state/slot-column.ts', 'page.ints[at] = this.epoch this.dirty.push(slot)', 'page.ints[at] = this.epoch'),
  mistake('a value changes under a snapshot: encode-first is dropped', 'B7', 'state/slot-column.ts', 'epochs.sealed !== 0 && this.dirty.covers(epochs, slot, page.ints[at]', 'epochs.sealed < 0 && this.dirty.covers(epochs, slot, page.ints[at]'),
  mistake('an entry of a map changes under a snapshot', 'B7', 'state/entry-column.ts', 'if (this.context.epochs.sealed !== 0 && this.coversEntry(entry)) this.encodeEntry(entry)', ''),
  mistake('a restored list forgets how much of it is durable', 'rules 1.5', 'state/list-column.ts', 'cell.base = cell.items.length', 'cell.base = 0'),
  mistake('timers are not in the snapshot', 'B9', 'state/heap-state.ts', 'if (column.encode(this.count)) this.column++', 'if (column instanceof TimerColumn || column.encode(this.count)) this.column++'),
  mistake('restored timers are not put into the queue', 'T2', 'state/timer-column.ts', 'this.enqueue(slot, after as number, before === undefined)', 'this.place.queue.count(slot, before === undefined ? 1 : 0)'),
  mistake('when a value expires is not stored', 'TT-6', 'state/slot-column.ts', 'if (this.expires) entries.out.f64((page.extra as Float64Array)[index] as number)', 'if (this.expires) entries.out.f64(Number.POSITIVE_INFINITY)'),
  mistake('what an aborted checkpoint held of the state is forgotten', 'rules 1.5 b', 'state/epochs.ts', 'abort(): void { this.sealed = 0 }', 'abort(): void { this.low = this.sealed + 1; this.sealed = 0 }'),
  mistake('a key group is off by one at restore', 'R3', 'checkpoint/restore-plan.ts', 'chainOf(part.runs, range)', 'chainOf(part.runs, { first: Math.min(range.first + 1, range.last), last: range.last })'),
  mistake('runs are restored newest first', 'rules 1.5', 'runtime/chunk-reader.ts', 'found.push({ blocks', 'found.unshift({ blocks'),
  mistake('merging drops the deletions of a delta', 'rules 1.5 e', 'state/merge.ts', 'return cleared.find(piece) < 0 && entries.add(piece) && !base', 'return cleared.find(piece) < 0 && entries.add(piece) && piece < 0'),
  mistake('merging keeps the first value, not the last', 'rules 1.5 e', 'state/merge.ts', 'for (let piece = pieces.length - 1; piece >= 0; piece--) if (isKept(piece)) kept.push(piece)', 'for (let piece = 0; piece < pieces.length; piece++) if (isKept(piece)) kept.unshift(piece)'),
  mistake('a merge is made a base although older runs exist', 'rules 1.5 e', 'checkpoint/compaction.ts', "if (merge.run?.level === 'base' && from > 0) return undefined", ''),
  mistake('the watermark is not restored', 'T1, T2', 'task/task-core.ts', 'time.watermark = from.watermark', ''),
  mistake('the checksum of a block of state is not looked at', 'level 9', 'state/chunk.ts', 'digest.crc32(own) !== block.crc32', 'false'),
  mistake('the checksum of an entry is not looked at', 'level 9', 'checkpoint/entry.ts', 'if (found.some((byte, i) => byte !== bytes[covered + i]))', 'if (found.length === 0)'),
]
