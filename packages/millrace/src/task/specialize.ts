/**
 * The only file that may turn text into code (rules 1.11). The text is the source of one of the engine's own templates plus an
 * integer; user functions are arguments.
 *
 * V8 keeps the feedback of a function by its place in a source, so all closures of one template share it and become
 * megamorphic in a real job. A copy of the source per operator keeps them apart: 2 to 4 times faster chains (bench chain).
 */
import type { Specialize } from '../operator/contract.ts'

/** Which operator a copy was made for: `millrace-op-17` in a stack trace leads back to its address. */
export interface Specializer {
  readonly specialize: (address: string) => Specialize
  /** The address of the innermost operator that was running when the error was thrown, if its stack tells. */
  addressOf(error: unknown): string | undefined
}

let made = 0

/** `generate: false` calls the templates themselves, as everywhere where code generation from strings is forbidden. */
export function createSpecializer(options: { readonly generate: boolean }): Specializer {
  const addresses = new Map<number, string>()
  const generate = options.generate && canGenerate()
  return {
    specialize:
      (address) =>
      (template, ...args) => {
        if (!generate) return template(...args)
        const number = made++
        addresses.set(number, address)
        const copy = new Function(`return (${template.toString()})\n//# sourceURL=millrace-op-${number}`)() as typeof template
        return copy(...args)
      },
    addressOf(error) {
      const found = error instanceof Error && typeof error.stack === 'string' ? /millrace-op-(\d+)/.exec(error.stack) : null
      return found === null ? undefined : addresses.get(Number(found[1]))
    },
  }
}

function canGenerate(): boolean {
  try {
    return new Function('return 1')() === 1
  } catch {
    return false
  }
}
