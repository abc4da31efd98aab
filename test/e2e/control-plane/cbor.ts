/** Encodes JSON values as CBOR (RFC 8949), as far as Kubernetes objects need it. */

/** Starts with the tag by which kube-apiserver knows CBOR: 55799, "self-described". */
export const cbor = (value: unknown): Buffer => Buffer.concat([Buffer.from([0xd9, 0xd9, 0xf7]), encode(value)]);

function encode(value: unknown): Buffer {
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'number') return head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  const members = Object.entries(value as object);
  return Buffer.concat([head(5, members.length), ...members.flat().map(encode)]);
}

/** @param count below 65,536 */
function head(majorType: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(majorType << 5) | count]);
  return Buffer.from([(majorType << 5) | 25, count >> 8, count & 0xff]);
}
