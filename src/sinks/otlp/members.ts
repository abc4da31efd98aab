/** Members of maps in MessagePack. */
import { isMapAt } from '../../codecs/fluent/log-event.ts';
import { decode } from '../../msgpack/decode.ts';
import { headerAt, pairs } from '../../msgpack/scan.ts';
import type { Span } from '../../record.ts';

/** The value of the last member of a name. */
export function lastIn(bytes: Uint8Array, map: Span, name: string): Span | undefined {
  const pair = pairs(bytes, map.start, map.end, name).at(-1);
  return pair && { start: pair.valueStart, end: pair.end };
}

/** The same if it is a map. */
export function mapIn(bytes: Uint8Array, map: Span, name: string): Span | undefined {
  const value = isMapAt(bytes, map) ? lastIn(bytes, map, name) : undefined;
  return value && isMapAt(bytes, value) ? value : undefined;
}

/** The content of a str or bin; undefined for anything else. */
export function contentAt(bytes: Uint8Array, { start, end }: Span): Uint8Array | undefined {
  const header = headerAt(bytes, start, end);
  return header?.kind === 'str' || header?.kind === 'bin' ? bytes.subarray(header.end, end) : undefined;
}

/** An integer from 0 on; undefined for anything else. */
export function naturalAt(bytes: Uint8Array, { start, end }: Span): bigint | undefined {
  const value = decode(bytes, start, end, { maxDepth: 0 });
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
  return isInteger && (value as number | bigint) >= 0 ? BigInt(value as number | bigint) : undefined;
}
