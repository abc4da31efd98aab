/** JSON as Fluent Bit posts it: one array of records (format json), or records one after the other without a separator
 * (format json_stream); both come as application/json. */
import { skipByteOrderMark, skipSpace } from '../json/scan.ts';
import type { Outlines } from '../outline/outlines.ts';
import { Problem } from '../problem.ts';
import type { LogRecord } from '../record.ts';
import type { Codec, DecodeLimits } from './codec.ts';
import { frameArray, readMap, recordFinder, selectFromArray } from './records/json.ts';
import { spliceRecord } from './splice/json.ts';

const OPEN_BRACKET = 0x5b;

/** The items of top-level arrays and all other top-level values are records. If the body breaks, its rest is one
 * record of kind `other`; an array that is cut between two items leaves an empty one. */
export const json: Codec = {
  name: 'json',
  notation: 'json',
  mediaTypes: ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
  decode,
  read: readMap,
  splice: spliceRecord,
  frame: frameArray,
  select: selectFromArray,
};

function decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[] {
  const end = bytes.length;
  let at = skipSpace(bytes, skipByteOrderMark(bytes), end);
  if (at === end) throw new Problem('body.empty', `${end} bytes, none of them JSON`);
  const found = recordFinder(bytes, limits, outlines);
  while (at < end) {
    const after = bytes[at] === OPEN_BRACKET ? found.items(at) : found.value(at);
    if (typeof after !== 'number') {
      found.rest(after);
      break;
    }
    at = skipSpace(bytes, after, end);
  }
  return found.records;
}
