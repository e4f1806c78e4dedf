// What is made of the values of a window: the oracle hands the same functions to the engine's `process`.
import { fromTimer, modulo, watermarkText } from './fields.ts'
import type { TagOf, WindowBehaviour, WindowContext } from './handles.ts'
import { keyText } from './canonical.ts'
import { assertNever, type Row, type WindowSpec } from './program.ts'

export type WindowProcessSpec = Exclude<WindowSpec, { readonly kind: 'aggregate' }>

export function windowProcess(spec: WindowProcessSpec, tagOf: TagOf = (id) => ({ id })): WindowBehaviour {
  switch (spec.kind) {
    case 'ids': // one row with all ids in order
      return { onWindow: (context, values, out) => out.emit(rowOf(context, [...values])) }
    case 'each': // each value again: together they are what the window holds
      return {
        onWindow({ key }, values, out) {
          for (const value of values) out.emit({ ...value, by: keyText(key) })
        },
      }
    case 'some': // `size of the window mod modulo` rows: none, one or several
      return {
        onWindow(context, values, out) {
          const all = [...values]
          for (let part = modulo(all.length, spec.modulo); part > 0; part--) out.emit({ ...rowOf(context, all), part })
        },
      }
    case 'route': // windows whose size is divisible by `modulo` go to the tag
      return {
        onWindow(context, values, out) {
          const all = [...values]
          if (all.length % spec.modulo === 0) out.side(tagOf(spec.tag), rowOf(context, all))
          else out.emit(rowOf(context, all))
        },
      }
    case 'inspect': // with all that the context says of time; the clock only if asked for
      return {
        onWindow(context, values, out) {
          const clock: Row = spec.clock ? { now: context.now } : {}
          out.emit({ ...rowOf(context, [...values]), seen: { watermark: watermarkText(context.watermark), ...clock } })
        },
      }
    default:
      return assertNever(spec)
  }
}

/** The row of a window: the ids of its values in order, and how many they are. */
function rowOf({ key, window }: WindowContext, values: readonly Row[]): Row {
  const times: Row = window === undefined ? {} : { window: { start: window.start, end: window.end } }
  return fromTimer(key, null, { tag: 'window', ...times, value: values.length, ids: values.map((value) => value['id'] ?? null) })
}
