/** The bytes of a file or of stdin, in the pieces in which they come. */
export type Chunks = AsyncIterable<Uint8Array>;
