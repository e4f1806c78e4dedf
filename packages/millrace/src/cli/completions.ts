import { suggestionFor } from '../core/suggest.ts'
import { usage } from './arguments.ts'
import { bashScript } from './completions-bash.ts'
import { fishScript } from './completions-fish.ts'
import { zshScript } from './completions-zsh.ts'
import { shells, type Shell } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import type { World } from './world.ts'

const scripts: Readonly<Record<Shell, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** `millrace completions`: a script for a shell, made from the table of commands. */
export function completionsCommand(shell: string, { stdout }: World): number {
  const known = shells.find((each) => each === shell)
  if (known === undefined) {
    const near = suggestionFor(shell, shells)
    const hint = near === undefined ? `There are: ${shells.join(', ')}.` : `Did you mean ${near}?`
    throw usage(`There are no completions for '${shell}'. ${hint}`, 'completions')
  }
  stdout.write(scripts[known]())
  return exitCodes.ok.code
}
