import type { Plain, Writer } from '../connect/contract.ts'
import type { Emit, Gate, Operator, Specialize } from '../operator/contract.ts'

function template(writer: Writer<unknown, Plain, Plain>, gate: Gate, whenFull: () => void): Emit {
  return (value, timestamp) => {
    if (!writer.write(value, timestamp === timestamp ? timestamp : undefined)) {
      gate.isClosed = true
      whenFull()
    }
  }
}

/** Hands records to a writer; a full one closes the gate until it is ready. */
export function sinkOperator(specialize: Specialize, writer: Writer<unknown, Plain, Plain>, gate: Gate, whenFull: () => void): Operator {
  return { inputs: [specialize(template, writer, gate, whenFull)] }
}
