/** What is done to a file, one thing at a time. Bits and lengths are all there are. */
export type Damage =
  | { readonly kind: 'bit'; readonly bit: number }
  | { readonly kind: 'truncated'; readonly length: number }
  | { readonly kind: 'grown' }
  | { readonly kind: 'missing' }
  /** Two files have each other's bytes. */
  | { readonly kind: 'swapped'; readonly with: string }

export function* damagesOf(size: number, neighbours: readonly string[]): Generator<Damage> {
  yield { kind: 'missing' }
  yield { kind: 'grown' }
  for (const neighbour of neighbours) yield { kind: 'swapped', with: neighbour }
  for (let length = 0; length < size; length++) yield { kind: 'truncated', length }
  for (let bit = 0; bit < 8 * size; bit++) yield { kind: 'bit', bit }
}

/** How many these are. */
export function countDamages(size: number, neighbours: readonly string[]): number {
  return 2 + neighbours.length + 9 * size
}

/** What the directory has in the place of the damaged files; undefined: nothing. */
export function damaged(files: ReadonlyMap<string, Uint8Array>, path: string, damage: Damage): ReadonlyMap<string, Uint8Array | undefined> {
  const bytes = files.get(path) as Uint8Array
  switch (damage.kind) {
    case 'bit': {
      const flipped = bytes.slice()
      flipped[damage.bit >> 3] = (flipped[damage.bit >> 3] as number) ^ (1 << (damage.bit & 7))
      return new Map([[path, flipped]])
    }
    case 'truncated':
      return new Map([[path, bytes.slice(0, damage.length)]])
    case 'grown':
      return new Map([[path, Uint8Array.of(...bytes, 0)]])
    case 'missing':
      return new Map([[path, undefined]])
    case 'swapped':
      return new Map([
        [path, files.get(damage.with)],
        [damage.with, bytes],
      ])
  }
}

export function damageText(damage: Damage): string {
  switch (damage.kind) {
    case 'bit':
      return `bit ${damage.bit} flipped`
    case 'truncated':
      return `cut to ${damage.length} bytes`
    case 'swapped':
      return `swapped with ${damage.with}`
    case 'grown':
    case 'missing':
      return damage.kind
  }
}
