import { getRandomValues } from 'node:crypto'
import type { Random } from '../core/env.ts'

/** From the system's generator, a page at a time: one call of it for each number would cost a microsecond. */
export const nodeRandom: Random = {
  next: () => (word() >>> 5) / 2 ** 27 + (word() >>> 6) / 2 ** 53,
  id: () => hex(word()) + hex(word()),
}

const page = new Uint32Array(256)
let used = page.length

function word(): number {
  if (used === page.length) {
    getRandomValues(page)
    used = 0
  }
  const value = page[used] as number
  page[used++] = 0
  return value
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
