/**
 * Batches as columns, for records on their way between threads and processes.
 *
 *     batch        count, timestamps, column of the records
 *     timestamps   0 = no record has one; 1 = f64 each, NaN = none
 *     column       type (+ 128: a null map follows), null map, the values that are neither null nor undefined
 *     null map     2 bits a row, the lowest first: 0 value, 1 null, 2 undefined
 *
 *      0 no values               1 i32          2 f64      3 boolean (u8)     4 bigint of 64 bits     5 Date (f64 ms)
 *      6 text: heap, lengths     7 dictionary: count, texts as in 6, an index a row (u8 up to 256 texts, else u16)
 *      8 bytes: lengths, bytes   9 list: lengths, column of all elements
 *     10 objects: count of shapes, their names; u8 shape of each row if there are several; for each shape the columns of its fields
 *     11 anything else: one tagged value a row, as in value.ts
 *
 * STATE FORMAT: of frames, which do not outlive a run.
 */
export const NO_VALUES = 0
export const I32 = 1
export const F64 = 2
export const BOOLEAN = 3
export const BIGINT_64 = 4
export const DATE = 5
export const TEXT = 6
export const DICTIONARY = 7
export const BYTES = 8
export const LIST = 9
export const OBJECTS = 10
export const TAGGED = 11
export const WITH_NULLS = 128

/** Shapes in one column of objects; with more, the rows are written as tagged values. */
export const MAX_COLUMN_SHAPES = 32
/** Fields in a shape that is written as columns. */
export const MAX_COLUMN_FIELDS = 1024
/** Objects and lists within each other that are written as columns; what is deeper is written as tagged values. */
export const MAX_COLUMN_DEPTH = 8
/** Records in one batch. */
export const MAX_BATCH_RECORDS = 1_048_576
