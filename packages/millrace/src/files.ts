/** The door `millrace/files`: jobs that read and write files. */
export { csv, type CsvField } from './connectors/csv.ts'
export { fileSink } from './connectors/file-sink.ts'
export { fileSource } from './connectors/file-source.ts'
export type { Format } from './connectors/format.ts'
export { jsonLines } from './connectors/json-lines.ts'
export { text } from './connectors/text.ts'
