/** JSON in which the records are the items of a list in a map: `{"kind":"EventList","items":[{…},{…}]}`. */
import { endOfMember, endOfString, endOfToken, type Fault, isKey, skipByteOrderMark, skipSpace } from '../json/scan.ts';
import type { Outlines } from '../outline/outlines.ts';
import { Problem } from '../problem.ts';
import type { LogRecord } from '../record.ts';
import type { Codec, DecodeLimits } from './codec.ts';
import { frameArray, type RecordFinder, readMap, recordFinder, selectFromArray } from './records/json.ts';
import { spliceRecord } from './splice/json.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The kube-apiserver's audit webhook. Its items have no apiVersion and kind, and do not need them to be recognized. */
export const eventList = itemsCodec('event_list', 'items');
/** Amazon Data Firehose: each item has its data in base64. */
export const firehose = itemsCodec('firehose', 'records');

/** Each item of the list is a record with a tag of its own, and what lies around the items stays as it was. If the key occurs
 * more than once, the items of each list are records: no reader is certain to use the same one.
 *
 * In all other respects it is `json`: a map without such a list is one record, and so is each item of an array. What is
 * framed is an array of the records alone, so that what has the media type of JSON can be read as JSON. */
function itemsCodec(name: string, key: string): Codec {
  const spelling = Buffer.from(JSON.stringify(key).slice(1, -1));

  function decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[] {
    const end = bytes.length;
    let at = skipSpace(bytes, skipByteOrderMark(bytes), end);
    if (at === end) throw new Problem('body.empty', `${end} bytes, none of them JSON`);
    const found = recordFinder(bytes, limits, outlines);
    while (at < end) {
      const after = valueAt(bytes, at, found);
      if (typeof after !== 'number') {
        found.rest(after);
        break;
      }
      at = skipSpace(bytes, after, end);
    }
    return found.records;
  }

  function valueAt(bytes: Uint8Array, at: number, found: RecordFinder): number | Fault {
    if (bytes[at] === OPEN_BRACKET) return found.items(at);
    return (bytes[at] === OPEN_BRACE ? listsIn(bytes, at, found) : undefined) ?? found.value(at);
  }

  /** Adds the items of the lists in the map at an offset as records. Returns the offset after the map; undefined if it has no
   * such list. */
  function listsIn(bytes: Uint8Array, open: number, found: RecordFinder): number | Fault | undefined {
    const end = bytes.length;
    let isFound = false;
    let at = skipSpace(bytes, open + 1, end);
    while (at < end) {
      const keyEnd = bytes[at] === QUOTE ? endOfString(bytes, at, end) : endOfToken(bytes, at, end);
      if (keyEnd === -1) break;
      const colon = skipSpace(bytes, keyEnd, end);
      let value = colon;
      if (bytes[colon] === COLON && isKey(bytes, at, keyEnd, spelling, key)) {
        value = skipSpace(bytes, colon + 1, end);
        if (bytes[value] === OPEN_BRACKET) {
          const after = found.items(value);
          if (typeof after !== 'number') return after;
          isFound = true;
          value = after;
        }
      }
      at = endOfMember(bytes, value, end);
      if (bytes[at] === CLOSE_BRACE) return isFound ? at + 1 : undefined;
      if (bytes[at] !== COMMA) break;
      at = skipSpace(bytes, at + 1, end);
    }
    return isFound ? { at, expected: "',' or '}'" } : undefined;
  }

  return {
    ...{ name, notation: 'json', mediaTypes: ['application/json'], decode },
    ...{ read: readMap, splice: spliceRecord, frame: frameArray, select: selectFromArray },
  };
}
