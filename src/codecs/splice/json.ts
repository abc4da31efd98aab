/** Splices a member into the text of a JSON map, before its last brace. */

import { stringifyExactly } from '../../json/exact.ts';
import { membersNamed, wantsNoComma } from '../../json/scan.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Edit } from '../codec.ts';

const encoded = new WeakMap<object, { name: string; withComma: Uint8Array }>();

/** The edits that give a record its tag. */
export function spliceRecord(
  bytes: Uint8Array,
  { map, outline }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
): Edit[] {
  if (outline === undefined) return spliceMember(bytes, map, name, tag);
  const brace = map.end - 1;
  return [{ start: brace, end: brace, insert: encodedMember(name, tag) }];
}

/** The edits that set a member of a map. Members that have the key already give way: the last one in place, the others
 * are taken out with the comma behind them.
 * @param map a span that endOfValue has delimited
 * @param value is encoded once and must not change: the clear records of a batch share one tag */
export function spliceMember(bytes: Uint8Array, map: Span, name: string, value: object): Edit[] {
  const withComma = encodedMember(name, value);
  const bare = withComma.subarray(1);
  const existing = membersNamed(bytes, map.start, map.end, name);
  const last = existing.pop();
  if (last === undefined) {
    const brace = map.end - 1;
    return [{ start: brace, end: brace, insert: wantsNoComma(bytes, map.end) ? bare : withComma }];
  }
  const edits: Edit[] = existing.map(({ start, next }) => ({ start, end: next, insert: new Uint8Array() }));
  edits.push({ start: last.start, end: last.end, insert: bare });
  return edits;
}

function encodedMember(name: string, value: object): Uint8Array {
  const cached = encoded.get(value);
  if (cached?.name === name) return cached.withComma;
  const withComma = Buffer.from(`,${JSON.stringify(name)}:${stringifyExactly(value)}`);
  encoded.set(value, { name, withComma });
  return withComma;
}
