/** Frees memory of bytes at once. Until it is collected it counts as that of the thread, and V8 collects the whole heap for
 * the sake of some megabytes, or, where it does not look, too late. */

/** @param bytes that nothing refers to any more; none of them are left */
export function free(bytes: Uint8Array<ArrayBuffer> | undefined): void {
  if (bytes !== undefined && !bytes.buffer.detached) bytes.buffer.transfer(0);
}

/** The same for bytes that may lie in the memory of others: if they are alone there. */
export function freeAlone(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) free(bytes as Uint8Array<ArrayBuffer>);
}
