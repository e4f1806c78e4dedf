/** A cost that grows as a power of something: `cost = factor × size ^ exponent`. */
export interface PowerLaw {
  readonly exponent: number
  /** Share of the spread of the logarithms that the law explains. */
  readonly r2: number
}

/** Least squares on the logarithms: sizes that are spread evenly on their logarithm weigh alike. */
export function powerLaw(points: readonly (readonly [size: number, cost: number])[]): PowerLaw {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  const meanSize = mean(logs.map(([size]) => size))
  const meanCost = mean(logs.map(([, cost]) => cost))
  const together = sum(logs.map(([size, cost]) => (size - meanSize) * (cost - meanCost)))
  const ofSizes = sum(logs.map(([size]) => (size - meanSize) ** 2))
  const ofCosts = sum(logs.map(([, cost]) => (cost - meanCost) ** 2))
  return { exponent: together / ofSizes, r2: ofCosts === 0 ? 1 : together ** 2 / (ofSizes * ofCosts) }
}

/** Whole numbers from one to the other, `perDecade` a decade. */
export function decades(from: number, to: number, perDecade: number): readonly number[] {
  const steps = Math.round(Math.log10(to / from) * perDecade)
  return Array.from({ length: steps + 1 }, (_, i) => Math.round(from * 10 ** (i / perDecade)))
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
