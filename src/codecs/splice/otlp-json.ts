/** Splices an attribute into a LogRecord of OTLP in JSON, at the end of its attributes. */
import { anyValueOf } from '../../json/any-value.ts';
import { endOfValue, itemsOf, membersNamed, textOf, wantsNoComma } from '../../json/scan.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Edit } from '../codec.ts';
import { encodedOnce } from './encoded.ts';

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Adds the edits that give a record its tag. Existing attributes with the key are replaced: the last one in place, the
 * others are removed. A record without a list of attributes gets one. */
export function spliceRecord(
  bytes: Uint8Array,
  { map }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
  edits: Edit[],
): void {
  const withComma = encodedAttribute(name, tag);
  const bare = withComma.subarray(1);
  const attributes = membersNamed(bytes, map.start, map.end, 'attributes').at(-1);
  const list = attributes && listAt(bytes, { start: attributes.valueStart, end: attributes.end });
  if (list === undefined) {
    const brace = map.end - 1;
    const comma = wantsNoComma(bytes, map.end) ? nothing : COMMA;
    edits.push({ start: brace, end: brace, insert: Buffer.concat([comma, OPEN_LIST, bare, CLOSE_LIST]) });
    return;
  }
  const existing = itemsOf(bytes, list.start, list.end).filter((item) => hasKey(bytes, item, name));
  const last = existing.pop();
  for (const { start, next } of existing) edits.push({ start, end: next, insert: nothing });
  if (last !== undefined) {
    edits.push({ start: last.start, end: last.end, insert: bare });
  } else {
    const bracket = list.end - 1;
    edits.push({ start: bracket, end: bracket, insert: wantsNoComma(bytes, list.end) ? bare : withComma });
  }
}

/** The value if it is a list with nothing after it. */
function listAt(bytes: Uint8Array, value: Span): Span | undefined {
  const { start, end } = value;
  return bytes[start] === OPEN_BRACKET && endOfValue(bytes, start, end, 0) === end ? value : undefined;
}

/** Whether a KeyValue has a key. */
function hasKey(bytes: Uint8Array, { start, end }: Span, name: string): boolean {
  if (bytes[start] !== OPEN_BRACE || endOfValue(bytes, start, end, 0) !== end) return false;
  const key = membersNamed(bytes, start, end, 'key').at(-1);
  if (key === undefined) return name === '';
  try {
    return JSON.parse(textOf(bytes, key.valueStart, key.end)) === name;
  } catch {
    return false;
  }
}

const nothing = new Uint8Array();
const COMMA = Buffer.from(',');
const OPEN_LIST = Buffer.from('"attributes":[');
const CLOSE_LIST = Buffer.from(']');

const encodedAttribute = encodedOnce((name, value) =>
  Buffer.from(`,${JSON.stringify({ key: name, value: anyValueOf(value) })}`),
);
