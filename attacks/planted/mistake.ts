/** A mistake as data: what text is put in the place of what, and which attack has to notice. */
export interface Edit {
  /** Below packages/millrace/src. */
  readonly file: string
  /** Must be there exactly once; how lines are broken does not matter. */
  readonly find: string
  readonly replace: string
}
export interface Mistake {
  readonly name: string
  /** Rows of correctness.md or rules of rules.md. */
  readonly like: string
  readonly edits: readonly Edit[]
  /** Without it `sim`. */
  readonly cut?: CutName
}

/** Short runs of attacks. All of them are green without a mistake, at the same seeds. */
export const cuts = {
  sim: (seed: number) => ['sim', '--seed', String(seed), '--seeds', '120', '--first', '1'],
} as const satisfies Record<string, (seed: number) => string[]>

export type CutName = keyof typeof cuts

export function mistake(name: string, like: string, file: string, find: string, replace: string, cut?: CutName): Mistake {
  return { name, like, edits: [{ file, find, replace }], ...(cut === undefined ? {} : { cut }) }
}
