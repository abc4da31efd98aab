import { describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { decode } from '../../src/msgpack/decode.ts';
import { logEvent, numberedBatch, problemOf, sinkContract, taggedBatch } from './contract.ts';
import { openPeer, type Posted } from './request/peer.ts';
import { openConfigured, openLetters } from './request/posting.ts';

/** The member `n` of each record of a request. */
function numbersOf({ headers, body }: Posted): number[] {
  const numberOf = (record: any): number => record.n;
  if (headers['content-type'] === 'application/json') return JSON.parse(String(body)).map(numberOf);
  if (headers['content-type'] === 'application/x-ndjson') {
    return String(body)
      .split('\n')
      .filter(Boolean)
      .map((line) => numberOf(JSON.parse(line)));
  }
  const records = msgpack.decode(body, { maxDepth: 100, maxRecords: 1e6 });
  return records.map((record) => {
    const { map } = record as Extract<typeof record, { kind: 'map' }>;
    return numberOf(decode(body, map.start, map.end, { maxDepth: 100 }));
  });
}

const arrivedAt = (posted: readonly Posted[]) => posted.flatMap(numbersOf);

for (const [format, compression] of [
  ['ndjson', 'none'],
  ['json', 'gzip'],
  ['msgpack', 'zstd'],
]) {
  sinkContract(`http, ${format}, ${compression}`, async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured({ type: 'http', url: `${peer.url}/in`, format, compression });
    return { sink, arrived: () => arrivedAt(peer.posted), stop: () => peer.stop(), address: `${peer.url}/in` };
  });
}

describe('records in a request', () => {
  test.each([
    ['json', '[{"a": 1e2,"tripline":{"v":2,"verdict":"clear"}},{"b":[ ],"tripline":{"v":2,"verdict":"clear"}}]'],
    ['ndjson', '{"a": 1e2,"tripline":{"v":2,"verdict":"clear"}}\n{"b":[ ],"tripline":{"v":2,"verdict":"clear"}}\n'],
  ])('keep their bytes as %s', async (format, expected) => {
    const peer = await openPeer();
    const { sink } = await openConfigured({ type: 'http', url: peer.url, format });
    await sink.deliver(taggedBatch(json, Buffer.from('[{"a": 1e2},\n {"b":[ ]}]')));
    expect(String(peer.posted[0]!.body)).toBe(expected);
  });

  test('as MessagePack are log events with their time', async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured({ type: 'http', url: peer.url, format: 'msgpack' });
    await sink.deliver(taggedBatch(msgpack, logEvent({ a: 2n ** 63n }), { tags: [undefined] }));
    expect(peer.posted[0]!.body.equals(logEvent({ a: 2n ** 63n }))).toBe(true);
  });

  test('go in several requests, in order', async () => {
    const peer = await openPeer();
    const { sink } = await openConfigured({ type: 'http', url: peer.url, maxRequestBytes: 65_536 });
    expect(await sink.deliver(numberedBatch(100, { padBytes: 5000 }))).toEqual({ kind: 'acknowledged', records: 100 });
    expect(peer.posted.length).toBeGreaterThanOrEqual(8);
    for (const { body } of peer.posted) expect(body.length).toBeLessThan(66_000);
    expect(arrivedAt(peer.posted)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });
});

describe('a receiver that is busy', () => {
  test('fails the batch, and what arrived is not sent again', async () => {
    const peer = await openPeer((_, response, index) => void response.writeHead(index === 3 ? 503 : 200).end('later'));
    const { sink } = await openConfigured({ type: 'http', url: peer.url, maxRequestBytes: 65_536 });
    const batch = () => numberedBatch(100, { padBytes: 5000 });
    const problem = await problemOf(sink.deliver(batch()));
    expect(problem).toMatchObject({ code: 'sink.unavailable', message: /answered 503: "later", with \d+ records not/ });
    expect(await sink.deliver(batch())).toEqual({ kind: 'acknowledged', records: 100 });
    expect(arrivedAt(peer.posted.toSpliced(3, 1))).toEqual(Array.from({ length: 100 }, (_, index) => index));
    // After that, the same content is a new batch.
    await sink.deliver(batch());
    expect(arrivedAt(peer.posted)).toHaveLength(200 + numbersOf(peer.posted[3]!).length);
  });

  test('is left alone for as long as it asks', async () => {
    const peer = await openPeer((_, response) => void response.writeHead(429, { 'retry-after': '20' }).end());
    const { sink, downs } = await openConfigured({ type: 'http', url: peer.url });
    await problemOf(sink.deliver(numberedBatch(1)));
    expect(sink.refusal?.(1)).toMatch(/answered 429; it is tried again in (20\.0|19\.9) s/);
    await problemOf(sink.deliver(numberedBatch(1)));
    expect(peer.posted).toHaveLength(1);
    expect(downs).toEqual([true]);
  });

  test('is also left alone if it asks in the middle of a batch', async () => {
    const peer = await openPeer((_, response, index) => {
      response.writeHead(index === 1 ? 503 : 200, { 'retry-after': '20' }).end();
    });
    const { sink } = await openConfigured({ type: 'http', url: peer.url, maxRequestBytes: 65_536 });
    await problemOf(sink.deliver(numberedBatch(20, { padBytes: 5000 })));
    await problemOf(sink.deliver(numberedBatch(1)));
    expect(peer.posted).toHaveLength(2);
  });

  test.each([401, 403, 404, 405, 415, 302])('%i means a setting to fix, and nothing is set aside', async (status) => {
    const letters = await openLetters();
    const peer = await openPeer((_, response, index) => void response.writeHead(index === 0 ? 200 : status).end());
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    await sink.deliver(numberedBatch(1));
    const problem = await problemOf(sink.deliver(numberedBatch(2)));
    expect(problem).toMatchObject({ code: 'sink.unavailable', message: /set |give / });
    expect(letters.read()).toEqual([]);
  });
});

/** Refuses requests that have one of these numbers. */
const refusing =
  (status: number, ...bad: number[]) =>
  (posted: Posted, response: { writeHead(status: number): { end(text: string): void } }) =>
    response.writeHead(numbersOf(posted).some((n) => bad.includes(n)) ? status : 200).end('no such thing');

describe('a record that a receiver never accepts', () => {
  test('is found, and kept as a dead letter once all others are delivered', async () => {
    const letters = await openLetters();
    const peer = await openPeer(refusing(400, 7, 700));
    const { sink, lines } = await openConfigured({ type: 'http', url: peer.url }, letters);
    expect(await sink.deliver(numberedBatch(1000))).toEqual({ kind: 'acknowledged', records: 998, setAside: 2 });
    const [{ head, body }, ...more] = letters.read() as [ReturnType<typeof letters.read>[number]];
    expect(more).toEqual([]);
    expect(head).toMatchObject({
      code: 'sink.refused',
      sink: 'http',
      fluentTag: 'kube.audit',
      headers: { 'content-type': 'application/msgpack' },
      detail: `sink http: ${peer.url}/ answered 400: "no such thing", given 2 of 1000 records`,
    });
    expect(body.equals(Buffer.concat([7, 700].map((n) => logEvent({ n, pad: '' }))))).toBe(true);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', expect.stringMatching(/^Records are kept as a dead letter: sink http: .* given 2 of 1000 records$/)],
    ]);
    expect(peer.posted.length).toBeLessThan(45);
  });

  test('that is not a JSON map is kept as it came', async () => {
    const letters = await openLetters();
    const peer = await openPeer((posted, response) => {
      response.writeHead(String(posted.body).includes('"log"') ? 422 : 200).end();
    });
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    const batch = taggedBatch(ndjson, Buffer.from('{"n":1}\nnot JSON\n{"n":2}\n'));
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
    expect(letters.read().map(({ body }) => String(body))).toEqual(['not JSON\n']);
  });

  test('a request refused as a whole costs a bounded number of requests, not one per record', async () => {
    const letters = await openLetters();
    const peer = await openPeer((_, response, index) => void response.writeHead(index === 0 ? 200 : 400).end());
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    await sink.deliver(numberedBatch(1));
    expect(await sink.deliver(numberedBatch(2000))).toEqual({ kind: 'acknowledged', records: 0, setAside: 2000 });
    expect(peer.posted.length).toBeLessThan(100);
    expect(letters.read()).toHaveLength(1);
  });

  test('holds up its batch while nothing was ever acknowledged, as a setting may be wrong', async () => {
    const letters = await openLetters();
    const peer = await openPeer(refusing(400, 0, 1));
    const { sink, downs } = await openConfigured({ type: 'http', url: peer.url }, letters);
    const problem = await problemOf(sink.deliver(numberedBatch(2)));
    expect(problem).toMatchObject({
      code: 'sink.refused',
      message: /acknowledged nothing yet: are the settings right\?$/,
    });
    expect(letters.read()).toEqual([]);
    // Once another batch is acknowledged, it is clear that the records are at fault.
    await sink.deliver(numberedBatch(1, { first: 2 }));
    expect(await sink.deliver(numberedBatch(2))).toEqual({ kind: 'acknowledged', records: 0, setAside: 2 });
    expect(downs).toEqual([]);
  });

  test('fails its batch if there is no place for dead letters, and the rest is not sent again', async () => {
    const peer = await openPeer(refusing(400, 3));
    const { sink } = await openConfigured({ type: 'http', url: peer.url });
    for (const _ of [1, 2]) {
      const problem = await problemOf(sink.deliver(numberedBatch(8)));
      expect(problem).toMatchObject({ code: 'sink.refused', message: /given 1 of 8 records; set deadLetterPath/ });
    }
    const taken = peer.posted.filter((posted) => !numbersOf(posted).includes(3));
    expect(arrivedAt(taken).sort()).toEqual([0, 1, 2, 4, 5, 6, 7]);
  });

  test('fails its batch if it cannot be kept', async () => {
    const letters = await openLetters(10);
    const peer = await openPeer(refusing(400, 3));
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    const problem = await problemOf(sink.deliver(numberedBatch(8)));
    expect(problem).toMatchObject({ code: 'sink.refused', message: /cannot be kept: .*maxDeadLetterBytes 10/ });
  });

  test('is counted if the sink has a spool or is not required', async () => {
    const letters = await openLetters();
    const peer = await openPeer(refusing(400, 3));
    for (const more of [{ spool: { path: `${letters.path}/spool` } }, { required: false }]) {
      const { sink, settled } = await openConfigured({ type: 'http', url: peer.url, ...more }, letters);
      await sink.deliver(numberedBatch(8));
      await expect.poll(() => settled).toHaveLength(2);
      expect(settled).toEqual([
        ['acknowledged', 7],
        ['set_aside', 1],
      ]);
    }
  });
});

describe('a request that is too large', () => {
  /** Accepts bodies of at most `most` bytes. */
  const taking = (most: number) => (posted: Posted, response: { writeHead(status: number): { end(): void } }) =>
    response.writeHead(posted.body.length > most ? 413 : 200).end();

  test('is split, and the next requests are smaller from the start', async () => {
    const letters = await openLetters();
    const peer = await openPeer(taking(300_000));
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    expect(await sink.deliver(numberedBatch(1000, { padBytes: 1000 }))).toEqual({
      kind: 'acknowledged',
      records: 1000,
    });
    const first = peer.posted.length;
    await sink.deliver(numberedBatch(1000, { padBytes: 1000 }));
    const statuses = peer.posted.slice(first).map(({ body }) => body.length > 300_000);
    expect(statuses).not.toContain(true);
  });

  test('is kept as a dead letter if it holds a single record', async () => {
    const letters = await openLetters();
    const peer = await openPeer(taking(300_000));
    const { sink } = await openConfigured({ type: 'http', url: peer.url }, letters);
    const large = logEvent({ n: 1, pad: 'x'.repeat(400_000) });
    const bytes = Buffer.concat([logEvent({ n: 0 }), large, logEvent({ n: 2 })]);
    expect(await sink.deliver(taggedBatch(msgpack, bytes))).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
    expect(letters.read().map(({ body }) => body.equals(large))).toEqual([true]);
  });

  test('is a problem that names maxRequestBytes if it is refused at any size', async () => {
    const peer = await openPeer(taking(1));
    const { sink } = await openConfigured({ type: 'http', url: peer.url });
    const problem = await problemOf(sink.deliver(numberedBatch(2000)));
    expect(problem).toMatchObject({ code: 'sink.unavailable', message: /answered 413; set maxRequestBytes/ });
    expect(peer.posted.length).toBeLessThan(120);
  });
});

test('a slow receiver is given up when the timeout of the batch ends', async () => {
  const peer = await openPeer(() => {});
  const { sink } = await openConfigured({ type: 'http', url: peer.url, timeoutSeconds: 0.1 });
  expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toMatch(/did not answer in time, with 1 records/);
});

test.each<[object, RegExp]>([
  [{ headers: { 'content-length': '1' } }, /headers: content-length is set by the sink/],
  [{ headers: { 'a b': '1' } }, /headers.*a b/],
  [{ headers: { a: 'b\nc' } }, /headers.*a/],
  [{ auth: {} }, /auth/],
  [{ auth: { bearer: 'a', basic: { username: 'a', password: 'b' } } }, /auth/],
  [{ url: 'ftp://a' }, /url must be written as https:\/\/logs\.example\.com\/in, but is 'ftp:\/\/a'/],
  [{ format: 'xml' }, /format/],
])('settings %j are refused', async (settings, message) => {
  await expect(openConfigured({ type: 'http', url: 'http://a', ...settings })).rejects.toThrow(message);
});
