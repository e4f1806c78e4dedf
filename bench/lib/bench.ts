/** One measured figure; with a goal it counts as passed or failed. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly digits?: number
  readonly goal?: number
  /** The goal is an upper bound. */
  readonly atMost?: boolean
}
export interface Bench {
  readonly question: string
  run(args: readonly string[]): Promise<readonly Figure[]>
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/** CPU time of this process (all threads), ms. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/**
 * Runs all variants in turn, `rounds` times, so that a drift of the machine hits them alike.
 * @returns for each variant what `measure` gave in each round
 */
export async function interleaved<N extends string>(
  rounds: number,
  variants: Readonly<Record<N, () => Promise<number> | number>>,
): Promise<Record<N, number[]>> {
  const results = Object.fromEntries(Object.keys(variants).map((name) => [name, [] as number[]])) as Record<N, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(variants) as [N, () => Promise<number> | number][]) {
      results[name].push(await measure())
      process.stdout.write('.')
    }
  }
  process.stdout.write('\n')
  return results
}

/** Ratios of two variants round by round. */
export function ratio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] as number)))
}
