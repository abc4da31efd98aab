import { describe, expect, it } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import type { LogRecord } from '../../src/record.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeRecord } from './contract.ts';
import { jsonRecords, readExactly } from './json-layout.ts';

const { mapRecord, array, scalar, gap } = jsonRecords(' \t', true);
const valid = jsonRecords(' \t', false);

/** A line is the framing unit: the white space around a value belongs to it. */
const padded = (record: fc.Arbitrary<MadeRecord>) =>
  fc.tuple(gap, record, gap).map(([before, { kind, bytes, tagged }, behind]) => ({
    kind,
    bytes: Buffer.concat([Buffer.from(before), bytes, Buffer.from(behind)]),
    tagged: Buffer.concat([Buffer.from(before), tagged, Buffer.from(behind)]),
  }));
const badLine = fc
  .constantFrom('{"a":', 'text', '{} {}', '{"a":1}}', '<html>', '{"tripline":')
  .map((text): MadeRecord => ({ kind: 'other', bytes: Buffer.from(text), tagged: Buffer.from(text) }));
const line = fc.oneof({ weight: 5, arbitrary: padded(mapRecord) }, padded(array), padded(scalar), badLine);
const lineEnd = fc
  .tuple(fc.constantFrom('\n', '\r\n'), fc.array(fc.constantFrom('\n', '\r\n', ' \n', '\t\r\n'), { maxLength: 2 }))
  .map(([end, blank]) => Buffer.from(end + blank.join('')));

const MiB = 2 ** 20;

codecContract({
  codec: ndjson,
  body: fc.array(fc.tuple(line, lineEnd), { maxLength: 6 }).map((lines) => ({
    records: lines.map(([record]) => record),
    framing: [Buffer.alloc(0), ...lines.map(([, end]) => end)],
  })),
  readable: valid.mapText.map((text) => Buffer.from(`${text}\n`)),
  oracle: (map) => readExactly(map.toString()),
  hostile: {
    '100,000 levels on a line': Buffer.from(`{}\n{"a":${'['.repeat(100_000)}\n{}`),
    'a line of 10 MiB': Buffer.from(`{"a":"${'x'.repeat(10 * MiB)}"}\n{}`),
    'a million blank lines': Buffer.alloc(MiB, '\n'),
    'lines of one byte': Buffer.from('1\n'.repeat(50_000)),
  },
});

describe('decode', () => {
  it('isolates a bad line and says which it is', () => {
    const body = '{"a":1}\n\n{"b":"cut\r\n[1]\n{"c":3} x\n{"d":4}';
    const records = ndjson.decode(Buffer.from(body), LIMITS);
    expect(
      records.map((record) => [
        body.slice(record.start, record.end),
        record.kind === 'other' ? `${record.problem.code}: ${record.problem.message}` : record.kind,
      ]),
    ).toEqual([
      ['{"a":1}', 'map'],
      ['{"b":"cut', `record.malformed: line 3, byte 18: expected '"', found the end`],
      ['[1]', "record.not_a_map: line 4, byte 20: expected '{', found '['"],
      ['{"c":3} x', "record.malformed: line 5, byte 32: expected the end of the line, found 'x'"],
      ['{"d":4}', 'map'],
    ]);
  });

  it.each(['\n\n', ' \r\n', '\ufeff\n'])('treats %j as empty', (body) => {
    expect(() => ndjson.decode(Buffer.from(body), LIMITS)).toThrow(expect.objectContaining({ code: 'body.empty' }));
  });

  it('finds the first record after a byte order mark', () => {
    expect(ndjson.decode(Buffer.from('\ufeff{}\n'), LIMITS)).toMatchObject([{ kind: 'map', start: 3, end: 5 }]);
  });
});

it('a record with more values than memory could hold is not read, but one that is merely long is', () => {
  const read = (text: string) => {
    const bytes = Buffer.from(text);
    const [record] = ndjson.decode(bytes, LIMITS);
    return ndjson.read(bytes, record as LogRecord & { kind: 'map' }, LIMITS);
  };
  const tooLarge = expect.objectContaining({ code: 'record.too_large' });
  expect(() => read(`{"a":[${'1,'.repeat(1_000_000)}1]}`)).toThrow(tooLarge);
  expect(() => read(`{"a":"${'['.repeat(1_000_001)}"}`)).toThrow(tooLarge);
  expect(read(JSON.stringify({ log: 'x'.repeat(6_000_000) }))).toMatchObject({ log: expect.any(String) });
});
