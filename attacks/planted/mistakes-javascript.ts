import { mistake, type Mistake } from './mistake.ts'

/** What JavaScript and Node do in their own way (J1 to J20). */
export const javascriptMistakes: readonly Mistake[] = [
  mistake(
    'whole numbers beyond 31 bits are cut',
    'J1',
    'serde/bytes.ts',
    'if (value >= -0x40000000 && value < 0x40000000) return this.varint',
    'if (Number.isSafeInteger(value)) return this.varint',
    'state',
  ),
  mistake(
    'a lone surrogate is written as UTF-8, which has none',
    'J2',
    'serde/text.ts',
    'if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return -1',
    'if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) { bytes += 3; continue }',
    'state',
  ),
  mistake(
    'a value of -0 comes back as 0',
    'J3',
    'serde/value.ts',
    'if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {',
    'if (Number.isSafeInteger(value)) {',
    'state',
  ),
  mistake('a Date comes back as a number', 'J5', 'serde/value.ts', 'return new Date(reader.f64())', 'return reader.f64()', 'state'),
  mistake(
    'a field called __proto__ is assigned when it is read',
    'J7',
    'serde/shape.ts',
    'if (name in Object.prototype) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })',
    "if (name === '') Object.defineProperty(object, name, { value })",
    'state',
  ),
  mistake(
    'a process that the job itself ends has the exit code of success',
    'J8',
    'cli/world.ts',
    "process.exitCode = handler({ kind: 'exit', code })",
    'process.exitCode = code',
    'hostile: exit',
  ),
  mistake(
    'a handler of the job hides an error that reaches nobody',
    'J9',
    'cli/world.ts',
    "process.on('uncaughtException', uncaught) process.on('unhandledRejection', uncaught)",
    '',
    'hostile: uncaught',
  ),
]
