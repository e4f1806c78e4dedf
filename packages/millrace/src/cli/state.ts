import type { Values } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { jsonValue } from './format.ts'
import { keyOf } from './key-argument.ts'
import { countOf } from './run-options.ts'
import { StoredStep, type ContentReport, type KeyReport } from './state-data.ts'
import { keyText, stepText } from './state-text.ts'
import { readCheckpoint } from './stored-checkpoint.ts'
import { valueData } from './value-text.ts'
import type { World } from './world.ts'

export interface StateOperands {
  readonly checkpoint: string
  readonly step: string
  readonly key: string | undefined
}

/** Keys, or entries of one key. */
const DEFAULT_LIMIT = 20

/** `millrace state`: what a step keeps for a key, or which keys it has. */
export async function stateCommand(operands: StateOperands, values: Values, world: World): Promise<number> {
  const { env, stdout } = world
  const given = countOf(values, 'limit', 'state')
  const isJson = values['json'] === true
  const text = operands.key
  if (text === undefined) {
    const report = await readCheckpoint(env, operands.checkpoint, (opened) =>
      new StoredStep(env, opened, operands.step).ofAll(given ?? DEFAULT_LIMIT),
    )
    const data = { ...report, largest: report.largest.map((size) => ({ ...size, key: valueData(size.key) })) }
    stdout.write(isJson ? jsonText(data) : stepText(report, env.clock.now()))
  } else {
    const key = keyOf(text, values['text'] === true)
    const report = await readCheckpoint(env, operands.checkpoint, (opened) => new StoredStep(env, opened, operands.step).ofKey(key, text))
    // A script gets all, unless it says how much it wants.
    if (isJson) stdout.write(jsonText(keyData(report, given ?? Number.POSITIVE_INFINITY)))
    else stdout.write(keyText(report, { nowMs: env.clock.now(), limit: given ?? DEFAULT_LIMIT }))
  }
  return exitCodes.ok.code
}

function jsonText(data: unknown): string {
  return `${JSON.stringify(data, jsonValue, 2)}\n`
}

function keyData(report: KeyReport, limit: number): unknown {
  return {
    ...report,
    key: valueData(report.key),
    states: report.states.map((state) => ({ ...state, contents: state.contents.map((content) => contentData(content, limit)) })),
  }
}

/** `window` and `expiresAtMs` only where there is one. */
function contentData({ window, content }: ContentReport, limit: number): unknown {
  const where = window === undefined ? {} : { window }
  const stored = ({ value, expiry }: { readonly value: unknown; readonly expiry: number }): unknown => ({
    value: valueData(value),
    ...(expiry === Number.POSITIVE_INFINITY ? {} : { expiresAtMs: expiry }),
  })
  switch (content.form) {
    case 'one':
      return { ...where, ...(stored(content) as object) }
    case 'list':
      return { ...where, count: content.elements.length, elements: content.elements.slice(0, limit).map(stored) }
    case 'entries':
      return {
        ...where,
        count: content.entries.length,
        entries: content.entries
          .slice(0, limit)
          .map((entry) => (entry.value === undefined ? valueData(entry.key) : { key: valueData(entry.key), ...(stored(entry) as object) })),
      }
  }
}
