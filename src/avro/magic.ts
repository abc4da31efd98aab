/** What an object container file begins with. */
export const MAGIC: Uint8Array = Buffer.from('Obj\x01', 'latin1');
/** Length of the mark at the end of each block. */
export const SYNC_BYTES = 16;
