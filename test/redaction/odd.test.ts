/** What is not as it should be: records that are no events, and records on which the redaction itself fails. */
import { encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { taggedBody } from '../../src/batch/splice.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { type RedactSettings, redactor } from '../../src/redaction/index.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import { stepsOf } from '../steps.ts';
import { fluentMsgpack } from '../tagged.ts';
import { ofSecrets } from './acts.ts';

const both = { secrets: true, tokens: true };
const limits = { maxDepth: 256, maxRecords: 1000 };

function redacted(
  codec: Codec,
  bytes: Uint8Array,
  verdict: Tag['verdict'] = 'not_audit',
  settings: RedactSettings = both,
) {
  const defects: unknown[] = [];
  const batch = batchOf(codec, bytes, () => ({ v: 2, verdict, event: { username: 'ann' } }), limits);
  const result = redactor(settings, (error) => defects.push(error))(batch);
  return { ...result, batch: result, text: Buffer.from(result.bytes).toString('latin1'), defects };
}

describe('lines of text', () => {
  test.each([
    ['plain words [with brackets] and {braces', undefined],
    ['I0102 03:04:05 proxier.go:12] "Syncing" node="a"', undefined],
    ['GET /x?token=abc123&y=1', 'GET /x?token=[redacted]&y=1'],
    ['Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [redacted]'],
    ['--password="a b c" --v=2', '--password=[redacted] --v=2'],
    ['-----BEGIN RSA PRIVATE KEY----- MIIB', '[redacted]'],
    ['kind: Secret, data: {a: b}', '"[redacted]"'],
    ['oad":"aHVudGVy","type":"Opaque"}}', '"[redacted]"'],
    [`part of data ${'QmFz'.repeat(80)}`, '"[redacted]"'],
  ])('%s', (line, expected) => {
    const { text, records } = redacted(ndjson, Buffer.from(`${line}\n{"a":1}\n`), 'error');
    expect(text).toBe(`${expected ?? line}\n{"a":1}\n`);
    expect(records.map(({ kind }) => kind)).toEqual(['other', 'map']);
  });
});

test('the rest of a body that is cut', () => {
  const bytes = Buffer.from(`[{"a":1},${JSON.stringify(ofSecrets['one is read']!('hunter22'))}`).subarray(0, -4);
  const { text, records } = redacted(json, bytes, 'error');
  expect(text).toBe('[{"a":1},"[redacted]"');
  expect(records.at(-1)).toMatchObject({ start: 9, end: 21 });
});

describe('MessagePack', () => {
  const open = Buffer.concat([
    Buffer.from('9292d700ffffffff0000000081a16b', 'hex'),
    encode('token=abc123'),
    encode({}),
  ]);

  test('keeps time, metadata, wide headers, bin and ext as they are', () => {
    const map = Buffer.concat([Buffer.from('df00000003', 'hex'), encode('a'), Buffer.from('d40105', 'hex')]);
    const rest = Buffer.concat([
      encode('token'),
      Buffer.from('c4026869', 'hex'),
      encode('b'),
      Buffer.from('d90178', 'hex'),
    ]);
    const start = Buffer.concat([Buffer.from('9292d7006553f100075bcd1581', 'hex'), encode('m'), encode('n')]);
    const { text } = redacted(msgpack, Buffer.concat([start, map, rest]));
    const after = Buffer.concat([
      encode('token'),
      encode(Buffer.from('[redacted]')),
      encode('b'),
      Buffer.from('d90178', 'hex'),
    ]);
    expect(text).toBe(Buffer.concat([start, map, after]).toString('latin1'));
  });

  test('metadata and markers of groups are masked too, and records keep their places', () => {
    const event = fluentMsgpack({ a: 'token=abc123', b: 1 });
    const batch = redacted(msgpack, Buffer.concat([open, event, open])).batch;
    expect(batch.records.map(({ kind }) => kind)).toEqual(['group', 'map', 'group']);
    const [, map] = batch.records;
    expect(map!.kind === 'map' && msgpack.read(batch.bytes, map!, limits)).toEqual({ a: 'token=[redacted]', b: 1 });
    const again = msgpack.decode(taggedBody(batch), limits);
    expect(again.map(({ kind }) => kind)).toEqual(['group', 'map', 'group']);
    expect(Buffer.from(batch.bytes).includes('abc123')).toBe(false);
  });

  test('a text for a body, and values that are no events', () => {
    const bytes = Buffer.concat([encode([1, 'token=abc123']), encode('token=abc123'), encode(7), encode([1, {}])]);
    const { text, records } = redacted(msgpack, bytes);
    const expected = [encode([1, 'token=[redacted]']), encode('token=[redacted]'), encode(7), encode([1, {}])];
    expect(text).toBe(Buffer.concat(expected).toString('latin1'));
    expect(records.map(({ kind }) => kind)).toEqual(['other', 'other', 'map']);
  });

  test('what is cut is masked as a whole', () => {
    const cut = fluentMsgpack({ kind: 'Secret', data: { a: 'hunter22' } }).subarray(0, -2);
    const { text } = redacted(msgpack, Buffer.concat([encode([1, {}]), cut]), 'error');
    expect(text).toBe(Buffer.concat([encode([1, {}]), encode('[redacted]')]).toString('latin1'));
  });
});

describe('a record that cannot be gone through', () => {
  const marked = { v: 2, verdict: 'not_audit', event: { username: '[redacted]' }, redacted: [''] };

  test('for the number of its values is masked but for its tag', () => {
    const many = `[{"kind":"Secret","data":[${'1,'.repeat(1_000_001)}1]},{"a":1}]`;
    const { text, tags, defects } = redacted(json, Buffer.from(many));
    expect(text).toBe('[{"log":"[redacted]"},{"a":1}]');
    expect(tags[0]).toEqual(marked);
    expect(defects).toEqual([]);
  });

  test('for a defect is masked, and the defect is told', () => {
    let asked = 0;
    const tag: Tag = {
      v: 2,
      verdict: 'clear',
      event: { username: 'ann' },
      get findings() {
        if (asked++ === 0) throw new Error('a defect');
        return [];
      },
    };
    const defects: unknown[] = [];
    const batch = batchOf(ndjson, Buffer.from('{"a":"hunter22"}\n{"b":1}\n'), (index) =>
      index === 0 ? tag : { v: 2, verdict: 'clear' },
    );
    const { bytes, tags } = redactor(both, (error) => defects.push(error))(batch);
    expect(Buffer.from(bytes).toString()).toBe('{"log":"[redacted]"}\n{"b":1}\n');
    expect(tags[0]).toEqual({
      v: 2,
      verdict: 'clear',
      event: { username: '[redacted]' },
      findings: [],
      redacted: [''],
    });
    expect(defects).toEqual([new Error('a defect')]);
  });
});

describe('what nests', () => {
  test('deeper than is read is masked as a whole where it may hold something', () => {
    const nested = (inside: string) => `[{"kind":"x","a":${'{"a":'.repeat(300)}${inside}${'}'.repeat(300)}}]`;
    expect(redacted(json, Buffer.from(nested('{"kind":"Secret","data":{"a":"hunter22"}}'))).text).not.toContain(
      'hunter22',
    );
    const plain = nested('{"kind":"Pod"}');
    expect(redacted(json, Buffer.from(plain), 'clear').text).toBe(plain);
  });

  const list = (items: string) => `{"x":[${items}0]}`;
  test.each<[string, (size: number) => string]>([
    ['Secrets', (size) => list('{"kind":"Secret","data":{"x":"y"}},'.repeat(size))],
    ['requests', (size) => `{"authenticationInfo":0${',"request":{"token":"x"}'.repeat(size)}}`],
    ['references', (size) => list('{"objectRef":["secrets"],"requestObject":{"a":[{"objectRef":{}}]}},'.repeat(size))],
    [
      'keys on a path',
      (size) => `${'{"user":{"ext":'.repeat(100)}${list('{"user":{"extra":1}},'.repeat(size))}${'}}'.repeat(100)}`,
    ],
    ['texts in a text', (size) => JSON.stringify({ log: list('{"a":"{\\"kind\\":\\"Secret\\"}"},'.repeat(size)) })],
  ])('%s take steps linear in their number', async (_, body) => {
    const settings = { ...both, paths: ['user.extra'] };
    const steps = (size: number) => stepsOf(() => redacted(json, Buffer.from(body(size)), 'clear', settings));
    await steps(50);
    expect((await steps(300)) / (await steps(150))).toBeLessThan(2.6);
  });

  // With a cost that is quadratic none of them would end.
  test.each<[string, string]>([
    ['bearers', 'bearer+'],
    ['flags', '-token'],
    ['tokens', 'eyJ'],
    ['tokens with dots', 'eyJ.'],
    ['keys', '-----BEGIN PRIVATE KEY-----'],
    ['keys in base64', 'LS0tLS1CRUdJTi'],
    ['addresses', '://a:'],
    ['backslashes', '\\\\'],
    ['blanks', '\n \t'],
    ['quotes', '" '],
    ['brackets', '[{'],
    ['kinds', 'kind"\\\\'],
    ['parameters', '?a=%41&'],
  ])('a text of many %s', (_, part) => {
    const text = `Secret token ${part.repeat(20_000)}`;
    redacted(ndjson, Buffer.from(`${text}\n`), 'error');
  });
});
