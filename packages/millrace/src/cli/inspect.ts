import type { Values } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { jsonValue } from './format.ts'
import { inspectCheckpoint } from './inspect-data.ts'
import { inspectText } from './inspect-text.ts'
import { readCheckpoint } from './stored-checkpoint.ts'
import type { World } from './world.ts'

/** `millrace inspect`: what is inside a checkpoint. */
export async function inspectCommand(operand: string, values: Values, world: World): Promise<number> {
  const { env, stdout, stderr, paint } = world
  const report = await readCheckpoint(
    env,
    operand,
    ({ log, stored }) => inspectCheckpoint(env, log, stored),
    ({ damaged }) => damaged.length === 0,
  )
  stdout.write(values['json'] === true ? `${JSON.stringify(report, jsonValue, 2)}\n` : inspectText(report, env.clock.now()))
  // Damage elsewhere in the log concerns nobody who asked for this checkpoint; that of the newest entry is thrown above.
  for (const { message } of report.damaged) stderr.write(`${paint('red', 'damaged:')} ${message}\n`)
  return report.damaged.length > 0 ? exitCodes.refused.code : exitCodes.ok.code
}
