/** Splices a member into the text of a JSON map, before its last brace. */

import { stringifyExactly } from '../../json/exact.ts';
import { membersNamed, wantsNoComma } from '../../json/scan.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Edit } from '../codec.ts';
import { encodedOnce } from './encoded.ts';

/** Adds the edit that gives a record its tag. */
export function spliceRecord(
  bytes: Uint8Array,
  { map, outline }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
  edits: Edit[],
): void {
  const withComma = encodedMember(name, tag);
  if (outline === undefined) {
    spliceMember(bytes, map, name, withComma, edits);
  } else {
    const brace = map.end - 1;
    edits.push({ start: brace, end: brace, insert: withComma });
  }
}

/** Sets a member of a map. Existing members with the key are replaced: the last one in place, the others are removed with the
 * comma after them.
 * @param map a span that endOfValue has delimited
 * @param withComma the member, with a comma before it */
function spliceMember(bytes: Uint8Array, map: Span, name: string, withComma: Uint8Array, edits: Edit[]): void {
  const bare = withComma.subarray(1);
  const existing = membersNamed(bytes, map.start, map.end, name);
  const last = existing.pop();
  for (const { start, next } of existing) edits.push({ start, end: next, insert: nothing });
  if (last !== undefined) {
    edits.push({ start: last.start, end: last.end, insert: bare });
  } else {
    const brace = map.end - 1;
    edits.push({ start: brace, end: brace, insert: wantsNoComma(bytes, map.end) ? bare : withComma });
  }
}

const nothing = new Uint8Array();

const encodedMember = encodedOnce((name, value) => Buffer.from(`,${JSON.stringify(name)}:${stringifyExactly(value)}`));
