/** The name of a created object, as a body has it. */
import { NONE, UNCLEAR } from '../outline/find-member.ts';
import { CLOSE_BRACE, COMMA, MAX_LEVELS, skipSpace, skipString, skipValue } from '../outline/json-syntax.ts';
import type { Layout } from './notation.ts';

const METADATA = Buffer.from('metadata');
const METADATA_IN_JSON = Buffer.from('"metadata"');
const ESCAPE = Buffer.from('\\u');
const NAME = Buffer.from('name');
const GENERATE_NAME = Buffer.from('generateName');

interface Span {
  start: number;
  end: number;
}

/** Where the name lies that normalizing the record finds, `none` if it finds none, or `unusual` if only parsing can show it.
 * @param bodies offsets of the spans of the response and of the request */
export function createdName(
  layout: Layout,
  bytes: Uint8Array,
  view: DataView,
  spans: Int32Array,
  bodies: readonly number[],
): Span | 'none' | 'unusual' {
  for (const body of bodies) {
    const start = spans[body]!;
    if (start === -1) continue;
    const metadata = findMetadata(layout, bytes, view, start, spans[body + 1]!);
    if (metadata === NONE) continue;
    if (metadata < 0 || !layout.isMap(bytes[metadata]!)) return 'unusual';
    const name = layout.find(bytes, view, metadata, NAME);
    if (name !== NONE) return (name < 0 ? undefined : layout.textAt(bytes, view, name)) ?? 'unusual';
    // A generated name that no body has is known by its prefix.
    if (layout.find(bytes, view, metadata, GENERATE_NAME) !== NONE) return 'unusual';
  }
  return 'none';
}

/** Same as `find` of the layout, but does not step over the rest of a body in which the key does not occur again to see that
 * there is no other such member. */
function findMetadata(layout: Layout, bytes: Uint8Array, view: DataView, start: number, end: number): number {
  if (layout.hasEscapes) {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const at = body.indexOf(METADATA_IN_JSON);
    if (body.indexOf(ESCAPE) === -1 && body.indexOf(METADATA_IN_JSON, at + 1) === -1) {
      return at === -1 ? NONE : valueOfKeyAt(bytes, view, start, start + at);
    }
  }
  return layout.find(bytes, view, start, METADATA);
}

/** The offset of the value of the key at an offset, or NONE if no key of the map stands there.
 * @param start of the map */
function valueOfKeyAt(bytes: Uint8Array, view: DataView, start: number, key: number): number {
  let at = skipSpace(bytes, start + 1);
  while (at <= key && bytes[at] !== CLOSE_BRACE) {
    const value = skipSpace(bytes, skipSpace(bytes, skipString(bytes, view, at)) + 1);
    if (at === key) return value;
    const after = skipValue(bytes, view, value, MAX_LEVELS);
    if (after === -1) return UNCLEAR;
    at = skipSpace(bytes, after);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return NONE;
}
