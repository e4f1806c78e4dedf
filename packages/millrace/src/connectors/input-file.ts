/** A file of records, opened to be read forwards. */
export interface InputFile {
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Only known for sure when the end has been read. */
  sizeBytes(): Promise<number>
  /** Of a compressed file what lies on the disk, once the end has been read; undefined for any other. */
  packed(): PackedEnd | undefined
  close(): Promise<void>
}

/** The length of a compressed file, and length and checksum of its last bytes. */
export type PackedEnd = {
  readonly bytes: number
  readonly tailBytes: number
  readonly tailCrc32: number
}
