/** The second phase: the job runs, dies, and runs again; what happens is shown, and what must hold is checked. */
import type { Checks } from './checks.ts'
import { commandLine, type JobOptions } from './job-process.ts'
import { drawKillMoments, type Life, type Progress, runWithKills, type Viewer } from './kills.ts'
import type { Prepared } from './prepare.ts'
import { count, dim, green, percent, red, type Screen, seconds } from './screen.ts'

export interface RunPhase {
  readonly screen: Screen
  readonly checks: Checks
  readonly job: JobOptions
  readonly input: Prepared
  readonly seed: number
  readonly kills: number
}

export async function runPhase({ screen, checks, job, input, seed, kills }: RunPhase): Promise<readonly Life[]> {
  screen.line(dim(`  ${commandLine(job)}`))
  screen.line(dim('                   what has been committed so far'))
  const lives = await runWithKills(job, input.flights, drawKillMoments(seed, kills), viewerOf(screen, input.flights))
  checkLives(lives, kills, checks)
  return lives
}

function viewerOf(screen: Screen, flights: number): Viewer {
  const head = (number: number, ms: number, { rows }: Progress): string =>
    `  ${label(number)}${seconds(ms).padStart(7)}${percent(rows / flights).padStart(5)}`
  let first = { number: 0, ms: 0, rows: 0 } // when this start began to commit
  let from = -1 // what the start before it had done is committed first
  return {
    working({ number, ms }, committed) {
      const isOwn = number === first.number && (committed.checkpoint ?? -1) > from
      if (!isOwn || committed.rows === first.rows) first = { number, ms, rows: committed.rows }
      const rate = (committed.rows - first.rows) / ((ms - first.ms) / 1_000)
      const speed = rate > 0 ? `  ${count(rate)}/s` : ''
      screen.live(`${head(number, ms, committed)}  ${progress(committed)}${dim(speed)}`)
    },
    continued(number, checkpoint) {
      from = checkpoint
      screen.line(`  ${label(number)}${''.padEnd(14)}goes on from checkpoint ${checkpoint}`)
    },
    ended({ number, ms, ending, committed, lines }) {
      const line = `${head(number, ms, committed)}  ${progress(committed)}`
      if ('signal' in ending) return screen.line(`${line}  ${red(ending.signal)}`)
      if (ending.code === 0) return screen.line(`${line}  ${green('finished')}`)
      screen.line(`${line}  ${red(`exit code ${ending.code}`)}; it said:`)
      for (const said of lines.slice(-20)) screen.line(`    ${said}`)
    },
  }
}

const progress = ({ rows, late, checkpoint }: Progress): string =>
  checkpoint === undefined ? 'nothing yet' : `checkpoint ${checkpoint}: ${count(rows)} flights, ${count(late)} late`

const label = (number: number): string => `start ${number}`.padEnd(8)

function checkLives(lives: readonly Life[], kills: number, checks: Checks): void {
  const killed = lives.filter(({ ending }) => 'signal' in ending && ending.signal === 'SIGKILL').length
  checks.check(killed === kills, `killed ${killed} times with SIGKILL while it worked`, [`${kills} were planned`])
  const lost = lives.slice(1).filter((life, index) => !continuesAfter(lives[index]!, life))
  checks.check(
    lost.length === 0,
    `each of the ${lives.length - 1} restarts went on from what was committed, or later`,
    lost.map(
      ({ number, from }) =>
        `start ${number} went on from ${from ?? 'nothing'}, start ${number - 1} had committed ${lives[number - 2]?.committed.checkpoint}`,
    ),
  )
  const last = lives.at(-1)?.ending
  checks.check(last !== undefined && 'code' in last && last.code === 0, 'the job has finished with exit code 0')
}

function continuesAfter(before: Life, life: Life): boolean {
  const committed = before.committed.checkpoint
  return committed === undefined || (life.from !== undefined && life.from >= committed)
}
