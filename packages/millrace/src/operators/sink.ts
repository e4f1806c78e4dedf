import type { Plain, Writer } from '../connect/contract.ts'
import type { Emit, Gate, Operator, Specialize } from '../operator/contract.ts'

/** Records that a writer was given. */
export interface Written {
  records: number
}

function template(writer: Writer<unknown, Plain, Plain>, written: Written, gate: Gate, whenFull: () => void): Emit {
  return (value, timestamp) => {
    written.records++
    if (!writer.write(value, timestamp === timestamp ? timestamp : undefined)) {
      gate.isClosed = true
      whenFull()
    }
  }
}

/** Hands records to a writer; a full one closes the gate until it is ready. */
export function sinkOperator(
  specialize: Specialize,
  to: { readonly writer: Writer<unknown, Plain, Plain>; readonly written: Written },
  gate: Gate,
  whenFull: () => void,
): Operator {
  return { inputs: [specialize(template, to.writer, to.written, gate, whenFull)] }
}
