/** Frees the memory of bytes at once. Until it is collected it counts as memory of the thread, and V8 collects the whole heap
 * for a few megabytes or, if it does not notice them, too late. */

/** @param bytes that nothing refers to any more; empty afterwards */
export function free(bytes: Uint8Array<ArrayBuffer> | undefined): void {
  if (bytes !== undefined && !bytes.buffer.detached) bytes.buffer.transfer(0);
}

/** The same for bytes that may share a buffer with others: only if they are alone in it. */
export function freeAlone(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) free(bytes as Uint8Array<ArrayBuffer>);
}
