/** What the demo claims, each as a line: it holds or it does not. */
import { green, red, type Screen } from './screen.ts'

export class Checks {
  passed = 0
  failed = 0
  readonly #screen: Screen

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** `claim` is what is shown in both cases; `detail` lines only when it does not hold. */
  check(holds: boolean, claim: string, detail: readonly string[] = []): void {
    if (holds) this.passed += 1
    else this.failed += 1
    this.#screen.line(`  ${holds ? green('ok    ') : red('FAILED')} ${claim}`)
    if (!holds) for (const line of detail) this.#screen.line(`           ${line}`)
  }
}
