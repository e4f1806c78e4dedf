/** A file of records, opened to be read forwards. */
export interface InputFile {
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Only known for sure when the end has been read. */
  sizeBytes(): Promise<number>
  close(): Promise<void>
}
