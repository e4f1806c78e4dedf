import { readFileSync } from 'node:fs'
import { parseCommandLine, type Request } from './arguments.ts'
import { colourWish } from './colour.ts'
import { errorText } from './error-text.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { commandHelp, generalHelp } from './help.ts'
import { processWorld, type World } from './world.ts'

/**
 * The `millrace` command. Resolves to the exit code once all is done; never rejects.
 * @param args without Node and the script
 */
export async function main(args: readonly string[], world: World = processWorld(colourWish(args))): Promise<number> {
  try {
    if (args.length === 0) {
      world.stderr.write(generalHelp())
      return exitCodes.usage.code
    }
    return await perform(parseCommandLine(args), world)
  } catch (error) {
    world.stderr.write(errorText(error, world))
    return exitCodeOf(error)
  }
}

async function perform(request: Request, world: World): Promise<number> {
  switch (request.kind) {
    case 'help':
      world.stdout.write(request.command === undefined ? generalHelp() : commandHelp(request.command))
      return exitCodes.ok.code
    case 'version':
      world.stdout.write(`millrace ${version()} (Node ${process.versions.node})\n`)
      return exitCodes.ok.code
    case 'command':
      return await performCommand(request, world)
  }
}

/** Each command loads what it needs: help is there at once. */
async function performCommand({ name, operands, values }: Extract<Request, { kind: 'command' }>, world: World): Promise<number> {
  // Required operands are there: parseCommandLine has seen to that.
  const operand = operands[0] as string
  switch (name) {
    case 'run': {
      const { runCommand } = await import('./run.ts')
      return await ending(runCommand(operand, values, world), world)
    }
    case 'explain': {
      const { explainCommand } = await import('./explain.ts')
      return await ending(explainCommand(operand, values, world), world)
    }
    case 'checkpoints': {
      const { checkpointsCommand } = await import('./checkpoints.ts')
      return await checkpointsCommand(operand, values, world)
    }
    case 'inspect': {
      const { inspectCommand } = await import('./inspect.ts')
      return await inspectCommand(operand, values, world)
    }
    case 'completions': {
      const { completionsCommand } = await import('./completions.ts')
      return completionsCommand(operand, world)
    }
    case 'state': {
      const { stateCommand } = await import('./state.ts')
      return await stateCommand({ checkpoint: operand, step: operands[1] as string, key: operands[2] }, values, world)
    }
  }
}

/** After a user's module was loaded: what it has opened and not closed must not keep the command from ending. */
async function ending(command: Promise<number>, world: World): Promise<number> {
  try {
    const code = await command
    world.exitSoon(code)
    return code
  } catch (error) {
    world.exitSoon(exitCodeOf(error))
    throw error
  }
}

/** Of the package that this file is part of: src/cli or dist/cli. */
function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return found
}
