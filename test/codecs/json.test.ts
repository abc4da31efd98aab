import { describe, expect, it } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import type { LogRecord } from '../../src/record.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeBody, type MadeRecord } from './contract.ts';
import { jsonRecords, readExactly } from './json-layout.ts';

const { mapRecord, array, scalar, gap } = jsonRecords(' \n\r\t', true);
const valid = jsonRecords(' \n\r\t', false);

/** Top-level values: arrays of records (`items`), and single maps or scalars; an array always holds records. */
const topLevel = fc.oneof(
  fc.array(fc.oneof({ weight: 4, arbitrary: mapRecord }, array, scalar), { maxLength: 5 }).map((items) => ({ items })),
  fc.oneof({ weight: 4, arbitrary: mapRecord }, scalar).map((single) => ({ single })),
);

const body: fc.Arbitrary<MadeBody> = fc
  .tuple(fc.array(topLevel, { maxLength: 4 }), fc.array(gap, { minLength: 60, maxLength: 60 }), fc.boolean())
  .map(([values, gaps, byteOrderMark]) => {
    const framing: string[] = [];
    const records: MadeRecord[] = [];
    let between = byteOrderMark ? '\ufeff' : '';
    const space = () => gaps[(framing.length + between.length) % gaps.length];
    const add = (record: MadeRecord) => {
      framing.push(between + space());
      records.push(record);
      between = space();
    };
    for (const value of values) {
      if ('single' in value) {
        add(value.single);
        // Two adjacent bare tokens would read as one.
        between += ' ';
      } else {
        between += `${space()}[`;
        value.items.forEach((item, i) => {
          if (i > 0) between += ',';
          add(item);
        });
        between += `${space()}]${space()}`;
      }
    }
    return { framing: [...framing, between].map((text) => Buffer.from(text)), records };
  });

const MiB = 2 ** 20;

codecContract({
  codec: json,
  body,
  readable: valid.mapText.map((text) => Buffer.from(`[${text}]`)),
  oracle: (map) => readExactly(map.toString()),
  hostile: {
    '100,000 levels of arrays': Buffer.from(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    '100,000 levels of maps': Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    '4 million brackets that never close': Buffer.alloc(4 * MiB, '['),
    '4 million braces that never close': Buffer.alloc(4 * MiB, '{'),
    'a record of 10 MiB': Buffer.from(`[{"a":"${'x'.repeat(10 * MiB)}"}]`),
    'a number of 1 MiB': Buffer.from(`{"a":${'9'.repeat(MiB)}}`),
    'a million escapes': Buffer.from(`{"a":"${'\\u0041'.repeat(MiB)}"}`),
    '900,000 members named as the tag': Buffer.from(`{${'"tripline":1,'.repeat(900_000)}"a":1}`),
    'a million quotes': Buffer.alloc(MiB, '"'),
    'a million backslashes in a string': Buffer.from(`{"a":"${'\\'.repeat(MiB)}`),
    '400,000 containers': Buffer.from(`{"a":[${'[],'.repeat(400_000)}{}]}`),
  },
});

const rows = (body: string) =>
  json.decode(Buffer.from(body), LIMITS).map((record) => {
    const text = body.slice(record.start, record.end);
    return record.kind === 'other' ? [text, record.problem.code, record.problem.message] : text;
  });

describe('decode', () => {
  it.each([
    ['an array (format json)', '[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ['no record', '[]', []],
    ['no record, twice', ' [ ] [] ', []],
    ['one map', '{"a":1}\n', ['{"a":1}']],
    ['maps without a separator (format json_stream)', '{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
    ['several arrays', '[{"a":1}]\n[{"b":2}]{}', ['{"a":1}', '{"b":2}', '{}']],
    ['brackets in strings', '[{"a":"}]"},{"b":"\\"}]"}]', ['{"a":"}]"}', '{"b":"\\"}]"}']],
    ['nan and a key that is no string', '[{"a":nan,1:-inf}]', ['{"a":nan,1:-inf}']],
  ])('finds %s', (_, body, expected) => {
    expect(rows(body)).toEqual(expected);
  });

  it.each([
    ['a number', '[5,{}]', ['5', 'record.not_a_map', "byte 1: expected '{', found '5'"]],
    ['an array in the array', '[[{}],{}]', ['[{}]', 'record.not_a_map', "byte 1: expected '{', found '['"]],
  ])('passes %s on as a record that is not a map', (_, body, expected) => {
    expect(rows(body)).toEqual([expected, '{}']);
  });

  it.each([
    ['in a map', '[{"a":1},{"b":[2', '{"b":[2', "byte 16: expected ']', found the end"],
    ['in a string', '[{"a":1},{"b":"2', '{"b":"2', `byte 16: expected '"', found the end`],
    ['behind a comma', '[{"a":1},', '', 'byte 9: expected a value, found the end'],
    ['behind a record', '[{"a":1}', '', "byte 8: expected ',' or ']', found the end"],
    ['by a wrong bracket', '[{"a":1},{"b":[2},{}]', '{"b":[2},{}]', "byte 16: expected ']', found '}'"],
    ['by a missing comma', '[{"a":1} {}]', '{}]', "byte 9: expected ',' or ']', found '{'"],
    ['by a comma too many', '[{"a":1},]', ']', "byte 9: expected a value, found ']'"],
    ['by text', '[{"a":1},oops,{}]', 'oops,{}]', "byte 9: expected a value, found 'o'"],
    ['by text behind it', '{"a":1}oops', 'oops', "byte 7: expected a value, found 'o'"],
    ['by a byte that is no text', '{"a":1}\0', '\0', 'byte 7: expected a value, found 0x00'],
  ])('keeps the records before a break %s, and the rest as one record', (_, body, rest, message) => {
    expect(rows(body)).toEqual(['{"a":1}', [rest, 'record.malformed', message]]);
  });

  it.each([
    ['text', 'hello', "byte 0: expected a value, found 'h'"],
    ['HTML', '<html></html>', "byte 0: expected a value, found '<'"],
    ['a cut map alone', '{"a":1', "byte 6: expected '}', found the end"],
    ['a cut array alone', '[', 'byte 1: expected a value, found the end'],
    ['MessagePack', '\x92\x92', 'byte 0: expected a value, found 0xc2'],
  ])('finds no record in %s', (_, body, message) => {
    expect(() => rows(body)).toThrow(expect.objectContaining({ code: 'body.unreadable', message }));
  });

  it.each([' \r\n\t', '\ufeff', '\ufeff  '])('treats %j as empty', (body) => {
    expect(() => rows(body)).toThrow(expect.objectContaining({ code: 'body.empty' }));
  });
});

describe('frame', () => {
  it('makes an array, also of no records', () => {
    expect(Buffer.from(json.frame([])).toString()).toBe('[]');
    expect(Buffer.from(json.frame([Buffer.from('{}'), Buffer.from('5')])).toString()).toBe('[{},5]');
  });
});

it('a record with more values than memory could hold is not read, but one that is merely long is', () => {
  const read = (text: string) => {
    const bytes = Buffer.from(text);
    const [record] = json.decode(bytes, LIMITS);
    return json.read(bytes, record as LogRecord & { kind: 'map' }, LIMITS);
  };
  const tooLarge = expect.objectContaining({ code: 'record.too_large' });
  expect(() => read(`{"a":[${'1,'.repeat(1_000_000)}1]}`)).toThrow(tooLarge);
  expect(() => read(`{"a":"${'['.repeat(1_000_001)}"}`)).toThrow(tooLarge);
  expect(read(JSON.stringify({ log: 'x'.repeat(6_000_000) }))).toMatchObject({ log: expect.any(String) });
});
