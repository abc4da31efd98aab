/** Where MessagePack values begin and end, determined without the code under test, so that bytes can be compared. */

/** The offset after the value at `at`, or undefined if the bytes end inside it. */
export function endOfValue(bytes: Buffer, at: number): number | undefined {
  let pending = 1;
  while (pending > 0) {
    const head = headAt(bytes, at);
    if (head === undefined) return undefined;
    pending += head.values - 1;
    at = head.end;
  }
  return at <= bytes.length ? at : undefined;
}

/** The values inside the array at `at`, or the keys and values in turn of the map there, as subarrays. */
export function valuesIn(bytes: Buffer, at: number): Buffer[] {
  const head = headAt(bytes, at);
  const values: Buffer[] = [];
  let start = head?.end ?? 0;
  for (let left = head?.values ?? 0; left > 0; left--) {
    const end = endOfValue(bytes, start);
    if (end === undefined) throw new Error(`the value at byte ${start} is cut`);
    values.push(bytes.subarray(start, end));
    start = end;
  }
  return values;
}

/** The end of a value's header including its payload, and how many values follow as its members. */
function headAt(bytes: Buffer, at: number): { end: number; values: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const payload = (lengthBytes: number, extra = 0) =>
    at + 1 + lengthBytes <= bytes.length
      ? { end: at + 1 + lengthBytes + extra + bytes.readUIntBE(at + 1, lengthBytes), values: 0 }
      : undefined;
  const members = (lengthBytes: number, perMember: number) =>
    at + 1 + lengthBytes <= bytes.length
      ? { end: at + 1 + lengthBytes, values: perMember * bytes.readUIntBE(at + 1, lengthBytes) }
      : undefined;
  const fixed = (length: number) => ({ end: at + 1 + length, values: 0 });

  if (first < 0x80 || first >= 0xe0) return fixed(0);
  if (first < 0x90) return { end: at + 1, values: 2 * (first & 0x0f) };
  if (first < 0xa0) return { end: at + 1, values: first & 0x0f };
  if (first < 0xc0) return fixed(first & 0x1f);
  switch (first) {
    case 0xc4:
    case 0xd9:
      return payload(1);
    case 0xc5:
    case 0xda:
      return payload(2);
    case 0xc6:
    case 0xdb:
      return payload(4);
    case 0xc7:
      return payload(1, 1);
    case 0xc8:
      return payload(2, 1);
    case 0xc9:
      return payload(4, 1);
    case 0xcc:
    case 0xd0:
      return fixed(1);
    case 0xcd:
    case 0xd1:
      return fixed(2);
    case 0xca:
    case 0xce:
    case 0xd2:
      return fixed(4);
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return fixed(8);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return fixed(1 + 2 ** (first - 0xd4));
    case 0xdc:
      return members(2, 1);
    case 0xdd:
      return members(4, 1);
    case 0xde:
      return members(2, 2);
    case 0xdf:
      return members(4, 2);
    default:
      return fixed(0);
  }
}
