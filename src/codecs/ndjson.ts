/** JSON lines, Fluent Bit's format json_lines: one record a line. */
import { describeFault, endOfValue, type Fault, skipByteOrderMark, skipSpace } from '../json/scan.ts';
import type { Outlines } from '../outline/outlines.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import type { Codec, DecodeLimits } from './codec.ts';
import { type Framing, frameBy, selectBy } from './framing/framing.ts';
import { readMap } from './records/json.ts';
import { spliceRecord } from './splice/json.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Each line that is not blank is a record, so that every body can be read: a fault in a line is reported for that
 * line. Blank lines and line ends are framing. */
export const ndjson: Codec = {
  name: 'json_lines',
  notation: 'json',
  mediaTypes: [
    'application/x-ndjson',
    'application/ndjson',
    'application/jsonlines',
    'application/x-jsonlines',
    'application/jsonl',
  ],
  decode,
  read: readMap,
  splice: spliceRecord,
  frame: (records) => frameBy(records, framingOf(records)),
  select: selectBy(framingOf),
};

const LINE_END = Uint8Array.of(LINE_FEED);
const NOTHING = new Uint8Array();

/** One line for each record. */
function framingOf({ length }: readonly Uint8Array[]): Framing {
  return { open: NOTHING, between: LINE_END, close: length === 0 ? NOTHING : LINE_END };
}

function decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[] {
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
      // What does not end like a map is not outlined, as it would be read into the lines after it.
      const outlined = outlines !== undefined && bytes[end - 1] === CLOSE_BRACE ? outlines.addJson(first) : -1;
      if (outlined !== -1 && skipSpace(bytes, outlined, end) === end) {
        records.push({ kind: 'map', start, end, map: { start: first, end: outlined }, outline: outlines!.last });
      } else records.push(recordOf(bytes, { start, end }, first, line, limits));
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
