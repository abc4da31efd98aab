/** Irregular input: records that are not events, and records on which the redaction itself fails. */
import { gzipSync } from 'node:zlib';
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

test('the rest of a body that is cut is masked as a whole', () => {
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

  test('a text as the body, and values that are not events, are masked', () => {
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

describe('a record that cannot be traversed', () => {
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
  test('deeper than the limit is masked as a whole if it may hold something', () => {
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

  // With a quadratic cost none of them would end.
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

describe('in an event', () => {
  const pod = { auditID: '1', verb: 'create', objectRef: { resource: 'pods' } };
  const secret = { ...pod, verb: 'update', objectRef: { resource: 'secrets' } };
  const textOf = (record: object) => redacted(ndjson, Buffer.from(JSON.stringify(record)), 'clear').text;
  const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

  test.each<[string, object, object]>([
    [
      'a message about a value, with brackets in it',
      { ...secret, responseStatus: { message: 'Secret "x" is invalid: data[pw]: Invalid value: "hunter22"' } },
      { ...secret, responseStatus: { message: '[redacted]' } },
    ],
    [
      'a body that is text with JSON in it',
      { ...secret, requestObject: 'pw=hunter22 {"a":1}' },
      { ...secret, requestObject: '[redacted]' },
    ],
    [
      'what the API server says of names that have brackets',
      {
        ...secret,
        responseStatus: { message: 'secrets is forbidden: User "[a]" cannot get resource "secrets" in API group ""' },
      },
      {
        ...secret,
        responseStatus: {
          message: 'secrets is forbidden: User "[null]" cannot get resource "secrets" in API group ""',
        },
      },
    ],
    [
      'the argument after a flag, in a list',
      { ...pod, requestObject: { args: ['--password', 'hunter22', '--v', '2'] } },
      { ...pod, requestObject: { args: ['--password', '[redacted]', '--v', '2'] } },
    ],
    [
      'a password in a URL behind escapes',
      { ...pod, requestURI: '/exec?command=psql&command=postgres%3A%2F%2Fu%3Ahunter22%40h' },
      { ...pod, requestURI: '/exec?command=psql&command=[redacted]' },
    ],
    [
      'a header of a command',
      { ...pod, requestObject: { command: ['curl', '-H', 'X-Vault-Token: hvs.1', 'x'] } },
      { ...pod, requestObject: { command: ['curl', '-H', 'X-Vault-Token: [redacted]', 'x'] } },
    ],
    ...Object.entries({
      'a Secret in YAML': 'apiVersion: v1\nkind: Secret\ndata:\n  a: hunter22',
      'a kubeconfig': 'users:\n- user:\n    token: hunter22',
      'a JSON Web Token': 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln',
      'a password of a script': 'export PASSWORD=hunter22',
      'JSON of a Secret': '{"kind":"Secret","data":{"a":"hunter22"}}',
      'gzip data': gzipSync('{"kind":"Secret","data":{"a":"hunter22"}}'),
    }).flatMap(([what, text]) =>
      [base64(text), base64(base64(text))].map((data, once): [string, object, object] => [
        `${what}, in base64 ${once === 0 ? 'once' : 'twice'}`,
        { ...pod, requestObject: { data } },
        { ...pod, requestObject: { data: '[redacted]' } },
      ]),
    ),
  ])('%s', (_, record, expected) => {
    const { tripline: _tag, ...found } = JSON.parse(textOf(record));
    expect(found).toEqual(expected);
  });

  test('a URL whose slashes are escaped', () => {
    const line = JSON.stringify({ ...pod, url: 'X' }).replace('X', 'https:\\/\\/u:hunter22@h');
    expect(redacted(ndjson, Buffer.from(line), 'clear').text).toContain('https:\\/\\/u:[redacted]@h');
  });

  test.each(['kubernetes-token-reader', 'c2VydmljZS1hY2NvdW50LXRva2Vucw', 'bm90aGluZyBoZXJl'])('%s stays', (data) => {
    const record = { ...pod, requestObject: { data } };
    expect(textOf(record)).toBe(JSON.stringify(record));
  });
});
