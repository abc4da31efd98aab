/** How the sink interprets the answers of a receiver. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { encodeOtlp } from '../../otlp/proto.ts';
import { numberedBatch, problemOf } from '../contract.ts';
import { openLetters } from '../request/posting.ts';
import { numbersOf, open } from './receiver.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

const partly = (rejectedLogRecords: number, errorMessage = '') =>
  encodeOtlp('ExportLogsServiceResponse', { partialSuccess: { rejectedLogRecords, errorMessage } });
const statusOf = (message: string) => encodeOtlp('Status', { code: 3, message });
const answering =
  (status: number, body: Uint8Array | string, headers: object = PROTOBUF) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, headers as Record<string, string>).end(body);

describe('a partial success', () => {
  test('is not retried, and all of the request is kept with what the receiver says', async () => {
    const letters = await openLetters();
    const { sink, peer, lines } = await open(answering(200, partly(3, 'too old')), {}, letters);
    expect(await sink.deliver(numberedBatch(10))).toEqual({ kind: 'acknowledged', records: 0, setAside: 10 });
    expect(peer.posted).toHaveLength(1);
    const [{ head }] = letters.read() as [ReturnType<typeof letters.read>[number]];
    expect(head).toMatchObject({ code: 'sink.refused', sink: 'otlp' });
    expect(head.detail).toContain('rejected 3 of 10 records and does not say which');
    expect(head.detail).toContain('"too old"');
    expect(lines.map(({ level }) => level)).toEqual(['error']);
  });

  test('of one request does not affect the others', async () => {
    const letters = await openLetters();
    const { sink, peer } = await open(undefined, { maxRequestBytes: 65_536 }, letters);
    peer.respond = (_, response, index) => answering(200, index === 1 ? partly(1) : '')(_, response);
    const result = await sink.deliver(numberedBatch(100, { padBytes: 5000 }));
    const inSecond = numbersOf([peer.posted[1]!]);
    expect(result).toEqual({ kind: 'acknowledged', records: 100 - inSecond.length, setAside: inSecond.length });
    expect(numbersOf(peer.posted)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test('without a place for dead letters is a problem that says what to set', async () => {
    const { sink } = await open(answering(200, partly(1)));
    const { code, message } = await problemOf(sink.deliver(numberedBatch(2)));
    expect([code, message]).toEqual(['sink.refused', expect.stringContaining('set deadLetterPath')]);
  });

  test('that rejects nothing is logged as a warning, once', async () => {
    const { sink, lines } = await open(answering(200, partly(0, 'use /v2')));
    for (const first of [0, 1]) {
      expect(await sink.deliver(numberedBatch(1, { first }))).toEqual({ kind: 'acknowledged', records: 1 });
    }
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'sink otlp: the receiver accepted the records and says: "use /v2"'],
    ]);
  });
});

test.each([
  ['nothing', '', {}],
  ['JSON', '{"partialSuccess":{}}', { 'content-type': 'application/json' }],
  ['odd JSON', '{"partialSuccess":{"rejectedLogRecords":{},"errorMessage":5}}', { 'content-type': 'application/json' }],
  ['a word', 'ok', { 'content-type': 'text/html' }],
  ['no Protobuf', Buffer.from('0affffff', 'hex'), PROTOBUF],
  ['another message', encodeOtlp('Status', { code: 1, message: 'a' }), PROTOBUF],
  ['a negative count', partly(-5), PROTOBUF],
])('a success with %s counts as one', async (_, body, headers) => {
  const { sink } = await open(answering(200, body, headers));
  expect(await sink.deliver(numberedBatch(1))).toEqual({ kind: 'acknowledged', records: 1 });
});

test('a partial success that repeats a token is reported without the token', async () => {
  const settings = { auth: { bearer: 'sesame-1' } };
  const { sink } = await open(answering(200, partly(3, 'Bearer sesame-1 may not')), settings);
  const { code, message } = await problemOf(sink.deliver(numberedBatch(10)));
  expect([code, message]).toEqual(['sink.refused', expect.stringContaining('rejected 3 of 10')]);
  expect(message).toContain('"Bearer ******** may not"');
});

test('a partial success in JSON counts as one', async () => {
  const partialSuccess = { rejectedLogRecords: '3', errorMessage: 'too old' };
  const { sink } = await open(
    answering(200, JSON.stringify({ partialSuccess }), { 'content-type': 'application/json' }),
  );
  const { code, message } = await problemOf(sink.deliver(numberedBatch(10)));
  expect([code, message]).toEqual(['sink.refused', expect.stringMatching(/rejected 3 of 10 .*: "too old"/)]);
});

test('a partial success with an oversized message counts as one', async () => {
  const { sink } = await open(answering(200, partly(3, 'x'.repeat(1_000_000))));
  const { code, message } = await problemOf(sink.deliver(numberedBatch(10)));
  expect([code, message.length < 1000]).toEqual(['sink.refused', true]);
});

test.each([429, 502, 503, 504])('%i is retried after the pause that the receiver asks for', async (status) => {
  const { sink, peer } = await open(answering(status, statusOf('busy'), { ...PROTOBUF, 'retry-after': '20' }));
  const { code, message } = await problemOf(sink.deliver(numberedBatch(1)));
  expect([code, message]).toEqual(['sink.unavailable', expect.stringContaining(`answered ${status}: "busy"`)]);
  expect(sink.refusal?.(1)).toMatch(/it is tried again in (20\.0|19\.\d) s/);
  expect(peer.posted).toHaveLength(1);
});

test.each([401, 403, 404, 415, 307])('%i is reported as a setting to fix', async (status) => {
  const { sink } = await open(answering(status, statusOf('no')));
  const { code, message } = await problemOf(sink.deliver(numberedBatch(1)));
  expect([code, message]).toEqual(['sink.unavailable', expect.stringMatching(/set |give /)]);
});

test('a record that is refused is found, and kept with the message of the Status', async () => {
  const letters = await openLetters();
  const { sink, peer } = await open(undefined, {}, letters);
  peer.respond = (posted, response) =>
    answering(numbersOf([posted]).includes(7) ? 400 : 200, statusOf('bad body'))(posted, response);
  expect(await sink.deliver(numberedBatch(100))).toEqual({ kind: 'acknowledged', records: 99, setAside: 1 });
  expect(letters.read()[0]!.head.detail).toContain('answered 400: "bad body"');
});

test('a request that is too large is cut in two', async () => {
  const { sink, peer } = await open();
  peer.respond = (posted, response) => void response.writeHead(posted.body.length > 200_000 ? 413 : 200).end();
  expect(await sink.deliver(numberedBatch(100, { padBytes: 5000 }))).toEqual({ kind: 'acknowledged', records: 100 });
  expect(numbersOf(peer.posted.filter(({ body }) => body.length <= 200_000))).toHaveLength(100);
});
