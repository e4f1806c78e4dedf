import type { SeededRandom } from '../connectors/seeded-random.ts'
import type { Links } from '../runtime/links.ts'
import type { Machine } from './machine.ts'
import type { SimulatedProcess } from './process.ts'

/** How long what is told travels: up to `usualMs`, and now and then up to `slowMs`. */
export interface LinkTempo {
  readonly usualMs: number
  readonly slow: number
  readonly slowMs: number
}

/** What came late, for whoever counts. */
export interface LinkTold {
  carried(isSlow: boolean): void
  /** LK2: its attempt had ended. */
  stale(): void
}

/** Links of one simulated process: in order on each (LK1), in any order between them. */
export function simulatedLinks(process: SimulatedProcess<Machine>, random: SeededRandom, tempo: LinkTempo, told: LinkTold): Links {
  const lastMs = new Map<string, number>()
  const { machine } = process
  return {
    carry(link, arrive, isStale) {
      const share = random.next()
      const isSlow = random.chance(tempo.slow)
      const ms = share * (isSlow ? tempo.slowMs : tempo.usualMs)
      const atMs = Math.max(machine.nowMs + ms, lastMs.get(link) ?? 0)
      lastMs.set(link, atMs)
      told.carried(isSlow)
      machine.schedule(process, { atMs, label: `link ${link}` }, () => {
        if (isStale()) told.stale()
        arrive()
      })
    },
  }
}
