/** The second phase: the job runs, dies, and runs again; what happens is shown, and what must hold is checked. */
import type { Checks } from './checks.ts'
import { commandLine, type JobOptions } from './job-process.ts'
import { drawKillMoments, type Life, runWithKills, type Viewer } from './kills.ts'
import type { Prepared } from './prepare.ts'
import { dim, megabytes, percent, red, type Screen, seconds } from './screen.ts'

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
  const lives = await runWithKills(job, input.bytes, drawKillMoments(seed, kills), viewerOf(screen, input.bytes))
  checkLives(lives, kills, checks)
  return lives
}

/** An account row is as long as its input line, give or take some: so the input's size says how much is to come. */
function viewerOf(screen: Screen, expectedBytes: number): Viewer {
  return {
    working({ number, lastLine, ms }, committed) {
      const share = percent(Math.min(1, committed.bytes / expectedBytes))
      screen.live(`  ${label(number)} ${seconds(ms).padStart(7)}  ${share.padStart(4)} committed  ${dim(lastLine)}`)
    },
    continued(number, checkpoint) {
      screen.line(`  ${label(number)}          ${checkpoint === undefined ? 'begins' : `continues from checkpoint ${checkpoint}`}`)
    },
    ended({ number, ms, ending, committed, lines }) {
      const share = percent(Math.min(1, committed.bytes / expectedBytes))
      const at = `  ${label(number)} ${seconds(ms).padStart(7)}  ${share.padStart(4)} committed`
      const parts = `${megabytes(committed.bytes)} in ${committed.files} files, the newest of checkpoint ${committed.checkpoint ?? 'none'}`
      if ('signal' in ending) screen.line(`${at}  ${red(ending.signal)}  ${parts}`)
      else if (ending.code === 0) screen.line(`${at}  finished  ${parts}`)
      else {
        screen.line(`${at}  ${red(`ended with exit code ${ending.code}`)}; it said:`)
        for (const line of lines.slice(-20)) screen.line(`    ${line}`)
      }
    },
  }
}

const label = (number: number): string => `start ${number}`.padEnd(8)

function checkLives(lives: readonly Life[], kills: number, checks: Checks): void {
  const killed = lives.filter(({ ending }) => 'signal' in ending && ending.signal === 'SIGKILL').length
  checks.check(killed === kills, `killed ${killed} times with SIGKILL while it worked`, [`${kills} were planned`])
  const lost = lives.slice(1).filter((life, index) => !continuesAfter(lives[index]!, life))
  checks.check(
    lost.length === 0,
    `each of the ${lives.length - 1} restarts went on from a checkpoint that is at least as new as what was committed`,
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
