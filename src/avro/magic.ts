/** What an object container file begins with. */
export const MAGIC: Uint8Array = Buffer.from('Obj\x01', 'latin1');
