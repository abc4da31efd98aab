/** Parts of a message of Fluent Forward, which endOfValue has delimited. */
import { endOfValue, headerAt } from '../msgpack/scan.ts';
import type { Span } from '../record.ts';

/** No message of the protocol has more. */
const MOST_ITEMS = 6;

/** The items of a message that is an array; none if it is not an array, or has more than any message of the protocol. */
export function itemsOf(message: Uint8Array): Span[] {
  const header = headerAt(message, 0, message.length);
  const items: Span[] = [];
  if (header?.kind !== 'array' || header.length > MOST_ITEMS) return items;
  let start = header.end;
  for (let i = 0; i < header.length; i++) {
    const end = endOfValue(message, start, message.length) as number;
    items.push({ start, end });
    start = end;
  }
  return items;
}

/** The bytes of a text, str or bin. Nonces and salts are random bytes that Fluent Bit sends as str: never UTF-8. */
export function textOf(message: Uint8Array, item: Span | undefined): Buffer | undefined {
  const header = item && headerAt(message, item.start, item.end);
  if (header?.kind !== 'str' && header?.kind !== 'bin') return undefined;
  return Buffer.from(message.subarray(header.end, header.end + header.length));
}
