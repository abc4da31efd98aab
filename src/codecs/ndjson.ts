/** JSON lines, Fluent Bit's format json_lines: one record a line. */
import { readValue } from '../json/read.ts';
import {
  countOpenBrackets,
  describeFault,
  endOfValue,
  type Fault,
  skipByteOrderMark,
  skipSpace,
} from '../json/scan.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import { type Codec, checkContainers, type DecodeLimits } from './codec.ts';
import { jsonForwardEntry } from './fluent/json-entry.ts';
import { spliceMember } from './splice/json.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_BRACE = 0x7b;

/** Each line that is not blank is a record, so that every body can be read: what is wrong with a line is said of that
 * line. Blank lines and line ends are framing. */
export const ndjson: Codec = {
  name: 'json_lines',
  mediaTypes: [
    'application/x-ndjson',
    'application/ndjson',
    'application/jsonlines',
    'application/x-jsonlines',
    'application/jsonl',
  ],
  decode,
  read: (bytes, record, limits) => readValue(bytes, record.map.start, record.map.end, limits),
  splice: (bytes, record, memberName, tag) => spliceMember(bytes, record.map, memberName, tag),
  frame: (records) => Buffer.concat(records.flatMap((record) => [record, Uint8Array.of(LINE_FEED)])),
  forwardEntry: jsonForwardEntry,
};

function decode(bytes: Uint8Array, limits: DecodeLimits): LogRecord[] {
  checkContainers(bytes, countOpenBrackets);
  const records: LogRecord[] = [];
  let line = 1;
  for (let start = skipByteOrderMark(bytes); start < bytes.length; line++) {
    const lineFeed = bytes.indexOf(LINE_FEED, start);
    const next = lineFeed === -1 ? bytes.length : lineFeed + 1;
    let end = lineFeed === -1 ? bytes.length : lineFeed;
    if (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
    const first = skipSpace(bytes, start, end);
    if (first < end) {
      if (records.length === limits.maxRecords) {
        throw new Problem('body.too_many_records', `line ${line}: more than ${limits.maxRecords} records`);
      }
      records.push(recordOf(bytes, { start, end }, first, line, limits));
    }
    start = next;
  }
  if (records.length === 0) throw new Problem('body.empty', `${bytes.length} bytes, none of them JSON`);
  return records;
}

function recordOf(bytes: Uint8Array, span: Span, first: number, line: number, limits: DecodeLimits): LogRecord {
  const other = (code: ProblemCode, fault: Fault): LogRecord => {
    const detail = `line ${line}, ${describeFault(bytes, span.end, fault)}`;
    return { kind: 'other', ...span, problem: new Problem(code, detail) };
  };
  const after = endOfValue(bytes, first, span.end, limits.maxDepth);
  if (typeof after !== 'number') return other('record.malformed', after);
  const rest = skipSpace(bytes, after, span.end);
  if (rest < span.end) return other('record.malformed', { at: rest, expected: 'the end of the line' });
  if (bytes[first] !== OPEN_BRACE) return other('record.not_a_map', { at: first, expected: "'{'" });
  return { kind: 'map', ...span, map: { start: first, end: after } };
}
